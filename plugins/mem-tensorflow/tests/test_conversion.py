"""NumPy arrays become tensors of equal values and come back, whatever happens to the source meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.errors import MemoryConversionError
from openhcs_mem_tensorflow import library

if library.availability().state != "ready":
    pytest.skip(library.availability().detail, allow_module_level=True)

tf = library.load()
NUMPY = NumpyMemory()


def starting_at(offset, shape=(256, 256), dtype=np.uint16):
    """Zeros that begin ``offset`` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    return raw[start : start + size].view(dtype).reshape(shape)


def address(tensor):
    return np.asarray(tensor).ctypes.data


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 4)])
def test_bfloat16_comes_out_as_what_nobody_can_write_to(memory, shape):
    plain = np.arange(np.prod(shape), dtype=np.float32).astype(tf.bfloat16.as_numpy_dtype).reshape(shape)
    view = memory.to_numpy(memory.from_numpy(plain, device="cpu"))
    assert (view.shape, view.dtype, view.tobytes()) == (shape, plain.dtype, plain.tobytes())
    assert not view.flags.writeable


@pytest.mark.parametrize("offset", [0, 2, 16, 32], ids=lambda offset: f"{offset} bytes after 64")
def test_what_is_written_right_after_the_conversion_is_not_seen(memory, offset):
    for _ in range(20):
        source = starting_at(offset)
        tensor = memory.from_numpy(source, device="cpu")
        source[:] = 7
        assert not np.asarray(tensor).any()


def test_given_memory_is_taken_over_where_kernels_can_work_on_it(memory):
    for offset, shared in ((0, True), (2, False)):
        source = starting_at(offset)
        tensor = memory.from_numpy(source, device="cpu", given=True)
        assert (address(tensor) == source.ctypes.data) == shared
    assert address(memory.from_numpy(source, device="cpu", given=True, copy=True)) != source.ctypes.data


def test_sharing_is_possible_on_demand_only(memory):
    source = starting_at(0)
    assert memory.shares_on_demand(source, "cpu") and not memory.shares_in(NUMPY.facts(source), "cpu")
    assert address(memory.from_numpy(source, device="cpu", copy=False)) == source.ctypes.data
    read_only = starting_at(0)
    read_only.flags.writeable = False
    for refused in (starting_at(2), source.T, source[::2], source[::-1], source.astype(">u2"), read_only):
        assert not memory.shares_on_demand(refused, "cpu")
        with pytest.raises(MemoryConversionError, match="multiple of 64"):
            memory.from_numpy(refused, device="cpu", copy=False)


def test_the_way_back_is_a_view_that_nobody_can_write_to(memory):
    tensor = memory.from_numpy(np.arange(6, dtype=np.uint16), device="cpu")
    assert memory.shares_out(memory.facts(tensor))
    for copy in (None, False):
        view = memory.to_numpy(tensor, copy=copy)
        assert view.ctypes.data == address(tensor)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1
    own = memory.to_numpy(tensor, copy=True)
    own[:] = 9
    assert tensor.numpy().tolist() == [0, 1, 2, 3, 4, 5]


def test_foreign_dtypes_are_refused_before_tensorflow_sees_them(memory):
    for array in (np.array(["a"]), np.array([1], "M8[s]"), np.array([object()]), np.zeros(2, np.longdouble)):
        with pytest.raises(MemoryConversionError, match="TensorFlow has no"):
            memory.from_numpy(array, device="cpu")


def test_tensors_without_numbers_are_refused(memory):
    with pytest.raises(MemoryConversionError, match="string"):
        memory.to_numpy(tf.constant("text"))
