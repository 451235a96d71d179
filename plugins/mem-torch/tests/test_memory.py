"""The memory type ``torch``: facts, stacks, casts, and devices, with and without a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device here")


def test_facts_tell_shape_dtype_device_and_layout(memory):
    facts = memory.facts(torch.zeros((2, 3), dtype=torch.uint16))
    assert (facts.shape, facts.dtype, facts.device, facts.nbytes) == ((2, 3), "uint16", "cpu", 12)
    assert facts.contiguous and facts.native and facts.writable
    assert not memory.facts(torch.zeros(2, 3).t()).contiguous
    assert not memory.facts(torch.zeros(3).expand(2, 3)).native


def test_it_owns_tensors_and_nothing_else(memory):
    assert memory.owns(torch.zeros(1))
    assert not memory.owns(np.zeros(1))
    assert not memory.owns(torch)


@pytest.mark.parametrize("dtype", ["bool", "uint16", "bfloat16", "complex64"])
def test_stack_copies_once_into_memory_of_its_own(memory, dtype):
    planes = [torch.ones((3, 4)).to(getattr(torch, dtype)) for _ in range(3)]
    stack = memory.stack(planes)
    assert (tuple(stack.shape), stack.dtype) == ((3, 3, 4), planes[0].dtype)
    stack[0] = 0
    assert bool(planes[0].all())


def test_unstack_gives_views(memory):
    stack = torch.zeros((2, 3, 4), dtype=torch.uint16)
    planes = memory.unstack(stack)
    planes[1].fill_(5)
    assert stack[1].tolist() == [[5] * 4] * 3
    assert [plane.shape for plane in planes] == [(3, 4), (3, 4)]


@pytest.mark.parametrize(
    "slices",
    [
        [],
        [torch.zeros(3)],
        [np.zeros((2, 2))],
        [[[1]]],
        [torch.zeros(2, 2), torch.zeros(2, 3)],
        [torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.float64)],
    ],
    ids=["none", "1-d", "NumPy", "list", "shapes", "dtypes"],
)
def test_a_stack_of_anything_else_is_refused(memory, slices):
    with pytest.raises(ArrayError, match="slice"):
        memory.stack(slices)


def test_cast_does_what_pytorch_does(memory):
    assert memory.cast(torch.tensor([1.75, 3.0]), "uint16").tolist() == [1, 3]
    with pytest.raises(ArrayError, match="no dtype 'longdouble'"):
        memory.cast(torch.zeros(1), "longdouble")


def test_an_unknown_device_is_refused(memory):
    for device in ("opencl:0", "cuda", "gpu", "cpu:1"):
        with pytest.raises(MemoryConversionError, match="no device"):
            memory.from_numpy(np.zeros(1), device=device)


def test_a_missing_cuda_device_is_an_error_that_says_what_is_missing(memory):
    absent = f"cuda:{torch.cuda.device_count()}"
    with pytest.raises(DeviceUnavailableError, match=f"there is no device {absent}") as caught:
        memory.from_numpy(np.zeros(1), device=absent)
    assert caught.value.state in ("no device", "driver missing", "driver too old")
    assert memory.devices()[-1] == "cpu"
    if torch.version.cuda is None:
        assert "is built without CUDA" in str(caught.value)


def test_an_allocation_beyond_all_memory_is_recognised(memory):
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert memory.is_out_of_memory(caught.value)
    assert memory.is_out_of_memory(MemoryError())
    assert memory.is_out_of_memory(torch.cuda.OutOfMemoryError("CUDA out of memory."))


def test_other_errors_are_not_out_of_memory(memory):
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(2) @ torch.zeros(3)
    assert not memory.is_out_of_memory(caught.value)
    assert not memory.is_out_of_memory(ValueError("CUDA out of memory"))


def test_the_cpu_has_no_stream_no_memory_count_and_no_cache(memory):
    with memory.stream("cpu"):
        assert torch.zeros(1).device.type == "cpu"
    assert memory.memory_info("cpu") is None
    memory.free()
    assert not torch.cuda.is_initialized() or torch.cuda.is_available()


def test_dlpack_shares_unless_a_copy_is_wanted(memory):
    source = torch.arange(3, dtype=torch.int16)
    assert memory.from_dlpack(source).data_ptr() == source.data_ptr()
    copied = memory.from_dlpack(source, copy=True)
    copied.fill_(9)
    assert source.tolist() == [0, 1, 2]


@needs_gpu
def test_a_thread_keeps_its_stream_and_work_is_ordered(memory):
    source = memory.from_numpy(np.full((2000, 2000), 2.0, np.float32), device="cuda:0")
    with memory.stream("cuda:0") as first:
        assert torch.cuda.current_stream() == first
        product = source @ source
    with memory.stream("cuda:0") as second:
        assert first == second
    assert float(product.min()) == float(product.max()) == 8000.0


@needs_gpu
def test_freed_memory_is_the_devices_again(memory):
    held = torch.empty(1 << 28, dtype=torch.uint8, device="cuda:0")
    del held
    before, total = memory.memory_info("cuda:0")
    memory.free("cuda:0")
    after, _ = memory.memory_info("cuda:0")
    assert before + (1 << 27) < after <= total


@needs_gpu
def test_a_device_that_is_full_is_recognised(memory):
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50, dtype=torch.uint8, device="cuda:0")
    assert memory.is_out_of_memory(caught.value)
