"""The memory kit: values, dtypes, shapes and layouts stay what they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from openhcs_host.arrays.casting import dtype_named
from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import MemoryConversionError
from openhcs_host.testing.arrays import (
    DTYPES,
    Case,
    assert_equal,
    cases_of_dtypes,
    cases_of_layouts,
    values_of,
)
from openhcs_host.testing.memory_base import MemoryBase

__all__ = ["ValuesKit"]


class ValuesKit(MemoryBase):
    """What goes in is what is there, and what comes out."""

    def test_every_dtype_is_kept_or_refused(self, memory: MemoryType) -> None:
        """Each value of each dtype arrives as ``holds`` says; what cannot be kept is an error."""
        for device in memory.devices():
            for case in cases_of_dtypes():
                kept = memory.holds(case.array.dtype.name, device)
                where = f"{case.name} on {device}"
                if kept is None:
                    with pytest.raises(MemoryConversionError) as caught:
                        memory.from_numpy(case.array, device=device)
                    assert len(caught.value.reason) > 10, f"the refusal of {where} gives no reason"
                    continue
                expected = case.array.astype(dtype_named(kept))
                back = expected.astype(case.array.dtype.newbyteorder("="))
                assert values_of(back) == values_of(case.array), (
                    f"{kept} does not keep every value of {where}"
                )
                made = memory.from_numpy(case.array, device=device)
                assert memory.owns(made), f"{where} became a {type(made).__name__}"
                assert memory.facts(made).dtype == kept, f"{where}: facts and holds name different dtypes"
                assert_equal(self.read(made), expected, where)

    def test_every_dtype_comes_back(self, memory: MemoryType) -> None:
        """``to_numpy`` gives the values in the dtype in which they are kept."""
        for case in cases_of_dtypes():
            kept = memory.holds(case.array.dtype.name)
            if kept is not None:
                made = memory.from_numpy(case.array)
                for copy in (None, True):
                    back = memory.to_numpy(made, copy=copy)
                    if self.key == "numpy":
                        back = back.astype(back.dtype.newbyteorder("="))
                    assert_equal(back, case.array.astype(dtype_named(kept)), f"{case.name}, copy={copy}")

    def test_what_is_no_number_is_refused(self, memory: MemoryType) -> None:
        """Text, objects, dates and records are not held."""
        if self.key == "numpy":
            pytest.skip("does not apply: NumPy holds them")
        odd = [
            np.array(["a", "b"]),
            np.array([None, 1], object),
            np.array(["2026-01-01"], "datetime64[D]"),
            np.zeros(2, [("x", "u2"), ("y", "f4")]),
        ]
        for array in odd:
            assert memory.holds(array.dtype.name) is None, f"holds({array.dtype.name!r}) is not None"
            with pytest.raises(MemoryConversionError):
                memory.from_numpy(array)

    def test_every_layout_keeps_its_values(self, memory: MemoryType) -> None:
        """Order of memory, gaps, direction, alignment and read-only memory make no difference to values."""
        for device in memory.devices():
            for dtype in DTYPES:
                if memory.holds(dtype, device) is not None:
                    self._keeps_layouts(memory, dtype, device)

    def _keeps_layouts(self, memory: MemoryType, dtype: str, device: str) -> None:
        kept = dtype_named(memory.holds(dtype, device) or dtype)
        for case in cases_of_layouts(dtype):
            for copy in (None, True):
                made = self._taken(memory, case, device=device, copy=copy)
                if made is None:
                    continue
                where = f"{case.name} on {device}, copy={copy}"
                expected = case.array.astype(kept)
                assert_equal(self.read(made), expected, where)
                assert memory.facts(made).shape == case.array.shape, f"{where}: facts tell another shape"
                assert_equal(memory.to_numpy(made), expected, f"{where}, and back")

    def test_memory_that_was_given_keeps_its_values(self, memory: MemoryType) -> None:
        """``given=True`` changes nothing but who may use the memory."""
        for case in cases_of_layouts(self._pixel(memory)):
            expected = case.array.copy()
            made = self._taken(memory, case, given=True)
            if made is not None:
                assert_equal(self.read(made), expected, case.name)

    def test_the_source_stays_as_it_is(self, memory: MemoryType) -> None:
        """Converting an array changes neither its values nor whether it may be written to."""
        for case in cases_of_layouts(self._pixel(memory)):
            before, flags = values_of(case.array), case.array.flags.writeable
            made = self._taken(memory, case)
            assert values_of(case.array) == before and case.array.flags.writeable == flags, case.name
            if made is not None:
                memory.to_numpy(made, copy=True)[...] = 0
                assert values_of(case.array) == before, f"{case.name}: changed through a copy"

    def test_views_of_the_library_come_out_with_their_values(self, memory: MemoryType) -> None:
        """Parts and steps of its arrays are read as the library shows them."""
        array, made = self._plane(memory)
        for name, view in self.views.items():
            expected = view(array)
            for copy in (None, True):
                assert_equal(memory.to_numpy(view(made), copy=copy), expected, f"{name}, copy={copy}")
            facts = memory.facts(view(made))
            assert (facts.shape, facts.dtype) == (expected.shape, expected.dtype.name), name

    def test_casting_gives_the_dtype_and_the_values(self, memory: MemoryType) -> None:
        """``cast`` between dtypes that both hold a value gives that value, in a new array."""
        held = [dtype for dtype in DTYPES if memory.holds(dtype) == dtype]
        start = np.array([[0, 1, 2], [3, 100, 7]])
        for given in held:
            for wanted in held:
                if "bool" in (given, wanted) or (given.startswith("c") and not wanted.startswith("c")):
                    continue  # no question of values
                source = memory.from_numpy(start.astype(DTYPES[given]))
                made = memory.cast(source, wanted)
                assert memory.facts(made).dtype == wanted, f"{given} to {wanted}"
                assert_equal(self.read(made), start.astype(DTYPES[wanted]), f"{given} to {wanted}")
                assert_equal(self.read(source), start.astype(DTYPES[given]), f"the source of {wanted}")

    def test_threads_do_not_disturb_each_other(self, memory: MemoryType) -> None:
        """Conversions at the same time give each thread its own values."""
        dtype = self._pixel(memory)

        def there_and_back(number: int) -> None:
            plane = Case(f"thread {number}", np.full((64, 65), number).astype(dtype), np.empty(0))
            for _ in range(5):
                made = memory.from_numpy(plane.array, copy=True)
                assert_equal(memory.to_numpy(made)[:2], plane.array[:2], plane.name)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(there_and_back, range(8)))
