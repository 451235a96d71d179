"""The memory type ``jax``: facts, stacks, casts, and devices, with and without a GPU."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from openhcs_host.arrays import cuda
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError

needs_gpu = pytest.mark.skipif(jax.default_backend() != "gpu", reason="JAX sees no CUDA device here")


def test_facts_tell_shape_dtype_and_device(memory):
    facts = memory.facts(jnp.zeros((2, 3), jnp.uint16))
    assert (facts.shape, facts.dtype, facts.device, facts.nbytes) == ((2, 3), "uint16", "cpu", 12)
    assert facts.contiguous and facts.native and not facts.writable


def test_it_owns_arrays_with_values_only(memory):
    traced = []
    jax.jit(lambda array: traced.append(memory.owns(array)) or array)(jnp.zeros(1))
    assert traced == [False]
    assert memory.owns(jnp.zeros(1))
    assert not memory.owns(np.zeros(1))


@pytest.mark.parametrize("dtype", ["uint16", "bool", "float32", "bfloat16", "complex64"])
def test_a_stack_holds_its_planes_in_order(memory, dtype):
    planes = [jnp.full((3, 4), value, dtype) for value in range(3)]
    stack = memory.stack(planes)
    assert (stack.shape, stack.dtype.name) == ((3, 3, 4), dtype)
    assert bool((stack == jnp.arange(3).astype(dtype)[:, None, None]).all())


@pytest.mark.parametrize(("width", "views"), [(32, True), (33, False)])
def test_planes_are_views_where_their_size_allows_it(memory, width, views):
    stack = memory.stack([jnp.full((4, width), value, jnp.uint16) for value in range(3)])
    planes = memory.unstack(stack)
    start, size = stack.unsafe_buffer_pointer(), 4 * width * 2
    shared = [plane.unsafe_buffer_pointer() == start + z * size for z, plane in enumerate(planes)]
    assert shared[1:] == [views, views]
    del stack
    assert [plane.tolist() for plane in planes] == [[[value] * width] * 4 for value in range(3)]


@pytest.mark.parametrize(
    "slices",
    [
        list,
        lambda: [jnp.zeros(3)],
        lambda: [np.zeros((2, 2))],
        lambda: [[[1]]],
        lambda: [jnp.zeros((2, 2)), jnp.zeros((2, 3))],
        lambda: [jnp.zeros((2, 2)), jnp.zeros((2, 2), jnp.int8)],
    ],
    ids=["none", "1-d", "NumPy", "list", "shapes", "dtypes"],
)
def test_a_stack_of_anything_else_is_refused(memory, slices):
    with pytest.raises(ArrayError, match="slice"):
        memory.stack(slices())


def test_cast_does_what_jax_does_and_never_cuts_to_32_bits(memory):
    assert memory.cast(jnp.array([1.75, 70000.0, -1.0]), "uint16").tolist() == [1, 65535, 0]
    with jax.enable_x64(False), pytest.raises(ArrayError, match="jax_enable_x64"):
        memory.cast(jnp.zeros(1), "float64")


def test_an_unknown_device_is_refused(memory):
    for device in ("opencl:0", "cuda", "gpu", "cpu:1"):
        with pytest.raises(MemoryConversionError, match="no device"):
            memory.from_numpy(np.zeros(1, np.uint8), device=device)


def test_a_missing_cuda_device_is_an_error_that_says_what_is_there(memory):
    with pytest.raises(DeviceUnavailableError, match="cuda:99") as caught:
        memory.from_numpy(np.zeros(1, np.uint8), device="cuda:99")
    if cuda.driver().version is None:
        assert caught.value.state == "driver missing" and "NVIDIA's driver" in str(caught.value)
    else:
        assert caught.value.state == "no device" and "cpu" in str(caught.value)
    assert memory.devices()[-1] == "cpu"


def test_an_allocation_beyond_all_memory_is_recognised(memory):
    with pytest.raises(jax.errors.JaxRuntimeError) as caught:
        jnp.zeros((1 << 46,), jnp.uint8).block_until_ready()
    assert memory.is_out_of_memory(caught.value)
    assert memory.is_out_of_memory(MemoryError())
    assert not memory.is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED"))


def test_the_cpu_counts_no_memory(memory):
    assert memory.memory_info("cpu") is None
    array = jnp.zeros(3)
    assert memory.to_device(array, "cpu").tolist() == [0, 0, 0]


def test_dlpack_shares_unless_a_copy_is_wanted(memory):
    array = jnp.arange(32, dtype=jnp.uint16)
    assert memory.from_dlpack(array).unsafe_buffer_pointer() == array.unsafe_buffer_pointer()
    source = np.zeros(32, np.uint16)
    copied = memory.from_dlpack(source, copy=True)
    source[:] = 7
    assert copied.tolist() == [0] * 32
    with jax.enable_x64(False), pytest.raises(MemoryConversionError, match="int64"):
        memory.from_dlpack(np.zeros(3, np.int64))


@needs_gpu
def test_the_pool_of_the_device_is_counted(memory):
    available, total = memory.memory_info("cuda:0")
    assert 0 < available <= total
