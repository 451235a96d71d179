"""What the libraries would cut, round or lose is refused before they see it; everything else arrives."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host.arrays.dtypes import NUMBERS
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_pyclesperanto import library

ALIKE = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32")
KEPT = {
    "pyclesperanto": {
        **dict.fromkeys(["float16"], "float32"),
        "bool": "uint8",
        **{name: name for name in ALIKE},
    },
    "pyclesperanto_prototype": dict.fromkeys(
        ["bool", "int8", "uint8", "int16", "uint16", "float16", "bfloat16", "float32"], "float32"
    ),
}


@pytest.mark.parametrize("key", KEPT)
@pytest.mark.parametrize("dtype", sorted(NUMBERS))
def test_what_would_lose_a_value_is_refused(ready, key, dtype):
    memory = ready(key)
    assert memory.holds(dtype) == KEPT[key].get(dtype)
    if dtype not in KEPT[key] and dtype != "bfloat16":
        with pytest.raises(MemoryConversionError, match="would not keep"):
            memory.from_numpy(np.zeros((2, 2), dtype))


def test_integers_beyond_24_bits_are_no_floats(ready):
    plane = np.array([[2**24 + 1, 2**32 - 1]], np.uint32)
    image = ready("pyclesperanto").from_numpy(plane)
    assert np.array_equal(ready("pyclesperanto").to_numpy(image), plane)
    with pytest.raises(MemoryConversionError, match="would not keep the values of uint32"):
        ready("pyclesperanto_prototype").from_numpy(plane)


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0), (2, 3, 4, 5)])
def test_pyclesperanto_refuses_shapes_that_it_would_lose(ready, shape):
    with pytest.raises(MemoryConversionError, match="one to three axes"):
        ready("pyclesperanto").from_numpy(np.zeros(shape, np.uint16))


@pytest.mark.parametrize("key", ["pyclesperanto", "pyclesperanto_prototype"])
def test_sharing_is_refused_both_ways(ready, key):
    memory, plane = ready(key), np.zeros((3, 4), np.float32)
    with pytest.raises(MemoryConversionError, match="share no memory"):
        memory.from_numpy(plane, copy=False)
    with pytest.raises(MemoryConversionError, match="share no memory"):
        memory.to_numpy(memory.from_numpy(plane), copy=False)


@pytest.mark.parametrize("key", ["pyclesperanto", "pyclesperanto_prototype"])
def test_what_is_written_right_after_the_conversion_is_not_seen(ready, key):
    memory = ready(key)
    for _ in range(10):
        plane = np.zeros((300, 300), np.float32)
        image = memory.from_numpy(plane)
        plane[:] = 7
        assert not memory.to_numpy(image).any()


@pytest.mark.parametrize("key", ["pyclesperanto", "pyclesperanto_prototype"])
def test_other_devices_are_told_apart_from_other_kinds(ready, key):
    memory, plane = ready(key), np.zeros((3, 4), np.float32)
    (selected,) = memory.devices()
    assert memory.facts(memory.from_numpy(plane, device=selected)).device == selected == "opencl:0"
    with pytest.raises(DeviceUnavailableError, match="select_device"):
        memory.from_numpy(plane, device="opencl:7")
    with pytest.raises(MemoryConversionError, match="no device 'cuda:0'"):
        memory.from_numpy(plane, device="cuda:0")


def test_planes_of_one_pixel_and_of_one_column_are_stacked_and_unstacked(ready):
    memory = ready("pyclesperanto")
    for shape in ((1, 1), (4, 1), (1, 4)):
        planes = [np.full(shape, value, np.uint16) for value in (3, 60000)]
        stack = memory.stack([memory.from_numpy(plane) for plane in planes])
        assert np.array_equal(memory.to_numpy(stack), np.stack(planes))
        assert [memory.to_numpy(plane).tolist() for plane in memory.unstack(stack)] == [
            plane.tolist() for plane in planes
        ]


def test_dtypes_that_the_libraries_lack_are_no_cast(ready):
    image = ready("pyclesperanto").from_numpy(np.zeros((2, 2), np.uint16))
    for dtype in ("float64", "uint64", "bool"):
        with pytest.raises(ArrayError, match="no dtype"):
            ready("pyclesperanto").cast(image, dtype)
    with pytest.raises(ArrayError, match="float32"):
        ready("pyclesperanto_prototype").cast(None, "uint16")


@pytest.mark.parametrize("key", ["pyclesperanto", "pyclesperanto_prototype"])
def test_an_allocation_beyond_the_device_is_recognised(ready, key):
    memory, module = ready(key), library.load(key)
    with pytest.raises(Exception, match="INVALID_BUFFER_SIZE|ALLOCATION_FAILURE") as caught:  # noqa: RUF043
        module.create((60000, 60000), np.float32)
    assert memory.is_out_of_memory(caught.value)
    assert memory.is_out_of_memory(MemoryError())
    assert not memory.is_out_of_memory(RuntimeError("CL_INVALID_KERNEL_NAME"))
    assert not memory.is_out_of_memory(ValueError("CL_OUT_OF_RESOURCES"))
