"""How an Index counts time, by the files whose names say it."""

from __future__ import annotations

import pytest

from openhcs_microscope_operaphenix.timecount import TimeCount


@pytest.mark.parametrize(
    ("version", "first", "offset"),
    [(4, 0, 1), (5, 0, 1), (5, 3, 1), (6, 1, 0), (7, 1, 0), (7, 0, 1), (None, 1, 0), (None, None, 0)],
)
def test_without_names_the_version_tells_and_zero_is_always_the_first(
    version: int | None, first: int | None, offset: int
) -> None:
    count = TimeCount()
    for number in (first, None if first is None else first + 1, None):
        count.see(number)
    assert count.offset(version) == offset


@pytest.mark.parametrize("version", [4, 7])
def test_names_are_believed_before_the_version(version: int) -> None:
    count = TimeCount()
    count.see(0)
    count.compare(5, 5, "a.tiff")
    count.compare(None, 9, "b.tiff")
    assert (count.offset(version), list(count.problems())) == (0, [])


def test_of_several_offsets_the_commonest_counts_and_all_are_said() -> None:
    count = TimeCount()
    for number, timepoint in ((0, 1), (1, 2), (2, 2), (1, 2)):
        count.compare(number, timepoint, f"t{timepoint}.tiff")
    assert count.offset(7) == 1
    (problem,) = count.problems()
    assert problem.endswith(
        "names are followed: 't1.tiff' has TimepointID 0, 't2.tiff' has TimepointID 1, 't2.tiff' has TimepointID 2"
    )
