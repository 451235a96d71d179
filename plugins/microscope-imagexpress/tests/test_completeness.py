"""What is missing is said in few words, and nothing is invented."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from openhcs_host.contracts.microscopes import Place, Planes
from openhcs_microscope_imagexpress.completeness import against_description, raggedness
from openhcs_microscope_imagexpress.htd import parse_htd
from openhcs_microscope_imagexpress.images import Images

Htd = Callable[..., bytes]
Plane = tuple[str, int, int, int, int]


def images(planes: Iterable[Plane], projections: Iterable[tuple[str, int, int, int]] = ()) -> Images:
    paths: dict[Place, dict[str, str]] = {}
    for well, *place in planes:
        paths.setdefault(tuple(place), {})[well] = "p"
    return Images(Planes.ordered(paths), dict.fromkeys(projections, "q"), Counter({"P": 1}), ())


def box(
    wells: str = "A01", sites: int = 1, channels: Iterable[int] = (1,), z: int = 1, times: int = 1
) -> list[Plane]:
    return [
        (well, site, channel, z_index, timepoint)
        for well in wells.split()
        for site in range(1, sites + 1)
        for channel in channels
        for z_index in range(1, z + 1)
        for timepoint in range(1, times + 1)
    ]


def test_a_whole_plate_has_nothing_to_say() -> None:
    assert list(raggedness(images(box("A01 A02", 2, (1, 2), 3, 2)))) == []


def test_channels_that_differ_in_z_or_time_are_one_sentence_each() -> None:
    planes = [*box(channels=(1, 2), z=10), *box(channels=(4,))]
    assert list(raggedness(images(planes))) == [
        "channels differ in what was acquired: channels 1, 2 have z 1..10, channel 4 has z 1"
    ]
    planes = [*box(channels=(1,), times=9), *box(channels=(2,))]
    assert list(raggedness(images(planes))) == [
        "channels differ in what was acquired: channel 1 has time point 1..9, channel 2 has time point 1"
    ]


def test_channels_that_exist_as_projections_only() -> None:
    assert list(raggedness(images(box(), [("A01", 1, 3, 1)]))) == ["channel 3 exists as projections only"]


def test_a_missing_site_and_a_missing_middle_channel_of_a_well() -> None:
    planes = [
        plane
        for plane in box("A01 A02", 2, (1, 2, 3))
        if plane not in {("A02", 1, 1, 1, 1), ("A02", 2, 2, 1, 1)}
    ]
    assert list(raggedness(images(planes))) == [
        "2 planes are missing of 12: A02 site 1 channel 1 z 1 time point 1, A02 site 2 channel 2 z 1 time point 1"
    ]


def test_a_gap_in_z_is_missing() -> None:
    planes = [plane for plane in box(z=4) if plane[3] != 3]
    assert list(raggedness(images(planes))) == [
        "1 plane is missing of 4: A01 site 1 channel 1 z 3 time point 1"
    ]


def test_many_missing_planes_are_a_few_examples_and_a_count() -> None:
    planes = [plane for plane in box("A01 A02", 2, (1,), 50) if plane[:2] != ("A02", 2)]
    (problem,) = raggedness(images(planes))
    assert problem.startswith("50 planes are missing of 200: A02 site 2 channel 1 z 1 time point 1, ")
    assert problem.endswith(" and 45 more")


def test_giant_numbers_cost_nothing() -> None:
    start = time.perf_counter()
    (problem,) = raggedness(images([("A01", 1, 1, 1, 1), ("A01", 1, 1, 999_999, 1)]))
    assert problem.startswith("999997 planes are missing of 999999")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ({"XWells": 3, "WellsSelection1": [True, True, True]}, "HTD selects 3 wells, of which 2 with images"),
        (
            {"Sites": True, "XSites": 3, "YSites": 1, "SiteSelection1": [True] * 3},
            "HTD announces sites 1..3; there are images of sites 1, 2",
        ),
        ({"Sites": False}, "HTD announces site 1 alone; there are images of sites 1, 2"),
        (
            {"WaveName1": "DAPI", "WaveName2": "FITC", "WaveName7": "Cy5"},
            "HTD announces channels that no file has: 7 ('Cy5')",
        ),
        ({"WaveName1": "DAPI"}, "HTD does not announce channels that have images: 2"),
        ({"ZSeries": True, "ZSteps": 5}, "HTD announces z planes 1..5; there are images of z planes 1..3"),
        (
            {"ZSeries": True, "ZSteps": 3, "ZProjection": True},
            "HTD announces projections, and there are none",
        ),
        ({"TimePoints": 8}, "HTD announces time points 1..8; there are images of time point 1"),
    ],
)
def test_what_the_htd_announces_and_the_files_do_not_have(
    htd: Htd, lines: dict[str, object], problem: str
) -> None:
    found = images(box("A01 A02", 2, (1, 2), 3))
    assert list(against_description(found, parse_htd(htd(**lines)), "HTD")) == [problem]


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"XWells": 3, "WellsSelection1": [True, True, False]},
        {"Sites": True, "XSites": 2, "YSites": 1, "SiteSelection1": [True, True]},
        {"Waves": True, "WaveName1": "DAPI", "WaveName2": "FITC", "WaveName3": "Cy5", "WaveCollect3": 0},
        {"ZSeries": False, "ZSteps": 0, "ZProjection": True},
        {"ZSeries": True, "ZSteps": 3, "TimePoints": 1},
    ],
)
def test_an_htd_that_fits_has_nothing_to_say(htd: Htd, lines: dict[str, object]) -> None:
    found = images(box("A01 A02", 2, (1, 2), 3))
    assert list(against_description(found, parse_htd(htd(**lines)), "HTD")) == []


def test_wells_that_were_not_selected(htd: Htd) -> None:
    found = against_description(images(box("A01 B02")), parse_htd(htd(WellsSelection1=[True, True])), "HTD")
    assert list(found) == [
        "HTD selects 2 wells, of which 1 with images",
        "HTD does not select wells that have images: B02",
    ]


def test_a_grid_with_holes_is_said_because_site_numbers_skip_them(htd: Htd) -> None:
    lines = htd(Sites=True, XSites=2, YSites=2, SiteSelection1=[True, False], SiteSelection2=[True, True])
    assert list(against_description(images(box(sites=3)), parse_htd(lines), "HTD")) == [
        "only 3 sites of the grid of 2 x 2 were selected in HTD; sites are numbered over the selected ones"
    ]
