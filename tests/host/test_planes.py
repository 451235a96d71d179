"""Planes by well or by place: the same sequence, in order, whatever order they are given in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Planes

PLACES = st.tuples(*[st.integers(1, 3)] * 4)
WELLS = st.sampled_from(["A01", "A10", "B02", "Z01", "AA01", "AF48"])


@given(st.dictionaries(st.tuples(WELLS, PLACES), st.text(min_size=1), max_size=40))
def test_by_well_and_by_place_are_the_same_planes_in_order(given_planes):
    by_well, by_place = {"H12": {}}, {}
    for (well, place), path in given_planes.items():
        by_well.setdefault(well, {})[place] = path
        by_place.setdefault(place, {})[well] = path
    planes, same = Planes.of_wells(by_well), Planes.ordered(by_place)
    expected = sorted((Coordinates(well, *place).order, path) for (well, place), path in given_planes.items())
    assert [(plane.coordinates.order, plane.path) for plane in planes] == expected
    assert planes == same and list(planes) == list(same) and len(planes) == len(given_planes)
    assert list(planes.places.items()) == list(same.places.items()) and list(planes.by_well) == list(
        same.by_well
    )


def test_wells_whose_places_are_in_order_are_kept_as_they_are():
    wells = {well: {(1, 1, z, 1): f"{well}{z}" for z in (1, 2, 10)} for well in ("B01", "A02")}
    planes = Planes.of_wells(wells)
    assert all(planes.by_well[well] is wells[well] for well in wells)
    assert planes.places == {(1, 1, 1, 1): 2, (1, 1, 2, 1): 2, (1, 1, 10, 1): 2}


@pytest.mark.parametrize("well", ["b01", "B1", "B001", ""])
def test_what_is_no_well_is_refused(well):
    with pytest.raises(ValueError, match="well"):
        Planes.of_wells({well: {(1, 1, 1, 1): "a.tif"}})
