"""The physical plate: usual sizes, names of rows and columns, paths of wells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.ngff.model import Plate, WellRef
from openhcs_backend_zarr.ngff.physical import (
    column_names,
    physical_shape,
    plate_of,
    row_names,
    well_of,
    well_path,
)
from openhcs_host.contracts.images import well_name
from openhcs_host.errors import PlateError


@pytest.mark.parametrize(
    ("well", "shape"),
    [
        ("A01", (2, 3)),
        ("B03", (2, 3)),
        ("C03", (3, 4)),
        ("D06", (4, 6)),
        ("F08", (6, 8)),
        ("H12", (8, 12)),
        ("A13", (16, 24)),
        ("P24", (16, 24)),
        ("Q01", (32, 48)),
        ("AF48", (32, 48)),
    ],
)
def test_the_smallest_usual_plate_that_holds_every_well_is_taken(well, shape):
    plate = plate_of([well], version="0.5")
    assert (len(plate.rows), len(plate.columns)) == physical_shape(plate) == shape


def test_rows_and_columns_are_named_as_wells_are():
    assert row_names(28)[-3:] == ("Z", "AA", "AB")
    assert column_names(12) == tuple(f"{number:02d}" for number in range(1, 13))


@given(st.integers(1, 702), st.integers(1, 99))
def test_a_path_spells_its_well(row, column):
    well = well_name(row, column)
    assert well_of(well_path(well)) == well


@pytest.mark.parametrize(
    ("path", "well"),
    [
        ("A/1", "A01"),
        ("b/02", "B02"),
        ("AA/5", "AA05"),
        ("1/A", None),
        ("A/0", None),
        ("A1", None),
        ("A/1/2", None),
    ],
)
def test_others_spell_paths_in_other_ways(path, well):
    assert well_of(path) == well


def test_a_given_shape_is_kept_and_must_hold_the_wells():
    assert len(plate_of(["B02"], shape=(16, 24), version="0.5").rows) == 16
    with pytest.raises(PlateError, match=r"C01 does not lie on a plate of 2 rows"):
        plate_of(["A01", "C01"], shape=(2, 3), version="0.5")
    with pytest.raises(PlateError, match="AG01"):
        plate_of(["AG01"], version="0.5")


def _plate(rows, columns, wells):
    references = tuple(WellRef(f"{rows[r]}/{columns[c]}", r, c) for r, c in wells)
    return Plate(rows=tuple(rows), columns=tuple(columns), wells=references)


def test_imaged_rows_only_say_nothing_of_the_plate():
    assert physical_shape(_plate("BC", ["2", "3"], [(0, 0)])) is None
    assert physical_shape(_plate("AC", ["1", "2", "3"], [(0, 0)])) is None
    assert physical_shape(_plate("A", ["1"], [(0, 0)])) is None
    assert physical_shape(_plate("AB", ["1", "2", "3"], [(0, 0)])) == (2, 3)
    assert physical_shape(_plate("ABCDE", ["1", "2"], [(0, 0)])) == (5, 2)
