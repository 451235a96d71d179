"""Physical facts from a few headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_microscope_imagexpress.headers import Physics, sample
from openhcs_microscope_imagexpress.images import assign
from openhcs_microscope_imagexpress.layout import walk

Image = Callable[..., Path]


def pixel(x: float, y: float | None = None) -> dict[str, object]:
    return {
        "spatial-calibration-state": "on",
        "spatial-calibration-units": "um",
        "spatial-calibration-x": x,
        "spatial-calibration-y": x if y is None else y,
    }


@pytest.fixture
def physics(tmp_path: Path) -> Callable[[], Physics]:
    return lambda: sample(tmp_path, assign(walk(tmp_path).folders))


def names(found: Physics) -> dict[int, str | None]:
    return {number: channel.name for number, channel in found.channels.items()}


def test_unknown_is_none(image: Image, physics: Callable[[], Physics]) -> None:
    image("P_A01_s1_w1.TIF")
    found = physics()
    assert (found.pixel_size_um, found.z_step_um, found.site_positions_um) == (None, None, {})
    assert (names(found), found.plate_name, found.problems, found.unreadable) == (
        {1: None},
        None,
        (),
        (),
    )


def test_names_positions_and_pixel_size(image: Image, physics: Callable[[], Physics]) -> None:
    for site in (1, 2):
        for channel, name in ((1, "DAPI"), (2, "FITC")):
            image(
                f"P_A01_s{site}_w{channel}.TIF",
                {
                    **pixel(0.65),
                    "_IllumSetting_": name,
                    "OffsetFromWellCenterUmX": site * 100.5,
                    "OffsetFromWellCenterUmY": -7.2e-12,
                },
            )
    found = physics()
    assert names(found) == {1: "DAPI", 2: "FITC"}
    assert found.site_positions_um == {1: (100.5, 0.0), 2: (201.0, 0.0)}
    assert str(found.site_positions_um[1][1]) == "0.0"
    assert (found.pixel_size_um, found.problems) == (0.65, ())


def test_a_channel_that_exists_as_projection_only_has_a_name(
    image: Image, physics: Callable[[], Physics]
) -> None:
    image("P_A01_w2.TIF", {"_IllumSetting_": "FITC", "Z Projection Method": "Maximum"})
    image("ZStep_1/P_A01_w1.TIF", {"_IllumSetting_": "DAPI"})
    found = physics()
    assert (names(found), found.projected) == ({1: "DAPI", 2: "FITC"}, {})


def test_a_plane_that_calls_itself_a_projection_is_seen(image: Image, physics: Callable[[], Physics]) -> None:
    image("P_A01_w1.TIF", {"Z Step": 1})
    image("P_A01_w2.TIF", {"Z Projection Method": "Maximum"})
    assert physics().projected == {2: "Maximum"}


def test_pixels_that_are_not_square_are_a_problem(image: Image, physics: Callable[[], Physics]) -> None:
    image("P_A01.TIF", pixel(1.0, 1.5))
    found = physics()
    assert found.pixel_size_um is None
    assert found.problems == ("pixels are not square: 1.0 µm by 1.5 µm in 'P_A01.TIF'",)


def test_channels_that_differ_in_pixel_size_have_none_in_common(
    image: Image, physics: Callable[[], Physics]
) -> None:
    image("P_A01_w1.TIF", pixel(1.0))
    image("P_A01_w2.TIF", pixel(2.0))
    found = physics()
    assert found.pixel_size_um is None
    assert found.problems == (
        "the images differ in pixel size: 1.0 µm in 'P_A01_w1.TIF', 2.0 µm in 'P_A01_w2.TIF'",
    )


@pytest.mark.parametrize(
    ("heights", "step"),
    [
        ([100.0, 103.02, 106.0], 3.0),
        ([106.0, 103.0, 100.0], 3.0),
        ([100.0, 100.5], 0.5),
        ([100.0, None, 106.0], None),
        ([100.0, 100.0], None),
        ([100.0], None),
    ],
)
def test_the_z_step_is_the_distance_of_neighbouring_planes(
    image: Image, physics: Callable[[], Physics], heights: list[float | None], step: float | None
) -> None:
    for number, height in enumerate(heights, 1):
        image(f"ZStep_{number}/P_A01.TIF", {} if height is None else {"z-position": height})
    assert physics().z_step_um == step


def test_planes_without_a_common_distance_are_a_problem(image: Image, physics: Callable[[], Physics]) -> None:
    for number, height in ((1, 100.0), (2, 103.0), (3, 101.0)):
        image(f"ZStep_{number}/P_A01.TIF", {"z-position": height})
    found = physics()
    assert found.z_step_um is None
    assert found.problems == (
        "neighbouring planes have no common distance: 3.00, -2.00 µm from 'ZStep_1/P_A01.TIF' upward",
    )


def test_the_step_that_a_projection_names_comes_first(image: Image, physics: Callable[[], Physics]) -> None:
    image("ZStep_0/P_A01.TIF", {"Z Projection Method": "Maximum", "Z Projection Step Size": 3})
    for number, height in ((1, 100.0), (2, 103.02)):
        image(f"ZStep_{number}/P_A01.TIF", {"z-position": height})
    assert physics().z_step_um == 3.0


def test_an_unreadable_file_gives_way_to_the_next(image: Image, physics: Callable[[], Physics]) -> None:
    image("P_A01.TIF").write_bytes(b"")
    image("P_A02.TIF", {"_IllumSetting_": "DAPI"})
    found = physics()
    assert names(found) == {1: "DAPI"}
    (problem,) = found.unreadable
    assert problem.startswith("1 of the 2 headers opened cannot be read: 'P_A01.TIF' (")


def test_broken_xml_is_a_problem(image: Image, physics: Callable[[], Physics]) -> None:
    path = image("P_A01.TIF", {"Z Step": 1})
    path.write_bytes(path.read_bytes().replace(b"<MetaData>", b"<MetaDatb>"))
    (problem,) = physics().unreadable
    assert problem.startswith("headers whose tags or MetaSeries XML cannot be read: 'P_A01.TIF' (")


def test_the_number_of_headers_is_bounded(image: Image, physics: Callable[[], Physics]) -> None:
    for site in range(1, 301):
        image(f"P_A01_s{site}.TIF", {"OffsetFromWellCenterUmX": site, "OffsetFromWellCenterUmY": 0})
    found = physics()
    assert found.unreadable == (
        "only 256 headers were opened for names, positions and times; what the others say of them is unknown",
    )
    assert len(found.site_positions_um) == 256


def test_where_no_header_can_be_read_not_many_are_tried(
    tmp_path: Path, physics: Callable[[], Physics]
) -> None:
    for site in range(1, 301):
        (tmp_path / f"P_A01_s{site}.TIF").touch()
    first, second = physics().unreadable
    assert first.startswith("32 of the 32 headers opened cannot be read")
    assert second.startswith("only 32 headers were opened")
