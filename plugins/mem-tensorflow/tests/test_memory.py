"""The memory type ``tensorflow``: facts, stacks, casts, and devices, with and without a GPU."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_tensorflow import library

if library.availability().state != "ready":
    pytest.skip(library.availability().detail, allow_module_level=True)

tf = library.load()
HAS_GPU = bool(tf.config.list_physical_devices("GPU"))
needs_gpu = pytest.mark.skipif(not HAS_GPU, reason="TensorFlow sees no CUDA device here")


def address(tensor):
    return np.asarray(tensor).ctypes.data


def test_facts_tell_shape_dtype_and_device(memory):
    with tf.device("/CPU:0"):
        facts = memory.facts(tf.zeros((2, 3), tf.uint16))
    assert (facts.shape, facts.dtype, facts.device, facts.nbytes) == ((2, 3), "uint16", "cpu", 12)
    assert facts.contiguous and facts.native and not facts.writable
    assert memory.facts(tf.constant(1.0)).nbytes == 4


def test_it_owns_tensors_with_values_only(memory):
    traced = []
    tf.function(lambda tensor: traced.append(memory.owns(tensor)) or tensor)(tf.zeros(1))
    assert traced == [False]
    assert memory.owns(tf.zeros(1))
    assert not memory.owns(tf.Variable(1.0))
    assert not memory.owns(np.zeros(1))


@pytest.mark.parametrize("dtype", ["uint16", "bool", "float32", "bfloat16", "complex64"])
def test_a_stack_holds_its_planes_in_order(memory, dtype):
    planes = [tf.cast(np.full((3, 4), value), dtype) for value in range(3)]
    stack = memory.stack(planes)
    assert (tuple(stack.shape), stack.dtype.name) == ((3, 3, 4), dtype)
    assert [np.array_equal(stack[z], planes[z]) for z in range(3)] == [True] * 3


@pytest.mark.parametrize(("width", "views"), [(32, True), (33, False)])
def test_planes_are_views_where_their_size_allows_it(memory, width, views):
    with tf.device("/CPU:0"):
        stack = memory.stack([tf.constant(np.full((4, width), value, np.uint16)) for value in range(3)])
    planes = memory.unstack(stack)
    start, size = address(stack), 4 * width * 2
    assert [address(plane) == start + z * size for z, plane in enumerate(planes)][1:] == [views, views]
    del stack
    assert [plane.numpy().tolist() for plane in planes] == [[[value] * width] * 4 for value in range(3)]


@pytest.mark.parametrize(
    "slices",
    [
        list,
        lambda: [tf.zeros(3)],
        lambda: [np.zeros((2, 2))],
        lambda: [[[1]]],
        lambda: [tf.zeros((2, 2)), tf.zeros((2, 3))],
        lambda: [tf.zeros((2, 2)), tf.zeros((2, 2), tf.int8)],
    ],
    ids=["none", "1-d", "NumPy", "list", "shapes", "dtypes"],
)
def test_a_stack_of_anything_else_is_refused(memory, slices):
    with pytest.raises(ArrayError, match="slice"):
        memory.stack(slices())


def test_cast_does_what_tensorflow_does(memory):
    assert memory.cast(tf.constant([1.75, 3.0]), "uint16").numpy().tolist() == [1, 3]
    with pytest.raises(ArrayError, match="no dtype 'longdouble'"):
        memory.cast(tf.zeros(1), "longdouble")


def test_an_unknown_device_is_refused(memory):
    for device in ("opencl:0", "cuda", "gpu", "cpu:1"):
        with pytest.raises(MemoryConversionError, match="no device"):
            memory.from_numpy(np.zeros(1), device=device)


def test_a_missing_cuda_device_is_an_error_that_says_what_is_missing(memory):
    with pytest.raises(DeviceUnavailableError, match="there is no device cuda:99") as caught:
        memory.from_numpy(np.zeros(1), device="cuda:99")
    assert caught.value.state in ("no device", "driver missing", "driver too old")
    assert memory.devices()[-1] == "cpu"
    if not tf.test.is_built_with_cuda():
        assert "is built without CUDA" in str(caught.value)


def test_an_allocation_beyond_all_memory_is_recognised(memory):
    with tf.device("/CPU:0"), pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        tf.zeros((1 << 46,), tf.uint8)
    assert memory.is_out_of_memory(caught.value)
    assert memory.is_out_of_memory(MemoryError())
    assert not memory.is_out_of_memory(tf.errors.InvalidArgumentError(None, None, "OOM"))


def test_host_memory_does_not_go_over_dlpack(memory):
    with pytest.raises(MemoryConversionError, match="no CUDA device"):
        memory.from_dlpack(np.zeros(32, np.uint16))


def test_a_tensor_stays_where_it_is_wanted(memory):
    with tf.device("/CPU:0"):
        tensor = tf.zeros(3)
    assert memory.to_device(tensor, "cpu") is tensor


@needs_gpu
def test_a_device_that_is_full_is_recognised(memory):
    with tf.device("/GPU:0"), pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        tf.zeros((1 << 46,), tf.uint8)
    assert memory.is_out_of_memory(caught.value)
