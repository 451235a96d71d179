"""NumPy arrays become tensors of equal values and come back; memory is shared only where that is safe."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openhcs_host import convert, plan_conversion
from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.errors import MemoryConversionError

NUMPY = NumpyMemory()


def test_a_plain_array_is_shared_both_ways(memory):
    source = np.zeros((3, 4), np.uint16)
    tensor = memory.from_numpy(source, device="cpu")
    tensor[1, 2] = 65535
    assert source[1, 2] == 65535
    source[0, 0] = 9
    assert memory.to_numpy(tensor)[0, 0] == 9
    assert memory.shares_out(memory.facts(tensor))


def test_a_strided_view_is_shared_with_its_strides(memory):
    source = np.arange(40, dtype=np.uint16).reshape(5, 8)[:, ::2]
    tensor = memory.from_numpy(source, device="cpu", copy=False)
    assert tensor.stride() == (8, 2)
    assert memory.to_numpy(tensor, copy=False).ctypes.data == source.ctypes.data


def test_read_only_and_broadcast_arrays_are_never_written_through(memory):
    source = np.arange(6, dtype=np.uint16).reshape(2, 3)
    source.flags.writeable = False
    row = np.broadcast_to(np.arange(3, dtype=np.uint16), (2, 3))
    for array in (source, row):
        before = array.tobytes()
        memory.from_numpy(array, device="cpu").fill_(7)
        assert array.tobytes() == before
        with pytest.raises(MemoryConversionError, match="copy=None"):
            memory.from_numpy(array, device="cpu", copy=False)


@pytest.mark.parametrize("layout_name", ["negative strides", "foreign byte order", "misaligned"])
def test_what_cannot_be_shared_is_refused_when_sharing_is_demanded(memory, layout_name):
    plain = np.arange(6, dtype=np.uint16)
    raw = np.zeros(13, np.uint8)[1:]
    sources = {
        "negative strides": plain[::-1],
        "foreign byte order": plain.astype(">u2"),
        "misaligned": raw.view(np.uint16),
    }
    with pytest.raises(MemoryConversionError, match="as it is"):
        memory.from_numpy(sources[layout_name], device="cpu", copy=False)


def test_foreign_dtypes_are_refused_before_pytorch_sees_them(memory):
    for array in (np.array(["a"]), np.array([1], "M8[s]"), np.array([object()]), np.zeros(2, np.longdouble)):
        with pytest.raises(MemoryConversionError, match="PyTorch has no"):
            memory.from_numpy(array, device="cpu")


def test_tensors_of_autograd_and_lazy_ones_give_their_values(memory):
    parameter = torch.nn.Parameter(torch.arange(3.0))
    assert memory.owns(parameter)
    assert memory.to_numpy(parameter).tolist() == [0.0, 1.0, 2.0]
    conjugate = torch.tensor([1 + 2j]).conj()
    assert not memory.shares_out(memory.facts(conjugate))
    assert memory.to_numpy(conjugate).tolist() == [1 - 2j]
    assert memory.to_numpy(conjugate.imag).tolist() == [-2.0]
    with pytest.raises(MemoryConversionError, match="not computed"):
        memory.to_numpy(conjugate, copy=False)


def test_an_expanded_tensor_is_copied_or_read_only(memory):
    row = torch.tensor([0, 1, 2], dtype=torch.uint16)
    expanded = row.expand(2, 3)
    copied = memory.to_numpy(expanded)
    copied[0] = 9
    assert not memory.shares_out(memory.facts(expanded))
    assert row.tolist() == [0, 1, 2]
    shared = memory.to_numpy(expanded, copy=False)
    assert not shared.flags.writeable
    assert shared.tolist() == [[0, 1, 2]] * 2


@pytest.mark.parametrize(
    ("tensor", "cure"),
    [
        (torch.eye(2).to_sparse(), "dense"),
        (torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "dense"),
        (torch.empty(2, device="meta"), "to_empty"),
        (torch.zeros(2).to(torch.float8_e4m3fn), "cast"),
    ],
    ids=["sparse", "nested", "meta", "float8"],
)
def test_tensors_without_plain_values_are_refused_with_a_way_out(memory, tensor, cure):
    with pytest.raises(MemoryConversionError, match=cure):
        memory.to_numpy(tensor)
    if cure != "cast":
        for function in (convert, plan_conversion):
            with pytest.raises(MemoryConversionError, match=cure):
                function(tensor, "numpy")
