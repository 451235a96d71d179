"""Variants that real exports are known to have, each read as a whole plate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import PlateReading, Skipped
from openhcs_microscope_imagexpress.handler import ImageXpressHandler

Htd = Callable[..., bytes]
Image = Callable[..., Path]
Touch = Callable[..., Path]
GUID = "1E1E486E-8DCD-42F5-B2BD-B270F2E9223D"


def coordinates(reading: PlateReading) -> list[tuple[object, ...]]:
    return [(p.coordinates.well, *p.coordinates.place) for p in reading.planes]


@pytest.mark.parametrize("above", ["", "Screen/2023-02-21/1334/", "Screen/1334/", "a/b/c/d/Other name/"])
def test_a_database_copy_at_any_depth_with_thumbnails_and_strangers(
    handler: ImageXpressHandler, touch: Touch, above: str
) -> None:
    names = (f"P_E07_s15{GUID}.tif", f"P_E07_s15_thumb{GUID}.tif", f"P_E07_s2{GUID.lower()}.tif")
    strangers = ("Thumbs.db", "P_E07_s2-foregroun.tif", "r.csv", "x.png")
    reading = handler.read(touch(*(above + name for name in (*names, *strangers))))
    assert coordinates(reading) == [("E07", 2, 1, 1, 1), ("E07", 15, 1, 1, 1)]
    assert reading.skipped == Skipped(thumbnails=1, unrecognised=4)
    assert (reading.plate_name, reading.problems[1:]) == ("P", ())


def test_time_points_with_stacks_in_numeric_order(handler: ImageXpressHandler, touch: Touch) -> None:
    root = touch(*(f"TimePoint_{t}/ZStep_{z}/P_A01.TIF" for t in (1, 2, 10) for z in (0, 1, 2, 10)))
    reading = handler.read(root)
    assert coordinates(reading) == [("A01", 1, 1, z, t) for z in (1, 2, 10) for t in (1, 2, 10)]
    assert [(p.timepoint, p.path) for p in reading.projections] == [
        (t, f"TimePoint_{t}/ZStep_0/P_A01.TIF") for t in (1, 2, 10)
    ]


def test_a_middle_wavelength_that_is_absent_keeps_the_numbers_and_names_of_the_others(
    handler: ImageXpressHandler, touch: Touch, htd: Htd
) -> None:
    root = touch("P_A01_w1.TIF", "P_A01_w3.TIF")
    names = {f"WaveName{n}": name for n, name in ((1, "DAPI"), (2, "FITC"), (3, "Cy5"))}
    (root / "other stem.HTD").write_bytes(htd(Waves=True, NWavelengths=3, **names))
    reading = handler.read(root)
    assert (reading.channel_names, reading.plate_name) == ({1: "DAPI", 3: "Cy5"}, "P")
    assert reading.problems[0] == "'other stem.HTD' announces channels that no file has: 2 ('FITC')"


def test_ragged_channels_a_stack_a_projection_and_one_plane(
    handler: ImageXpressHandler, touch: Touch
) -> None:
    root = touch(
        *(f"ZStep_{z}/P_A01_w1.TIF" for z in (1, 2, 3)), "ZStep_1/P_A01_w2.TIF", "ZStep_0/P_A01_w3.TIF"
    )
    reading = handler.read(root)
    assert [c[2:4] for c in coordinates(reading)] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert sorted(reading.channels) == [1, 2, 3]
    assert reading.problems[:2] == (
        "channels differ in what was acquired: channel 1 has z 1..3, channel 2 has z 1",
        "channel 3 exists as projections only",
    )


def test_an_export_without_site_and_wavelength_in_its_names(
    handler: ImageXpressHandler, image: Image, htd: Htd, tmp_path: Path
) -> None:
    """``Sites`` FALSE and ``Waves`` FALSE: one of each; images need not be square."""
    image("TimePoint_1/9987_B02.TIF", shape=(5, 9))
    plate = htd(TimePoints=1, ZSeries=False, XWells=3, YWells=2, WellsSelection2=[False, True, False])
    rest = htd(Sites=False, XSites=1, YSites=1, Waves=False, NWavelengths=1, WaveName1="DAPI")
    lines = b"\r\n".join((*plate.splitlines()[:-1], *rest.splitlines()[1:], b""))
    (tmp_path / "TimePoint_1" / "9987.HTD").write_bytes(lines)
    reading = handler.read(tmp_path, deep=True)
    assert coordinates(reading) == [("B02", 1, 1, 1, 1)]
    assert (reading.grid, reading.channel_names, reading.plate_shape) == ((1, 1), {1: "DAPI"}, (2, 3))
    assert reading.problems == ()


@pytest.mark.parametrize("name", ["ix-faim-projection-mix", "ix-faim-timelapse", "ix-zmb-export-3433"])
def test_sites_of_real_plates_are_numbered_in_reading_order(
    handler: ImageXpressHandler, plates: Path, name: str
) -> None:
    positions = handler.read(plates / name).site_positions_um
    rows = {site: (round(y / 50), x) for site, (x, y) in positions.items()}
    assert len(rows) == 2 and sorted(rows, key=rows.__getitem__) == sorted(rows)


@pytest.mark.parametrize(
    ("path", "place", "said"),
    [
        ("P_A01_s0_w0.TIF", (0, 0, 1, 1), "site 0, channel 0"),
        ("P_A01_s1_w0.TIF", (1, 0, 1, 1), "channel 0"),
        ("P_A01_s0_z0.TIF", (0, 1, 0, 1), "site 0, z 0"),
        ("TimePoint_0/P_A01_s1.TIF", (1, 1, 1, 0), "time point 0"),
    ],
)
def test_numbers_from_zero_belong_to_other_systems_and_are_kept_and_said(
    handler: ImageXpressHandler, touch: Touch, path: str, place: tuple[int, ...], said: str
) -> None:
    reading = handler.read(touch(path))
    assert coordinates(reading) == [("A01", *place)]
    assert reading.problems[0] == (
        f"the names say {said}; MetaXpress counts from 1, newer systems (HCS.ai) from 0, and the numbers are "
        "kept as they are"
    )


def test_a_projection_of_site_zero_is_said_too(handler: ImageXpressHandler, touch: Touch) -> None:
    reading = handler.read(touch("ZStep_0/P_A01_s0.TIF", "ZStep_1/P_A01_s1.TIF"))
    assert reading.problems[0].startswith("the names say site 0;")
