"""Which HTD file is believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_microscope_imagexpress.description import PlateFile, find_description
from openhcs_microscope_imagexpress.htd import LARGEST_HTD, PlateDescription
from openhcs_microscope_imagexpress.layout import walk

Htd = Callable[..., bytes]


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., PlateFile]:
    def find(files: dict[str, bytes], prefix: str = "P", *, every: bool = True) -> PlateFile:
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
        return find_description(tmp_path, walk(tmp_path).descriptions, prefix, every=every)

    return find


def test_none_is_no_problem(find: Callable[..., PlateFile]) -> None:
    assert find({}) == PlateFile(None, PlateDescription(), ())


def test_the_one_nearest_to_the_root_is_believed(find: Callable[..., PlateFile], htd: Htd) -> None:
    found = find({"TimePoint_1/A.HTD": htd(TimePoints=1), "Z.HTD": htd(TimePoints=2)})
    assert (found.path, found.content.timepoints, found.stem) == ("Z.HTD", 2, "Z")
    assert found.problems == (
        "1 HTD file says something else than 'Z.HTD', which is believed: 'TimePoint_1/A.HTD'",
    )


def test_copies_that_agree_are_no_problem(find: Callable[..., PlateFile], htd: Htd) -> None:
    assert find({f"TimePoint_{n}/P.HTD": htd(TimePoints=3) for n in (1, 2, 3)}).problems == ()


def test_of_several_at_one_level_the_one_named_like_the_images(
    find: Callable[..., PlateFile], htd: Htd
) -> None:
    assert find({"A.HTD": htd(), "P.htd": htd()}).path == "P.htd"


def test_one_that_exists_only_inside_a_time_point_is_found(find: Callable[..., PlateFile], htd: Htd) -> None:
    assert find({"x/TimePoint_1/P.htd": htd(XSites=2, YSites=1)}).content.grid == (1, 2)


def test_one_that_cannot_be_read_gives_way_to_its_copy(find: Callable[..., PlateFile], htd: Htd) -> None:
    found = find({"P.HTD": b" " * (LARGEST_HTD + 1), "TimePoint_1/P.HTD": htd(TimePoints=1)})
    assert found.path == "TimePoint_1/P.HTD"
    assert found.problems == ("HTD files that cannot be read: 'P.HTD' (too large)",)


def test_problems_of_the_file_name_the_file(find: Callable[..., PlateFile], htd: Htd) -> None:
    (problem,) = find({"P.HTD": htd().replace(b'"EndFile"', b"")}).problems
    assert problem.startswith("'P.HTD': the line 'EndFile' is missing")


def test_of_a_thousand_copies_only_a_few_are_compared_unless_asked(
    find: Callable[..., PlateFile], htd: Htd
) -> None:
    files = {f"TimePoint_{n}/P.HTD": htd(TimePoints=n) for n in range(1, 101)}
    assert find(files, every=False).problems[0].startswith("15 HTD files say")
    assert find(files, every=True).problems[0].startswith("99 HTD files say")
