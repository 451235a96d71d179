"""The NumPy memory type: nothing changes, stacks are your own."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.errors import ArrayError, MemoryConversionError


@pytest.fixture
def memory():
    with Host() as host:
        yield host.memory("numpy")


def test_it_owns_plain_arrays_only(memory):
    assert memory.owns(np.zeros(3)) and not memory.owns([1, 2]) and not memory.owns(np.float64(1))
    assert not memory.owns(np.ma.masked_array([1, 2], [True, False]))


def test_hand_over_shares_unless_asked(memory):
    array = np.arange(3)
    assert memory.to_numpy(array) is array and memory.from_numpy(array, device="cpu") is array
    mine = memory.to_numpy(array, copy=True)
    mine[0] = 9
    assert array[0] == 0


def test_a_foreign_device_or_array_is_refused(memory):
    with pytest.raises(MemoryConversionError, match="cuda:0"):
        memory.from_numpy(np.zeros(1), device="cuda:0")
    with pytest.raises(MemoryConversionError, match="list"):
        memory.to_numpy([1])


def test_a_stack_is_new_memory_of_the_same_dtype(memory):
    planes = [np.full((2, 3), n, np.uint16) for n in (1, 65535)]
    stack = memory.stack(planes)
    assert stack.shape == (2, 2, 3) and stack.dtype == np.uint16 and stack[1].max() == 65535
    stack[:] = 0
    assert planes[0][0, 0] == 1


@pytest.mark.parametrize(
    "planes",
    [
        [],
        [np.zeros(3)],
        [np.zeros((1, 2, 3))],
        [np.zeros((2, 3)), np.zeros((3, 2))],
        [np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.uint16)],
        [[[1, 2], [3, 4]]],
    ],
)
def test_what_would_need_a_guess_is_refused(memory, planes):
    with pytest.raises(ArrayError):
        memory.stack(planes)
