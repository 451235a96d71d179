"""Which dtype holds every value of which, and casts that change none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

from openhcs_host.arrays.casting import cast_exactly
from openhcs_host.arrays.dtypes import itemsize_of, joined, keeps_every_value

INTEGERS = [f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("u", "")]
FLOATS = ["float16", "float32", "float64"]
NUMBERS = ["bool", *INTEGERS, *FLOATS, "complex64", "complex128"]


def extremes(dtype):
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return np.array([False, True])
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        powers = [2**n + d for n in range(kind.itemsize * 8) for d in (-1, 0, 1)]
        return np.array([limits.min, *(p for p in powers if p <= limits.max), limits.max], kind)
    real = np.dtype({"complex64": "f4", "complex128": "f8"}.get(kind.name, kind))
    limits = np.finfo(real)
    return np.array(
        [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, 1 + limits.eps, -0.0, np.inf]
    ).astype(kind)


@pytest.mark.parametrize(("kept", "given"), list(itertools.product(NUMBERS, NUMBERS)))
def test_a_dtype_keeps_another_exactly_if_the_extreme_values_survive_the_way_there_and_back(kept, given):
    values = extremes(given)
    with np.errstate(all="ignore"):
        if np.dtype(given).kind == "c" and np.dtype(kept).kind != "c":
            survives = False
        else:
            there = values.astype(kept)
            back = there.real if np.dtype(given).kind != "c" else there
            survives = (back.astype(given) == values).all()
            if np.dtype(given).kind in "iu" and np.dtype(kept).kind in "iu":
                survives &= [int(v) for v in there] == [int(v) for v in values]
            if np.dtype(given).kind in "iu" and np.dtype(kept).kind in "fc":
                survives &= [float(v) for v in there.real] == [int(v) for v in values]
            if np.dtype(given).kind in "fc" and np.dtype(kept).kind in "iub":
                survives = False
    assert keeps_every_value(kept, given) == bool(survives)


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (["uint16"], "uint16"),
        (["uint8", "uint16"], "uint16"),
        (["uint8", "int8"], "int16"),
        (["uint16", "int16"], "int32"),
        (["uint16", "float16"], "float32"),
        (["uint32", "float32"], "float64"),
        (["bool", "uint8"], "uint8"),
        (["bfloat16", "uint8"], "bfloat16"),
        (["bfloat16", "float16"], "float32"),
        (["uint64", "int64"], None),
        (["int64", "float32"], None),
        (["int64", "complex64"], None),
        (["str32"], "str32"),
        (["str32", "uint8"], None),
    ],
)
def test_dtypes_meet_in_the_narrowest_that_holds_all_or_nowhere(dtypes, expected):
    assert joined(dtypes) == expected
    assert joined(dtypes[::-1]) == expected


@pytest.mark.parametrize("dtype", NUMBERS)
def test_the_size_of_an_element_is_numpys(dtype):
    assert itemsize_of(dtype) == np.dtype(dtype).itemsize
    assert itemsize_of("object") is None


@settings(max_examples=300, deadline=None)
@given(data=st.data(), wanted=st.sampled_from(NUMBERS), given=st.sampled_from(NUMBERS))
def test_a_cast_gives_equal_values_or_says_what_does_not_fit(data, wanted, given):
    array = data.draw(drawn.arrays(given, drawn.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    try:
        found = cast_exactly(array, wanted)
    except ValueError as error:
        assert wanted in str(error) and given in str(error)
        assert not keeps_every_value(wanted, given)
        return
    assert found.dtype == wanted and found.shape == array.shape
    for before, after in zip(array.ravel().tolist(), found.ravel().tolist(), strict=True):
        assert same(before, after, wanted, given), f"{before!r} became {after!r}"


def same(before, after, wanted, given):
    """Whether two Python numbers are the same, but for rounding of floats."""
    if isinstance(before, complex) or isinstance(after, complex):
        before, after = complex(before), complex(after)
        return same(before.real, after.real, wanted, given) and same(before.imag, after.imag, wanted, given)
    if before != before:
        return after != after
    if np.dtype(wanted).kind in "fc" and np.dtype(given).kind in "fc":
        part = np.empty(0, wanted).real.dtype  # of a complex number, or the number itself
        step = {2: 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}[part.itemsize]
        return before == after or abs(before - after) <= abs(before) * step + 6e-8
    return before == after


@pytest.mark.parametrize(
    ("value", "given", "wanted"),
    [
        (1.5, "float32", "uint8"),
        (256.0, "float32", "uint8"),
        (-1, "int8", "uint8"),
        (-1, "int64", "uint64"),
        (2**63, "uint64", "int64"),
        (2.0**63, "float64", "int64"),
        (2**24 + 1, "uint32", "float32"),
        (2**63 - 1, "int64", "float64"),
        (70000, "uint32", "float16"),
        (1e300, "float64", "float32"),
        (np.nan, "float64", "int32"),
        (np.inf, "float64", "int32"),
        (2, "uint8", "bool"),
        (1j, "complex64", "float32"),
        (1e300, "complex128", "complex64"),
    ],
)
def test_what_does_not_fit_is_refused_and_named(value, given, wanted):
    with pytest.raises(ValueError, match=f"1 of 1 values of dtype {given} would change in {wanted}"):
        cast_exactly(np.array([value], given), wanted)


def test_the_first_value_that_does_not_fit_is_shown():
    with pytest.raises(ValueError, match=r"2 of 4 .* the first of them 300"):
        cast_exactly(np.array([[1, 300], [2, 999]]), "uint8")


def test_foreign_byte_order_becomes_native():
    assert cast_exactly(np.array([1, 2], ">u2"), "uint16").dtype.isnative
