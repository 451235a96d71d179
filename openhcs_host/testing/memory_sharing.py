"""The memory kit: who shares memory with whom, and who may write to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import MemoryConversionError
from openhcs_host.seam.host import Host
from openhcs_host.testing.arrays import Case, assert_equal, cases_of_layouts, image, values_of
from openhcs_host.testing.memory_base import MemoryBase

__all__ = ["SharingKit"]


class SharingKit(MemoryBase):
    """``copy=`` is kept, nothing read-only is written to, and what is promised of sharing is true."""

    def test_what_is_shared_on_the_way_in_is_foretold(self, memory: MemoryType, host: Host) -> None:
        """A later change of the source shows in the array if ``shares_in`` says so, and only then."""
        for device in memory.devices():
            for case in cases_of_layouts(self._pixel(memory)):
                foretold = memory.shares_in(_numpy_facts(host, case), device)
                made = self._taken(memory, case, device=device)
                if made is None or case.array.size == 0:
                    continue
                before = case.array.copy()
                _change(case)
                shows = values_of(self.read(made)) != values_of(before)
                assert shows == foretold, (
                    f"{case.name} on {device}: shares_in says {foretold}, and a later change "
                    f"{'shows' if shows else 'does not show'}"
                )

    def test_a_copy_never_sees_later_writes(self, memory: MemoryType, host: Host) -> None:
        """The source may be overwritten as soon as ``from_numpy`` has returned."""
        dtype = self._pixel(memory)
        for attempt in range(6):
            memory_block = np.empty(2**17 * np.dtype(dtype).itemsize + 64, np.uint8)
            offset = -memory_block.ctypes.data % 64 + (16 if attempt % 2 else 0)
            array = memory_block[offset:][: 2**16 * np.dtype(dtype).itemsize].view(dtype).reshape(256, 256)
            array[...] = 7
            made = memory.from_numpy(array, copy=True)
            array[...] = 9
            assert (self.read(made) == 7).all(), "a copy changed when its source was overwritten"
            array[...] = 7
            if not memory.shares_in(_numpy_facts(host, Case("large", array, array))):
                made = memory.from_numpy(array)
                array[...] = 9
                assert (self.read(made) == 7).all(), "an array changed when its source was overwritten"

    def test_a_copy_on_the_way_in_is_independent(self, memory: MemoryType) -> None:
        """With ``copy=True`` a change on either side does not show on the other."""
        for case in cases_of_layouts(self._pixel(memory)):
            made = self._taken(memory, case, copy=True)
            if made is None or case.array.size == 0:
                continue
            before = case.array.copy()
            if not memory.immutable:
                self.overwrite(made)
                assert values_of(case.array) == values_of(before), f"{case.name}: writing reached the source"
                made = memory.from_numpy(case.array, copy=True)
            _change(case)
            assert_equal(self.read(made), before, f"{case.name} after the source was changed")

    def test_without_a_copy_in_it_shares_as_foretold_or_refuses(self, memory: MemoryType, host: Host) -> None:
        """With ``copy=False`` it shares where ``shares_in`` or ``shares_on_demand`` say so, else it refuses."""
        for device in memory.devices():
            for case in cases_of_layouts(self._pixel(memory)):
                foretold = memory.shares_in(_numpy_facts(host, case), device)
                foretold = foretold or memory.shares_on_demand(case.array, device)
                where = f"{case.name} on {device}, copy=False"
                try:
                    made = memory.from_numpy(case.array, device=device, copy=False)
                except MemoryConversionError as error:
                    assert len(error.reason) > 10, f"{where}: the refusal gives no reason"
                    assert not foretold or case.may_be_refused, (
                        f"{where}: sharing was foretold, and is refused"
                    )
                    continue
                assert foretold, f"{where}: it shares, and that was not foretold"
                if case.array.size:
                    before = case.array.copy()
                    _change(case)
                    shows = values_of(self.read(made)) != values_of(before)
                    assert shows, f"{where}: it was copied"

    def test_read_only_memory_is_never_written_to(self, memory: MemoryType) -> None:
        """Whatever ``copy`` is, an array made of read-only memory does not lead back to it."""
        if memory.immutable:
            pytest.skip("does not apply: its arrays cannot be written to")
        for case in cases_of_layouts(self._pixel(memory)):
            if case.array.flags.writeable and 0 not in case.array.strides:
                continue
            for copy in (None, False, True):
                before = values_of(case.owner)
                try:
                    made = memory.from_numpy(case.array, copy=copy)
                    if memory.facts(made).writable:
                        self.overwrite(made)
                except MemoryConversionError:
                    assert copy is False or case.may_be_refused, f"{case.name} was refused with copy={copy}"
                    continue
                if not case.array.flags.writeable:
                    assert values_of(case.owner) == before, f"{case.name}, copy={copy}: it was written to"

    def test_what_is_shared_on_the_way_out_is_foretold(self, memory: MemoryType) -> None:
        """``to_numpy`` gives a view if ``shares_out`` says so, and only then; it tells who may write."""
        for device in memory.devices():
            _, made = self._plane(memory)
            made = memory.to_device(made, device)
            for name, view in {"the whole": _whole, **self.views}.items():
                part = view(made)
                facts = memory.facts(part)
                first, second = memory.to_numpy(part), memory.to_numpy(part)
                shares = bool(np.shares_memory(first, second))
                assert shares == memory.shares_out(facts), f"{name} on {device}: shared {shares}"
                if shares:
                    assert first.flags.writeable == facts.writable, (
                        f"{name} on {device}: who may write to it?"
                    )
                    assert first.flags.c_contiguous == facts.contiguous, f"{name}: facts on contiguity"
            if not memory.immutable:
                before = memory.to_numpy(made, copy=True)
                shown = memory.to_numpy(made)
                self.overwrite(made)
                changed = values_of(shown) != values_of(before)
                assert changed == memory.shares_out(memory.facts(made)), (
                    f"{device}: a change shows: {changed}"
                )

    def test_a_copy_on_the_way_out_is_independent(self, memory: MemoryType) -> None:
        """With ``copy=True`` the NumPy array is writable and leads nowhere."""
        array, made = self._plane(memory)
        out = memory.to_numpy(made, copy=True)
        assert out.flags.writeable, "a copy is read-only"
        out[...] = 0
        assert_equal(self.read(made), array, "after a copy was overwritten")
        if not memory.immutable:
            kept = memory.to_numpy(made, copy=True)
            self.overwrite(made)
            assert_equal(kept, array, "a copy after its source was overwritten")

    def test_without_a_copy_out_it_shares_or_refuses(self, memory: MemoryType) -> None:
        """With ``copy=False`` every view is of the same memory, or it was refused."""
        _, made = self._plane(memory)
        try:
            first = memory.to_numpy(made, copy=False)
        except MemoryConversionError:
            assert not memory.shares_out(memory.facts(made)), "it shares unasked and refuses when asked"
            return
        assert np.shares_memory(first, memory.to_numpy(made, copy=False)), "copy=False, and it was copied"
        assert first.flags.writeable == memory.facts(made).writable

    def test_whether_an_array_can_be_written_to_is_foretold(self, memory: MemoryType) -> None:
        """``immutable`` on the class and ``writable`` of a new array agree with the library."""
        array, made = self._plane(memory)
        assert memory.facts(made).writable == (not memory.immutable)
        if not memory.immutable:
            self.overwrite(made)
            assert values_of(self.read(made)) != values_of(array), "`overwrite` of the kit changes nothing"
            return
        try:
            self.overwrite(made)
        except Exception:  # noqa: BLE001 - whatever the library raises, it was not written to
            return
        assert_equal(self.read(made), array, "an immutable array was overwritten")


def _numpy_facts(host: Host, case: Case) -> ArrayFacts:
    return host.memory("numpy").facts(case.array)


def _whole(array: Any) -> Any:
    return array


def _change(case: Case) -> None:
    other = image(case.owner.dtype.name, (1,)).ravel()[0]
    case.owner[...] = np.where(case.owner == other, np.zeros_like(case.owner), other)
