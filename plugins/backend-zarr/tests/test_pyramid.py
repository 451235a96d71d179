"""Smaller levels: means that are exact, rounded as said, the same everywhere."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openhcs_backend_zarr.pyramid import halved, level_shape

INTEGERS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]
SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 7))


def exact(plane):
    """The same with fractions, pixel by pixel; halves go up."""
    rows, columns = level_shape(*plane.shape, 1)
    edges = [min(index, plane.shape[0] - 1) for index in range(2 * rows)]
    sides = [min(index, plane.shape[1] - 1) for index in range(2 * columns)]
    total = [
        sum(int(plane[edges[2 * y + dy], sides[2 * x + dx]]) for dy in (0, 1) for dx in (0, 1))
        for y in range(rows)
        for x in range(columns)
    ]
    means = [(Fraction(each, 4) + Fraction(1, 2)).__floor__() for each in total]
    return np.array(means, dtype=object).reshape(rows, columns)


@given(st.sampled_from(INTEGERS).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES)))
def test_integers_are_exact_and_halves_go_up(plane):
    found = halved(plane)
    assert found.dtype == plane.dtype
    assert found.tolist() == exact(plane).tolist()


@given(arrays.arrays(bool, SHAPES))
def test_a_boolean_is_what_at_least_two_of_four_are(plane):
    assert halved(plane).tolist() == (exact(plane) > 0).tolist()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8"])
def test_floats_do_not_overflow_and_keep_what_is_no_number(dtype):
    large = np.finfo(np.dtype(dtype)).max
    assert halved(np.full((2, 2), large, dtype)).tolist() == [[large]]
    assert np.isnan(halved(np.array([[1, np.nan], [1, 1]], dtype)))[0, 0]


def test_a_store_holds_the_levels_of_its_planes(host, tmp_path):
    zarr = host.backend("zarr", pyramid=2)
    stack = np.random.default_rng(0).integers(0, 2**16, (3, 13, 10), dtype=np.uint16)
    zarr.save(stack, f"{tmp_path}/a")
    levels = [zarr.load(f"{tmp_path}/a", level=level) for level in range(3)]
    assert [level.shape for level in levels] == [(3, 13, 10), (3, 7, 5), (3, 4, 3)]
    for plane in range(3):
        np.testing.assert_array_equal(levels[1][plane], halved(stack[plane]))
        np.testing.assert_array_equal(levels[2][plane], halved(halved(stack[plane])))
    with pytest.raises(IndexError):
        zarr.load(f"{tmp_path}/a", level=3)
