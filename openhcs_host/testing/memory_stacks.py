"""The memory kit: stacks are new arrays in the order of their planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import ArrayError
from openhcs_host.testing.arrays import assert_equal, image, values_of
from openhcs_host.testing.memory_base import MemoryBase

__all__ = ["StacksKit"]


class StacksKit(MemoryBase):
    """``stack`` and ``unstack``."""

    def _planes(self, memory: MemoryType, number: int = 3) -> tuple[list[Any], list[Any]]:
        whole = image(self._pixel(memory), (number, 3, 4))
        return list(whole), [memory.from_numpy(plane.copy(), copy=True) for plane in whole]

    def test_a_stack_has_its_planes_in_order(self, memory: MemoryType) -> None:
        """[Z, Y, X]: plane z of the stack is slice z, in dtype, device and values; one slice is enough."""
        for device in memory.devices():
            for number in (1, 3):
                arrays, planes = self._planes(memory, number)
                stack = memory.stack([memory.to_device(plane, device) for plane in planes])
                facts = memory.facts(stack)
                assert memory.owns(stack) and facts.device == device
                assert facts.shape == (number, 3, 4)
                assert_equal(self.read(stack), np.stack(arrays), f"a stack of {number} on {device}")

    def test_a_stack_is_memory_of_its_own(self, memory: MemoryType) -> None:
        """Writing to a stack does not reach its slices, nor the other way round; also of one slice."""
        if memory.immutable:
            pytest.skip("does not apply: its arrays cannot be written to")
        for number in (1, 3):
            arrays, planes = self._planes(memory, number)
            self.overwrite(memory.stack(planes))
            for plane, array in zip(planes, arrays, strict=True):
                assert_equal(self.read(plane), array, f"a slice after its stack of {number} was overwritten")
            stack = memory.stack(planes)
            for plane in planes:
                self.overwrite(plane)
            assert_equal(self.read(stack), np.stack(arrays), f"a stack of {number} after its slices changed")

    def test_slices_that_do_not_belong_together_are_refused(self, memory: MemoryType) -> None:
        """None at all, other shapes or dtypes or numbers of axes, and foreign objects are an ArrayError."""
        _, planes = self._planes(memory)
        dtype = self._pixel(memory)
        other = next(name for name in ("float32", "uint8", "int32") if name != dtype and memory.holds(name))
        foreign = memory.from_numpy(image(other), copy=True)
        wrong: list[list[Any]] = [
            [],
            [planes[0], memory.from_numpy(image(dtype, (4, 3)), copy=True)],
            [planes[0], memory.from_numpy(image(dtype, (2, 3, 4)), copy=True)],
            [memory.from_numpy(image(dtype, (2, 3, 4)), copy=True)],
            [planes[0], [[1, 2], [3, 4]]],
        ]
        if memory.facts(foreign).dtype != dtype:
            wrong.append([planes[0], foreign])
        for slices in wrong:
            with pytest.raises(ArrayError):
                memory.stack(slices)

    def test_unstacking_gives_the_planes_back(self, memory: MemoryType) -> None:
        """A list of 2-D arrays of its own, in order, on the same device."""
        for device in memory.devices():
            array = image(self._pixel(memory), (3, 4, 5))
            stack = memory.to_device(memory.from_numpy(array.copy(), copy=True), device)
            planes = memory.unstack(stack)
            assert isinstance(planes, list) and len(planes) == 3
            for number, plane in enumerate(planes):
                assert memory.owns(plane) and memory.facts(plane).device == device
                assert_equal(self.read(plane), array[number], f"plane {number} on {device}")
            again = memory.stack(planes)
            assert_equal(self.read(again), array, "stacked again")

    def test_unstacking_leaves_the_stack_alone(self, memory: MemoryType) -> None:
        """The stack has its values afterwards."""
        array = image(self._pixel(memory), (3, 4, 5))
        stack = memory.from_numpy(array.copy(), copy=True)
        memory.unstack(stack)
        assert values_of(self.read(stack)) == values_of(array)
