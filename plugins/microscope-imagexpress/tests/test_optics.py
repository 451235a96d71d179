"""Objective, times, heights and positions, from headers; unknown where headers do not agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_microscope_imagexpress.handler import ImageXpressHandler
from openhcs_microscope_imagexpress.metaseries import parse_metaseries

Image = Callable[..., Path]


def at(x: float, y: float) -> dict[str, object]:
    return {"OffsetFromWellCenterUmX": x, "OffsetFromWellCenterUmY": y}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 ms", 100.0),
        ("1.5 s", 1500.0),
        ("250 us", 0.25),
        ("0 ms", None),
        ("100", None),
        ("", None),
        ("-5 ms", None),
    ],
)
def test_an_exposure_needs_its_unit(xml: Callable[..., str], text: str, expected: float | None) -> None:
    assert parse_metaseries(xml({"Exposure Time": text})).exposure_ms == expected


def test_optics_of_the_real_plates(handler: ImageXpressHandler, plates: Path) -> None:
    lapse = handler.read(plates / "ix-faim-timelapse")
    assert lapse.channels == {
        1: Channel(name="FITC", emission_nm=536.0, exposure_ms=80.0),
        2: Channel(name="Cy3", emission_nm=593.0, exposure_ms=100.0),
        3: Channel(name="Texas Red", emission_nm=624.0, exposure_ms=5.0),
    }
    assert lapse.objective == Objective(name="4X Plan Apo", magnification=4.0, numerical_aperture=0.2)
    assert lapse.started == datetime(2024, 4, 22, 9, 57, 37, 294000)
    assert lapse.time_offsets_s == {1: 0.0, 2: 5.502}
    stacks = handler.read(plates / "ix-zmb-export-3433/9987_Plate_3433")
    assert stacks.z_positions_um == {1: 9986.58, 2: 9989.6, 3: 9992.62}
    assert (stacks.plate_shape, stacks.plate_type) == ((8, 12), "2")
    mixed = handler.read(plates / "ix-faim-projection-mix")
    assert mixed.z_positions_um[1] == 9318.24 and list(mixed.z_positions_um) == list(range(1, 11))
    assert (mixed.plate_shape, mixed.plate_type, mixed.well_site_positions_um) == (None, None, {})


def test_transmitted_light_has_no_emission(handler: ImageXpressHandler, image: Image, tmp_path: Path) -> None:
    image("P_A01_w1.TIF", {"wavelength": 0, "_IllumSetting_": "TL"})
    assert handler.read(tmp_path).channels == {1: Channel(name="TL")}


@pytest.mark.parametrize("name", ["Plan Apo 20", "X20", ""])
def test_a_magnification_that_is_not_stated_is_unknown(
    handler: ImageXpressHandler, image: Image, tmp_path: Path, name: str
) -> None:
    image("P_A01_w1.TIF", {"_MagSetting_": name, "_MagNA_": 0.5})
    assert handler.read(tmp_path).objective == Objective(name=name or None, numerical_aperture=0.5)


def test_images_that_differ_in_their_objective_have_none_in_common(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    image("P_A01_w1.TIF", {"_MagSetting_": "20X"})
    image("P_A01_w2.TIF", {"_MagSetting_": "40X"})
    reading = handler.read(tmp_path)
    assert reading.objective is None
    assert reading.problems == (
        "the images differ in their objective: '20X' in 'P_A01_w1.TIF', '40X' in 'P_A01_w2.TIF'",
    )


def test_a_filled_copy_does_not_say_when_its_time_point_began(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    for t, channel, own, second in ((1, 1, 1, 0), (1, 2, 1, 1), (2, 1, 1, 0), (2, 2, 2, 30)):
        taken = f"20240101 10:00:{second:02d}.000"
        image(f"TimePoint_{t}/P_A01_w{channel}.TIF", {"Timepoint": own, "acquisition-time-local": taken})
    reading = handler.read(tmp_path)
    assert (reading.started, reading.time_offsets_s) == (datetime(2024, 1, 1, 10), {1: 0.0, 2: 30.0})


def test_times_against_the_order_of_time_points_are_said(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    for t, minute in ((1, 30), (2, 10)):
        image(f"TimePoint_{t}/P_A01_w1.TIF", {"acquisition-time-local": f"20240101 10:{minute}:00"})
    assert "do not follow the numbers of the time points" in handler.read(tmp_path).problems[0]


def test_a_filled_copy_has_no_height_of_its_own(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    for z, own, height in ((1, 1, 10.0), (2, 2, 12.0), (3, 1, 10.0)):
        image(f"ZStep_{z}/P_A01.TIF", {"Z Step": own, "z-position": height})
    reading = handler.read(tmp_path)
    assert (reading.z_positions_um, reading.z_step_um) == ({1: 10.0, 2: 12.0}, 2.0)


@pytest.mark.parametrize("deep", [False, True])
def test_a_site_that_lies_elsewhere_in_one_well(
    handler: ImageXpressHandler, image: Image, tmp_path: Path, deep: bool
) -> None:
    for column in range(1, 5):
        for site in (1, 2):
            moved = 50.0 if (column, site) == (3, 2) else 0.1 * column
            image(f"P_A{column:02d}_s{site}.TIF", at(100.0 * site + moved, 0.0))
    reading = handler.read(tmp_path, deep=deep)
    assert reading.well_site_positions_um == {("A03", 2): (250.0, 0.0)}
    assert reading.site_positions_um == {1: (100.1, 0.0), 2: (200.1, 0.0)}
    assert "sites that lie elsewhere than in most wells: A03 site 2" in reading.problems


def test_wells_that_all_differ_and_are_too_many_to_open_have_no_common_positions(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    for row in "ABCDEFGHIJKLMNOP":
        for column in range(1, 20):
            image(f"P_{row}{column:02d}_s1.TIF", at(100.0 * column, 100.0 * ord(row)))
    reading = handler.read(tmp_path)
    assert reading.site_positions_um == {}
    assert 200 < len(reading.well_site_positions_um) < 304
    assert any("sites lie at different places in different wells" in problem for problem in reading.problems)
    whole = handler.read(tmp_path, deep=True)
    assert all(whole.position_um(well, 1) is not None for well in whole.wells)
