"""The dtype that was declared, with the values that were made: exactly, or rounded and clipped; never scaled."""

from __future__ import annotations

import importlib
import math
import struct
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openhcs_host import Host
from openhcs_host.decorators import memory, memory_types, numpy
from openhcs_host.errors import ArrayError
from openhcs_host.seam.default_host import using_host

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float16", "float32", "float64"]
STACK = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def returning(made, **options):
    """Call a function that returns ``made``, declared with these options, on a uint16 stack."""
    return numpy(**options)(lambda stack: made)(STACK)


def stacks(dtypes):
    """Stacks with values at and around every limit that there is."""
    edges = [0, 1, 2, 3] + [
        2**bits + step for bits in (7, 8, 11, 15, 16, 24, 31, 32, 53, 63) for step in (-1, 0, 1)
    ]
    edges = [sign * edge for edge in edges for sign in (1, -1)]
    halves = [edge + 0.5 for edge in edges if abs(edge) < 2**40] + [
        math.inf,
        -math.inf,
        math.nan,
        65504,
        65519.9,
    ]

    def values(dtype):
        limits = None if dtype in FLOATS else np.iinfo(dtype)
        if limits is None:
            drawn = st.sampled_from([*edges, *halves, 1e38, 3.5e38, 1e300, -1e300, 1e-40]) | st.floats(
                width=64
            )
            return drawn.map(lambda value: _as_float(value, dtype))
        inside = [edge for edge in edges if limits.min <= edge <= limits.max]
        return st.sampled_from(inside) | st.integers(int(limits.min), int(limits.max))

    shapes = st.tuples(*[st.integers(1, 3)] * 3)
    return st.sampled_from(dtypes).flatmap(lambda dtype: arrays.arrays(dtype, shapes, elements=values(dtype)))


def _as_float(value, dtype):
    with np.errstate(over="ignore"):
        return np.dtype(dtype).type(value)


def integer_nearest(value, dtype):
    """Return the integer that a value becomes, and whether it is the same number; ``None`` for NaN."""
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    if isinstance(value, float) and math.isnan(value):
        return None, False
    if isinstance(value, float) and math.isinf(value):
        return (high if value > 0 else low), False
    exact = Fraction(value)
    nearest = max(low, min(high, round(exact)))  # Python rounds fractions half to even
    return nearest, nearest == exact


# Integers


@settings(deadline=None)
@given(made=stacks([*INTEGERS, *FLOATS]), dtype=st.sampled_from(INTEGERS))
def test_to_integers_only_integers_in_range_go_unasked(made, dtype):
    same = all(integer_nearest(value, dtype)[1] for value in made.ravel().tolist())
    if same:
        result = returning(made, dtype=dtype)
        assert result.dtype == dtype and result.tolist() == [
            [[int(v) for v in y] for y in z] for z in made.tolist()
        ]
    else:
        with pytest.raises(ArrayError, match=dtype):
            returning(made, dtype=dtype)


@settings(deadline=None)
@given(made=stacks([*INTEGERS, *FLOATS]), dtype=st.sampled_from(INTEGERS))
def test_clip_rounds_half_to_even_and_stops_at_the_limits_and_refuses_nan(made, dtype):
    wanted = [integer_nearest(value, dtype)[0] for value in made.ravel().tolist()]
    if None in wanted and made.dtype != dtype:
        with pytest.raises(ArrayError, match="NaN"):
            returning(made, dtype=dtype, on_loss="clip")
    else:
        result = returning(made, dtype=dtype, on_loss="clip")
        assert result.dtype == dtype and result.shape == made.shape and result.ravel().tolist() == wanted


def test_a_mask_is_zeros_and_ones_and_nothing_else():
    mask = STACK > 5
    assert returning(mask.astype(np.float32), dtype="bool").tolist() == mask.tolist()
    assert returning(mask, dtype="uint16").tolist() == mask.astype(int).tolist()
    with pytest.raises(ArrayError):
        returning(mask * 2, dtype="bool")
    assert returning(mask * 0.75 - 0.5, dtype="bool", on_loss="clip").tolist() == np.zeros_like(mask).tolist()


# Floating types


@settings(deadline=None)
@given(made=stacks(FLOATS), dtype=st.sampled_from(FLOATS))
def test_between_floating_types_naming_one_allows_rounding_and_no_overflow(made, dtype):
    code, largest = {
        "float16": ("<e", 65504.0),
        "float32": ("<f", 3.4028234663852886e38),
        "float64": ("<d", 0),
    }[dtype]

    def rounded(value):
        try:
            return struct.unpack(code, struct.pack(code, value))[0]
        except OverflowError:
            return None

    given = made.ravel().tolist()
    wanted = [rounded(value) for value in given]
    results = [returning(made, dtype=dtype, on_loss="clip")]
    if None in wanted:
        with pytest.raises(ArrayError, match=dtype):
            returning(made, dtype=dtype)
        wanted = [math.copysign(largest, v) if w is None else w for w, v in zip(wanted, given, strict=True)]
    else:
        results.append(returning(made, dtype=dtype))
    for result in results:
        assert result.dtype == dtype
        assert np.array_equal(result.ravel(), np.array(wanted, dtype), equal_nan=True)


