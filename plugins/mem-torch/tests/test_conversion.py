"""NumPy arrays become tensors of equal values and come back; memory is shared only where that is safe."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.errors import MemoryConversionError

NUMPY = NumpyMemory()


def test_every_dtype_in_every_layout_keeps_each_bit(memory, dtype, layout, examples, same_values):
    plain = examples(dtype)
    source = layout(plain)
    tensor = memory.from_numpy(source, device="cpu")
    assert str(tensor.dtype) == f"torch.{dtype}"
    assert same_values(memory.to_numpy(tensor), plain)


def test_every_number_of_axes_keeps_shape_and_values(memory, shape, examples, same_values):
    plain = examples("uint16", shape)
    assert same_values(memory.to_numpy(memory.from_numpy(plain, device="cpu")), plain)


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 4)])
def test_bfloat16_keeps_each_bit_in_both_directions(memory, shape, same_values):
    plain = np.arange(np.prod(shape), dtype=np.float32).astype(ml_dtypes.bfloat16).reshape(shape)
    for source in (plain, np.array(plain, order="F")):
        tensor = memory.from_numpy(source, device="cpu")
        assert tensor.dtype is torch.bfloat16
        assert tensor.float().tolist() == plain.astype(np.float32).tolist()
        assert same_values(memory.to_numpy(tensor), plain)


def test_sharing_is_what_shares_in_says(memory, dtype, layout, examples):
    source = layout(examples(dtype))
    tensor = memory.from_numpy(source, device="cpu")
    assert (tensor.data_ptr() == source.ctypes.data) == memory.shares_in(NUMPY.facts(source), "cpu")


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


def test_a_copy_sees_no_later_write(memory):
    source = np.zeros((64, 64), np.uint16)
    tensor = memory.from_numpy(source, device="cpu", copy=True)
    source[:] = 1
    assert not tensor.any()
    array = memory.to_numpy(tensor, copy=True)
    tensor.fill_(3)
    assert not array.any()


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
    "tensor",
    [torch.eye(2).to_sparse(), torch.empty(2, device="meta"), torch.zeros(2).to(torch.float8_e4m3fn)],
    ids=["sparse", "meta", "float8"],
)
def test_tensors_without_numpy_counterpart_are_refused_with_a_way_out(memory, tensor):
    with pytest.raises(MemoryConversionError, match=r"dense|cast"):
        memory.to_numpy(tensor)


@given(
    array=npst.arrays(
        st.sampled_from(["bool", "u1", ">u2", "u2", "i4", "<u8", ">f4", "f8", "c8"]),
        npst.array_shapes(min_dims=1, min_side=0, max_side=4),
    ),
    data=st.data(),
)
def test_drawn_views_keep_their_values(memory, array, data):
    view = np.asarray(array[data.draw(npst.basic_indices(array.shape))])
    plain = np.array(view.tolist(), view.dtype.newbyteorder("=")).reshape(view.shape)
    back = memory.to_numpy(memory.from_numpy(view, device="cpu"))
    assert (back.shape, back.dtype) == (plain.shape, plain.dtype)
    assert np.array_equal(back, plain, equal_nan=plain.dtype.kind in "fc")
