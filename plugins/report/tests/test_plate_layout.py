"""The physical plate: as declared, or the smallest usual one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.images import well_name
from openhcs_report.plate_layout import USUAL_SHAPES, places_of, shape_of_plate


@pytest.mark.parametrize(
    ("wells", "shape"),
    [
        (["A01"], (2, 3)),
        (["B03"], (2, 3)),
        (["B04"], (3, 4)),
        (["D06"], (4, 6)),
        (["F08"], (6, 8)),
        (["A12"], (8, 12)),
        (["I01"], (16, 24)),
        (["A01", "P24"], (16, 24)),
        (["AF48"], (32, 48)),
        (["AG49"], (33, 49)),
        ([], (2, 3)),
    ],
)
def test_the_smallest_usual_plate_with_all_wells(wells, shape):
    assert shape_of_plate(wells, None) == shape


def test_a_declared_shape_is_believed_if_it_has_room():
    assert shape_of_plate(["B02"], (16, 24)) == (16, 24)
    assert shape_of_plate(["P24"], (8, 12)) == (16, 24)
    assert shape_of_plate(["A05"], (1, 5)) == (1, 5)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), min_size=1),
    st.none() | st.sampled_from(USUAL_SHAPES),
)
def test_every_well_has_room(places, declared):
    rows, columns = shape_of_plate([well_name(*place) for place in places], declared)
    assert all(row <= rows and column <= columns for row, column in places)


def test_names_that_are_no_wells_have_no_place():
    assert places_of(["B02", "table nuclei", "", "A00"]) == {"B02": (2, 2)}
