"""NumPy arrays become JAX arrays of equal values and come back, whatever happens to the source meanwhile."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.errors import MemoryConversionError

NUMPY = NumpyMemory()
WIDE = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


def starting_at(offset, shape=(256, 256), dtype=np.uint16):
    """Zeros that begin ``offset`` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    return raw[start : start + size].view(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", WIDE)
def test_64_bits_are_refused_unless_jax_keeps_them(memory, dtype):
    array = np.array([2**40 + 1], dtype)
    with jax.enable_x64(False):
        assert memory.holds(dtype) is None
        with pytest.raises(MemoryConversionError, match=f"jax_enable_x64, or name dtype='{WIDE[dtype]}'"):
            memory.from_numpy(array)
    with jax.enable_x64(True):
        assert memory.holds(dtype) == dtype
        assert memory.to_numpy(memory.from_numpy(array)).tobytes() == array.tobytes()


@pytest.mark.parametrize("offset", [0, 2, 16, 32], ids=lambda offset: f"{offset} bytes after 64")
@pytest.mark.parametrize("copy", [None, True])
def test_what_is_written_right_after_the_conversion_is_not_seen(memory, offset, copy):
    for _ in range(20):
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
    assert memory.shares_on_demand(source)
    assert memory.from_numpy(source, copy=False).unsafe_buffer_pointer() == source.ctypes.data
    for refused in (starting_at(2), source.T, source[::2], source[::-1], source.astype(">u2")):
        assert not memory.shares_on_demand(refused)
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
