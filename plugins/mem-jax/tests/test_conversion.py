"""NumPy arrays become JAX arrays of equal values and come back, whatever happens to the source meanwhile."""

from __future__ import annotations

import jax
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.errors import MemoryConversionError

NUMPY = NumpyMemory()
WIDE = ("int64", "uint64", "float64", "complex128")


def starting_at(offset, shape=(256, 256), dtype=np.uint16):
    """Zeros that begin ``offset`` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    return raw[start : start + size].view(dtype).reshape(shape)


@pytest.mark.parametrize("wide", [False, True], ids=["x64 off", "x64 on"])
def test_every_dtype_in_every_layout_keeps_each_bit_or_is_refused(
    memory, dtype, layout, wide, examples, same_values
):
    plain = examples(dtype)
    source = layout(plain)
    with jax.enable_x64(wide):
        if dtype in WIDE and not wide:
            assert memory.holds(dtype) is None
            with pytest.raises(MemoryConversionError, match="jax_enable_x64, or name dtype="):
                memory.from_numpy(source)
            return
        assert memory.holds(dtype) == dtype
        array = memory.from_numpy(source)
        assert array.dtype.name == dtype
        assert same_values(memory.to_numpy(array), plain)


def test_every_number_of_axes_keeps_shape_and_values(memory, shape, examples, same_values):
    plain = examples("uint16", shape)
    assert same_values(memory.to_numpy(memory.from_numpy(plain)), plain)


def test_bfloat16_keeps_each_bit(memory, same_values):
    plain = np.arange(12, dtype=np.float32).astype(ml_dtypes.bfloat16).reshape(3, 4)
    assert same_values(memory.to_numpy(memory.from_numpy(plain.T)), plain.T.copy())


@pytest.mark.parametrize("offset", [0, 2, 16, 32], ids=lambda offset: f"{offset} bytes after 64")
@pytest.mark.parametrize("copy", [None, True])
def test_what_is_written_right_after_the_conversion_is_not_seen(memory, offset, copy):
    for _ in range(40):
        source = starting_at(offset)
        array = memory.from_numpy(source, copy=copy)
        source[:] = 7
        assert not np.asarray(array).any()


def test_given_memory_is_taken_over_without_a_copy(memory):
    source = starting_at(0)
    array = memory.from_numpy(source, given=True)
    assert array.unsafe_buffer_pointer() == source.ctypes.data


def test_memory_that_was_shared_on_demand_is_not_reused_by_jax(memory):
    source = starting_at(0)
    shared = memory.from_numpy(source, copy=False)
    added = jax.jit(lambda array: array + 1, donate_argnums=0)(shared)
    assert bool((added == 1).all())
    assert not source.any()


def test_sharing_happens_when_it_is_demanded_and_possible_and_never_otherwise(memory):
    source = starting_at(0)
    assert not memory.shares_in(NUMPY.facts(source))
    assert memory.from_numpy(source).unsafe_buffer_pointer() != source.ctypes.data
    assert memory.from_numpy(source, copy=False).unsafe_buffer_pointer() == source.ctypes.data
    for refused in (starting_at(2), source.T, source[::2], source[::-1], source.astype(">u2")):
        with pytest.raises(MemoryConversionError, match="multiple of 64"):
            memory.from_numpy(refused, copy=False)


def test_the_way_back_is_a_view_that_nobody_can_write_to(memory):
    array = memory.from_numpy(np.arange(6, dtype=np.uint16))
    assert memory.shares_out(memory.facts(array))
    for copy in (None, False):
        view = memory.to_numpy(array, copy=copy)
        assert view.ctypes.data == array.unsafe_buffer_pointer()
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1
    own = memory.to_numpy(array, copy=True)
    own[:] = 9
    assert array.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_view_keeps_the_values_after_the_array_is_gone(memory):
    view = memory.to_numpy(memory.from_numpy(np.full((512, 512), 7, np.uint16)))
    for _ in range(20):
        memory.from_numpy(np.zeros((512, 512), np.uint16))
    assert (view == 7).all()


def test_foreign_dtypes_are_refused_before_jax_sees_them(memory):
    for array in (np.array(["a"]), np.array([1], "M8[s]"), np.array([object()]), np.zeros(2, np.longdouble)):
        with pytest.raises(MemoryConversionError, match="would not keep"):
            memory.from_numpy(array)


def test_random_keys_are_refused_with_a_way_out(memory):
    with pytest.raises(MemoryConversionError, match="key_data"):
        memory.to_numpy(jax.random.key(0))


@given(
    array=npst.arrays(
        st.sampled_from(["bool", "u1", ">u2", "u2", "i4", ">f4", "f2", "c8"]),
        npst.array_shapes(min_dims=1, min_side=0, max_side=4),
    ),
    data=st.data(),
)
def test_drawn_views_keep_their_values(memory, array, data):
    view = np.asarray(array[data.draw(npst.basic_indices(array.shape))])
    plain = np.array(view.tolist(), view.dtype.newbyteorder("=")).reshape(view.shape)
    back = memory.to_numpy(memory.from_numpy(view))
    assert (back.shape, back.dtype) == (plain.shape, plain.dtype)
    assert np.array_equal(back, plain, equal_nan=plain.dtype.kind in "fc")
