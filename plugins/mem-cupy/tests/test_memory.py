"""The memory type ``cupy``: what is refused everywhere, and what happens on a GPU."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError

HELD = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
}


def test_dtypes_are_kept_as_they_are_or_not_at_all(memory):
    assert {dtype for dtype in (*HELD, "bfloat16", "longdouble", "str32") if memory.holds(dtype)} == HELD
    assert all(memory.holds(dtype) == dtype for dtype in HELD)


def test_what_cannot_be_is_refused_before_a_device_is_needed(memory):
    for array in (np.array(["a"]), np.array([1], "M8[s]"), np.array([object()]), np.zeros(2, np.longdouble)):
        with pytest.raises(MemoryConversionError, match="CuPy has no"):
            memory.from_numpy(array)
    with pytest.raises(MemoryConversionError, match="cannot be shared"):
        memory.from_numpy(np.zeros(2), copy=False)
    with pytest.raises(ArrayError, match="no slice"):
        memory.stack([])
    with pytest.raises(ArrayError, match="no array of cupy but a"):
        memory.stack([np.zeros((2, 2))])


def test_without_a_device_each_operation_says_what_is_missing(memory):
    found = memory.availability()
    if found.state == "ready":
        pytest.skip("there is a device")
    operations = (
        lambda: memory.from_numpy(np.zeros(2)),
        lambda: memory.from_numpy(np.zeros(2), device="cuda:0"),
        memory.devices,
        memory.memory_info,
        lambda: memory.stream().__enter__(),
    )
    for operation in operations:
        with pytest.raises(DeviceUnavailableError) as caught:
            operation()
        assert (str(caught.value), caught.value.state) == (str(found), found.state)
        assert isinstance(caught.value, ImportError) == (found.state == "library missing")
    memory.free()


def test_errors_of_a_full_device_are_recognised_by_class_and_by_name(memory):
    assert memory.is_out_of_memory(MemoryError())
    assert memory.is_out_of_memory(RuntimeError("cudaErrorMemoryAllocation: out of memory"))
    assert not memory.is_out_of_memory(RuntimeError("cudaErrorInvalidValue: invalid argument"))
    assert not memory.is_out_of_memory(ValueError("cudaErrorMemoryAllocation"))


def test_what_is_written_right_after_the_conversion_is_not_seen(cupy, memory):
    for _ in range(20):
        source = np.zeros((2048, 2048), np.uint16)
        array = memory.from_numpy(source)
        source[:] = 7
        assert not bool(array.any())


def test_a_thread_keeps_its_stream_and_work_is_ordered(cupy, memory):
    source = memory.from_numpy(np.full((2000, 2000), 2.0, np.float32))
    with memory.stream() as first:
        assert cupy.cuda.get_current_stream() == first
        product = source @ source
    with memory.stream() as second:
        assert first == second
    assert float(product.min()) == float(product.max()) == 8000.0


def test_freed_memory_is_the_devices_again(cupy, memory):
    held = cupy.zeros(1 << 28, cupy.uint8)
    del held
    before, total = memory.memory_info()
    memory.free()
    after, _ = memory.memory_info()
    assert before + (1 << 27) < after <= total


def test_a_device_that_is_full_is_recognised(cupy, memory):
    with pytest.raises(MemoryError) as caught:
        cupy.empty(1 << 50, cupy.uint8)
    assert memory.is_out_of_memory(caught.value)
