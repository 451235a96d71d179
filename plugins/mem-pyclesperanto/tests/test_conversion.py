"""What the libraries would cut, round or lose is refused before they see it; everything else arrives."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_pyclesperanto import library

KEPT = {"bool": "uint8", "float16": "float32"} | {
    name: name for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32")
}
FLOAT32 = ("bool", "int8", "uint8", "int16", "uint16", "float16", "float32")


@pytest.fixture(scope="module")
def host():
    with Host() as host:
        yield host


@pytest.fixture(scope="module")
def ready(host):
    """Return a memory type by its key, or skip the test where it cannot work."""

    def memory(key):
        found = host.memory(key).availability()
        if found.state != "ready":
            pytest.skip(found.detail)
        return host.memory(key)

    return memory


def test_pyclesperanto_keeps_each_bit_or_refuses(ready, dtype, layout, examples, same_values):
    memory, plain = ready("pyclesperanto"), examples(dtype)
    assert memory.holds(dtype) == KEPT.get(dtype)
    if dtype not in KEPT:
        with pytest.raises(MemoryConversionError, match="would not keep"):
            memory.from_numpy(layout(plain))
        return
    image = memory.from_numpy(layout(plain))
    assert same_values(memory.to_numpy(image), plain.astype(KEPT[dtype]))
    assert memory.to_numpy(image).astype(dtype).tobytes() == plain.tobytes()


def test_the_prototype_keeps_what_float32_keeps_or_refuses(ready, dtype, layout, examples, same_values):
    memory, plain = ready("pyclesperanto_prototype"), examples(dtype)
    if dtype not in FLOAT32:
        assert memory.holds(dtype) is None
        with pytest.raises(MemoryConversionError, match="would not keep"):
            memory.from_numpy(layout(plain))
        return
    image = memory.from_numpy(layout(plain))
    assert same_values(memory.to_numpy(image), plain.astype("float32"))
    assert memory.to_numpy(image).astype(dtype).tobytes() == plain.tobytes()


def test_pyclesperanto_refuses_shapes_that_it_would_lose(ready, shape, examples, same_values):
    memory, plain = ready("pyclesperanto"), examples("uint16", shape)
    if 1 <= len(shape) <= 3 and plain.size:
        assert same_values(memory.to_numpy(memory.from_numpy(plain)), plain)
        return
    with pytest.raises(MemoryConversionError, match="one to three axes"):
        memory.from_numpy(plain)


def test_the_prototype_keeps_every_shape(ready, shape, examples, same_values):
    memory, plain = ready("pyclesperanto_prototype"), examples("float32", shape)
    assert same_values(memory.to_numpy(memory.from_numpy(plain)), plain)


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