@settings(deadline=None)
@given(made=stacks(INTEGERS), dtype=st.sampled_from(FLOATS))
def test_integers_stay_themselves_in_a_floating_type_or_are_refused(made, dtype):
    given = made.ravel().tolist()
    clipped = returning(made, dtype=dtype, on_loss="clip").ravel()
    assert np.isfinite(clipped).all()
    for value, result in zip(given, clipped, strict=True):
        there = Fraction(float(result))
        for direction in (-np.inf, np.inf):
            with np.errstate(over="ignore"):
                other = float(np.nextafter(result, np.dtype(dtype).type(direction)))
            assert math.isinf(other) or abs(there - value) <= abs(Fraction(other) - value)
    if all(Fraction(float(result)) == value for value, result in zip(given, clipped, strict=True)):
        assert np.array_equal(returning(made, dtype=dtype).ravel(), clipped)
    else:
        with pytest.raises(ArrayError, match=dtype):
            returning(made, dtype=dtype)


def test_an_imaginary_part_is_never_dropped():
    complex_stack = STACK + 0j
    assert returning(complex_stack, dtype="uint16").tolist() == STACK.tolist()
    assert returning(complex_stack - 3, dtype="uint16", on_loss="clip")[0, 0].tolist() == [0, 0, 0, 0]
    for on_loss in ("refuse", "clip"):
        with pytest.raises(ArrayError, match="imaginary"):
            returning(complex_stack + 1j, dtype="uint16", on_loss=on_loss)
    large = returning(complex_stack + 1e300j, dtype="complex64", on_loss="clip")
    assert large.dtype == np.complex64 and np.isfinite(large).all() and large.real.tolist() == STACK.tolist()


# The policies


def test_native_leaves_what_the_function_made():
    made = STACK * 2.5
    assert returning(made) is made


def test_preserve_goes_back_to_the_dtype_that_was_given(card):
    for stack in (STACK, STACK.astype(">u2"), STACK.astype(np.float32), STACK > 3):
        doubled = numpy(dtype="preserve")(lambda stack: stack.astype(np.float64) * 1)
        result = doubled(stack)
        assert result.dtype == stack.dtype.newbyteorder("=") and np.array_equal(result, stack)
    # What the function's library made of the stack does not count.
    through = memory_types(input_type="card", output_type="numpy", dtype="preserve")
    result = through(lambda stack: np.asarray(stack, np.float32))(STACK)
    assert type(result) is np.ndarray and result.dtype == np.uint16


def test_a_dim_image_stays_dim():
    dim = STACK / 100
    assert returning(dim, dtype="preserve", on_loss="clip").max() == 0
    bright = returning(STACK * 1e4, dtype="uint16", on_loss="clip")
    assert bright[0, 0].tolist() == [0, 10000, 20000, 30000] and bright.max() == 65535


def test_a_refusal_says_which_function_where_how_many_and_what_to_do():
    made = STACK.astype(np.float32)
    made[1, 2, 3], made[1, 0, 0] = 0.5, -1

    def smooth(stack):
        return made

    with pytest.raises(ArrayError) as caught:
        numpy(dtype="preserve")(smooth)(STACK)
    for words in ("smooth declares dtype 'uint16'", "plane 1", "2 of 12 values", "-1.0", 'on_loss="clip"'):
        assert words in str(caught.value)


def test_a_dtype_that_the_library_lacks_is_refused_before_the_work(card):
    calls = []
    with pytest.raises(ArrayError, match=r"complex64.*card cannot keep"):
        memory("card", dtype="complex64")(calls.append)(STACK)
    assert not calls


def test_further_outputs_are_not_touched():
    extra = STACK * 1.5
    image, same = numpy(dtype="uint16")(lambda stack: (stack * 1.0, extra))(STACK)
    assert image.dtype == np.uint16 and same is extra


# On a device


@settings(deadline=None)
@given(
    made=stacks([*INTEGERS, *FLOATS]),
    dtype=st.sampled_from(INTEGERS),
    on_loss=st.sampled_from(["refuse", "clip"]),
)
def test_what_a_device_answers_by_itself_is_what_the_host_would_say(card_for_examples, made, dtype, on_loss):
    card, host = card_for_examples

    def policy(output_type, result):
        decorate = memory_types(input_type="numpy", output_type=output_type, dtype=dtype, on_loss=on_loss)
        try:
            return decorate(lambda stack: result)(STACK)
        except ArrayError as error:
            return str(error)

    with using_host(host):
        on_device = policy("card", card.placed(made, "card:0"))
        on_host = policy("numpy", made)
    if isinstance(on_host, str):
        assert on_device == on_host
    else:
        assert on_device.place == "card:0" and on_device.dtype == dtype and np.array_equal(on_device, on_host)


@pytest.fixture(scope="module")
def card_for_examples(tmp_path_factory):
    """Hypothesis runs its examples within one use of a fixture: this one can be entered for each."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "openhcs_mem_card-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: openhcs-mem-card\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[openhcs.memory]\ncard = card_memory\n[openhcs.array]\ncard_memory = card\n"
    )
    (folder / "card_memory.py").write_text(Path(__file__).with_name("card_memory.py").read_text())
    with pytest.MonkeyPatch.context() as patch, Host() as host:
        patch.syspath_prepend(str(folder))
        module = importlib.import_module("card_memory")
        host.memory("card")
        yield module, host
    del sys.modules["card_memory"]
