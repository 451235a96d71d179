"""Wells, coordinates and virtual names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.images import Coordinates, image_name, parse_image_name, parse_well, well_name
from openhcs_host.errors import InvalidPathError

wells = st.builds(well_name, st.integers(1, 702), st.integers(1, 999))
counts = st.integers(0, 10**6)
coordinates = st.builds(Coordinates, wells, counts, counts, counts, counts)


@given(st.integers(1, 702), st.integers(1, 999))
def test_a_well_name_spells_its_row_and_column(row, column):
    assert parse_well(well_name(row, column)) == (row, column)


@pytest.mark.parametrize(
    ("row", "column", "name"), [(1, 1, "A01"), (16, 24, "P24"), (27, 5, "AA05"), (32, 48, "AF48")]
)
def test_wells_are_named_as_people_name_them(row, column, name):
    assert well_name(row, column) == name


@pytest.mark.parametrize("name", ["", "A", "A1", "1A", "a01", "A00", "A01 ", "AAA01", "A-1", "Ä01", "A٣٣"])
def test_what_is_no_well_is_refused(name):
    with pytest.raises(ValueError, match="well"):
        Coordinates(name, 1, 1)


@pytest.mark.parametrize(("row", "column"), [(0, 1), (1, 0), (703, 1), (-1, 1)])
def test_rows_and_columns_that_no_plate_has_are_refused(row, column):
    with pytest.raises(ValueError, match="no well"):
        well_name(row, column)


def test_a_well_with_needless_zeros_is_refused():
    with pytest.raises(ValueError, match="'A05'"):
        Coordinates("A005", 1, 1)


@given(coordinates, st.sampled_from([".tif", ".TIF", ".ome.tif", ".npy"]))
def test_a_virtual_name_spells_its_coordinates(where, extension):
    assert parse_image_name(image_name(where, extension)) == where


def test_the_grammar_of_virtual_names_is_the_fields_own():
    assert image_name(Coordinates("B02", 1, 2, 3, 4)) == "B02_s001_w2_z003_t004.tif"


@pytest.mark.parametrize(
    "name", ["", "B02_s001_w2_z003_t004", "B02_s1_w2_z003_t004.tif", "x_B02_s001_w2_z003_t004.tif", "B02.tif"]
)
def test_other_names_are_refused(name):
    with pytest.raises(InvalidPathError):
        parse_image_name(name)


@given(st.lists(coordinates, max_size=20))
def test_order_is_by_row_and_column_then_by_number(items):
    ordered = sorted(items, key=lambda c: c.order)
    keys = [(*parse_well(c.well), c.site, c.channel, c.z_index, c.timepoint) for c in ordered]
    assert keys == sorted(keys)
