"""The plane that stands for a well is the same place in all wells, as far as they have it."""

from __future__ import annotations

from openhcs_host.contracts.microscopes import Planes
from openhcs_report.representatives import representatives


def planes(*names: str) -> Planes:
    """Return planes written as ``A01 site channel z t``."""
    paths: dict = {}
    for name in names:
        well, *place = name.split()
        paths.setdefault(tuple(map(int, place)), {})[well] = name
    return Planes.ordered(paths)


def test_first_time_point_first_site_middle_of_the_stack():
    found = representatives(
        planes(*(f"A01 {s} 1 {z} {t}" for s in (2, 3) for z in (1, 2, 3, 4, 5) for t in (0, 1)))
    )
    assert found[1].place == (2, 1, 3, 0) and found[1].paths == {"A01": "A01 2 1 3 0"}


def test_a_place_that_most_wells_have_is_preferred_and_others_are_told():
    found = representatives(planes("A01 1 1 1 1", "A01 2 1 1 1", "A02 2 1 1 1", "B01 2 1 1 1", "B02 7 1 1 1"))
    assert found[1].place == (2, 1, 1, 1)
    assert found[1].paths["A01"] == "A01 2 1 1 1" and found[1].paths["B02"] == "B02 7 1 1 1"
    assert found[1].elsewhere == ("B02",)


def test_channels_are_chosen_apart_and_wells_without_one_are_absent():
    found = representatives(planes("A01 1 1 1 1", "A02 1 1 1 1", "A02 1 3 1 1"))
    assert list(found) == [1, 3]
    assert found[3].paths == {"A02": "A02 1 3 1 1"} and found[3].elsewhere == ()
