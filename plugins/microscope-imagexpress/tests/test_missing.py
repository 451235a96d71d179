"""Planes that the HTD file lists and no file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host.contracts.images import Coordinates
from openhcs_microscope_imagexpress.handler import ImageXpressHandler

Htd = Callable[..., bytes]
Touch = Callable[..., Path]
LISTED = {
    "XWells": 2,
    "YWells": 1,
    "WellsSelection1": [True, True],
    "Sites": True,
    "XSites": 2,
    "YSites": 1,
    "SiteSelection1": [True, True],
    "Waves": True,
    "WaveName1": "DAPI",
    "WaveName2": "FITC",
    "ZSeries": True,
    "ZSteps": 3,
    "TimePoints": 2,
}


@pytest.fixture
def missing(handler: ImageXpressHandler, touch: Touch, htd: Htd) -> Callable[..., list[Coordinates]]:
    def read(paths: list[str], **changed: object) -> list[Coordinates]:
        root = touch(*paths)
        (root / "P.HTD").write_bytes(htd(**LISTED | changed))
        reading = handler.read(root)
        assert all(plane.path == "" for plane in reading.missing)
        assert not {p.coordinates for p in reading.missing} & {p.coordinates for p in reading.planes}
        told = [problem for problem in reading.problems if "that no file holds" in problem]
        assert bool(told) == bool(reading.missing)
        return [plane.coordinates for plane in reading.missing]

    return read


def test_a_well_and_a_site_that_are_listed_and_absent(missing: Callable[..., list[Coordinates]]) -> None:
    assert missing(["P_A01_s1_w1.TIF", "P_A01_s1_w2.TIF", "P_A01_s2_w1.TIF"], ZSeries=False) == [
        Coordinates("A01", 2, 2),
        Coordinates("A02", 1, 1),
        Coordinates("A02", 1, 2),
        Coordinates("A02", 2, 1),
        Coordinates("A02", 2, 2),
    ]


def test_channels_planes_and_times_that_no_file_has_are_no_missing_planes(
    missing: Callable[..., list[Coordinates]],
) -> None:
    paths = [f"TimePoint_1/ZStep_1/P_{well}_s{site}_w1.TIF" for well in ("A01", "A02") for site in (1, 2)]
    assert missing(paths) == []


def test_a_ragged_channel_lacks_only_what_it_has_elsewhere(missing: Callable[..., list[Coordinates]]) -> None:
    stacks = [
        f"TimePoint_1/ZStep_{z}/P_{w}_s{s}_w1.TIF" for z in (1, 2, 3) for w in ("A01", "A02") for s in (1, 2)
    ]
    single = ["TimePoint_1/ZStep_1/P_A01_s1_w2.TIF", "TimePoint_1/ZStep_1/P_A01_s2_w2.TIF"]
    assert missing([*stacks, *single]) == [Coordinates("A02", 1, 2), Coordinates("A02", 2, 2)]


@pytest.mark.parametrize("key", ["WellsSelection1", "SiteSelection1", "TimePoints"])
def test_without_a_full_list_nothing_is_missing(missing: Callable[..., list[Coordinates]], key: str) -> None:
    assert missing(["P_A01_s1_w1.TIF"], **{key: "unknown"}) == []


def test_an_htd_of_the_real_export_without_one_of_its_images(
    handler: ImageXpressHandler, plates: Path, tmp_path: Path
) -> None:
    source = plates / "ix-zmb-export-3433/9987_Plate_3433"
    left_out = "TimePoint_1/ZStep_2/9987_B03_s1_w2.TIF"
    for path in source.rglob("*"):
        relative = path.relative_to(source)
        if path.is_file() and relative.as_posix() != left_out:
            (tmp_path / relative).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / relative).write_bytes(path.read_bytes())
    reading = handler.read(tmp_path)
    assert [plane.coordinates for plane in reading.missing] == [Coordinates("B03", 1, 2, 2, 1)]
    assert (len(reading.planes), reading.plate_shape, reading.plate_type) == (23, (8, 12), "2")
