"""The kit of memory types."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys
from typing import Any, Final

import numpy as np
import pytest

from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError
from openhcs_host.seam.host import Host
from openhcs_host.testing.arrays import assert_equal, image
from openhcs_host.testing.memory_base import needs_no_library
from openhcs_host.testing.memory_sharing import SharingKit
from openhcs_host.testing.memory_stacks import StacksKit
from openhcs_host.testing.memory_values import ValuesKit

__all__ = ["MemoryKit"]

_LIGHT: Final = """
import json, sys
from openhcs_host import Host
task = json.load(sys.stdin)
memory = Host().memory(task["key"], **task["config"])
memory.availability(), memory.owns([1]), memory.owns("text"), memory.free()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} & set(task["prefixes"]))))
"""

_HIDDEN: Final = """
import json, sys
from importlib.machinery import PathFinder
from openhcs_host import Host
from openhcs_host.errors import LibraryMissingError
task = json.load(sys.stdin)

class Hiding:
    # Finds what the path holds, but for the library: as in an environment without it.
    find_distributions = PathFinder.find_distributions

    @staticmethod
    def find_spec(name, path=None, target=None):
        hidden = name.partition(".")[0] in task["prefixes"]
        return None if hidden else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
memory, raised = Host().memory(task["key"], **task["config"]), None
found = memory.availability()
try:
    memory.devices()
except LibraryMissingError as error:
    raised = [error.state, str(error)]
print(json.dumps([found.state, found.mend, raised]))
"""


class MemoryKit(ValuesKit, SharingKit, StacksKit):
    """Certifies a memory type.

    ::

        class TestTorch(MemoryKit):
            key = "torch"

    Where the library is missing, everything that needs it is skipped, and says so.
    """

    @needs_no_library
    def test_its_class_says_what_it_is(self, memory: MemoryType) -> None:
        """Key, prefixes, devices of DLPack and immutability stand on the class."""
        cls = type(memory)
        assert memory.key == self.key
        assert cls.module_prefixes and all(name.isidentifier() for name in cls.module_prefixes)
        assert isinstance(cls.module_prefixes, tuple)
        assert isinstance(cls.dlpack_devices, frozenset) and "cpu" not in cls.dlpack_devices
        assert isinstance(cls.immutable, bool)

    @needs_no_library
    def test_its_arrays_are_announced(self, memory: MemoryType, host: Host) -> None:
        """Each prefix stands in the entry-point group ``openhcs.array`` of its distribution."""
        for prefix in type(memory).module_prefixes:
            assert host.index.arrays.get(prefix) == self.key, (
                f'announce it: [project.entry-points."openhcs.array"] {prefix} = "{self.key}"'
            )

    @needs_no_library
    def test_its_state_is_told_without_the_library(self, memory: MemoryType) -> None:
        """Creating it, ``availability``, ``owns`` and ``free`` import no array library, in a clean process."""
        found = memory.availability()
        assert isinstance(found, Availability)
        assert found.state == "ready" or (found.detail and found.mend), (
            f"{found!r} does not say what mends it"
        )
        assert self._elsewhere(_LIGHT, memory) == [], "the library is imported before an array is there"

    @needs_no_library
    def test_a_missing_library_is_a_state_and_an_error(self, memory: MemoryType) -> None:
        """Without the library ``availability`` says so and what mends it, and so does the error of what needs it."""
        ready = memory.availability().state == "ready"
        if ready and not any(map(importlib.util.find_spec, self._libraries(memory))):
            pytest.skip("does not apply: it needs no library that could be missing")
        state, mend, raised = self._elsewhere(_HIDDEN, memory)
        assert state == "library missing" and mend, f"{state!r}, to be mended by {mend!r}"
        assert raised is not None, "devices() raises no LibraryMissingError"
        assert raised[0] == state and mend in raised[1], f"the error does not say how to mend it: {raised[1]}"

    def _libraries(self, memory: MemoryType) -> list[str]:
        return [name for name in type(memory).module_prefixes if name != "numpy"]  # the host's own

    def _elsewhere(self, program: str, memory: MemoryType) -> Any:
        """Return what a program prints about the memory type, in a process of its own."""
        task = {"key": self.key, "config": dict(self.config), "prefixes": self._libraries(memory)}
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @needs_no_library
    def test_closing_twice_does_nothing(self, memory: MemoryType) -> None:
        """``close`` may be called again."""
        memory.close()
        memory.close()

    @needs_no_library
    def test_another_process_can_recreate_it(self, host: Host, memory: MemoryType) -> None:
        """The host's description is picklable and creates the same again."""
        spec = pickle.loads(pickle.dumps(host.describe(memory)))
        with Host(host.index) as other:
            assert type(other.create(spec)) is type(memory)

    def test_it_owns_its_arrays_and_no_others(self, memory: MemoryType, host: Host) -> None:
        """``owns`` is true of arrays that it made, and the host finds their owner by their type."""
        array, made = self._plane(memory)
        assert memory.owns(made)
        assert host.memory_type_of(made) == self.key, f"{type(made).__module__} is not among the prefixes"
        masked = np.ma.masked_array(array, array > 3)
        foreign: list[object] = [[1, 2], 1, None, "text", array.tobytes(), masked, type(made), np.float32(1)]
        if self.key != "numpy":
            foreign.append(array)
        for odd in foreign:
            assert not memory.owns(odd), f"it owns a {type(odd).__name__}"

    def test_its_devices_have_names(self, memory: MemoryType) -> None:
        """At least one; ``cpu`` or a kind with an index; none twice."""
        names = list(memory.devices())
        assert names and len(set(names)) == len(names)
        for name in names:
            assert re.fullmatch(r"cpu|[a-z][a-z0-9_]*:\d+", name), name

    def test_facts_are_true_of_new_arrays(self, memory: MemoryType) -> None:
        """Shape, dtype, device, bytes and layout of an array that was just made."""
        for device in memory.devices():
            array = image(self._pixel(memory), (2, 3, 4))
            facts = memory.facts(memory.from_numpy(array, device=device, copy=True))
            assert facts == ArrayFacts(
                (2, 3, 4), array.dtype.name, device, array.nbytes, writable=not memory.immutable
            )
            assert type(facts.shape) is tuple and all(type(length) is int for length in facts.shape)

    def test_arrays_live_where_they_were_sent(self, memory: MemoryType) -> None:
        """On the device named; without a name on the first; another device is refused."""
        array = image(self._pixel(memory))
        names = list(memory.devices())
        assert memory.facts(memory.from_numpy(array)).device == names[0], "the first device is the default"
        for name in names:
            there = memory.from_numpy(array, device=name)
            assert memory.facts(there).device == name
            for other in names:
                moved = memory.to_device(there, other)
                assert memory.facts(moved).device == other
                assert_equal(self.read(moved), array, f"from {name} to {other}")
        with pytest.raises((ArrayError, MemoryConversionError)):
            memory.from_numpy(array, device="nowhere:7")

    def test_device_arrays_of_its_own_go_over_dlpack(self, memory: MemoryType) -> None:
        """``from_dlpack`` takes arrays of each kind in ``dlpack_devices`` and leaves them there."""
        there = [name for name in memory.devices() if name.partition(":")[0] in type(memory).dlpack_devices]
        if not there:
            pytest.skip("does not apply: no device of dlpack_devices is here")
        for name in there:
            array = image(self._pixel(memory))
            for copy in (None, True):
                source = memory.from_numpy(array, device=name)
                taken = memory.from_dlpack(source, copy=copy)
                assert memory.owns(taken) and memory.facts(taken).device == name
                assert_equal(self.read(taken), array, f"over DLPack on {name}")
                if copy and not memory.immutable:
                    self.overwrite(source)
                    assert_equal(self.read(taken), array, f"a copy over DLPack on {name}")

    def test_memory_of_devices_is_told_or_not(self, memory: MemoryType) -> None:
        """``memory_info`` gives free and total bytes, or ``None``."""
        for device in (None, *memory.devices()):
            found = memory.memory_info(device)
            if found is not None:
                free, total = found
                assert type(free) is int and type(total) is int and 0 <= free <= total > 0

    def test_freeing_leaves_arrays_alone(self, memory: MemoryType) -> None:
        """Giving cached memory back, as often as one likes, changes no array."""
        array, made = self._plane(memory)
        for device in (None, *memory.devices()):
            memory.free(device)
            memory.free(device)
        assert_equal(self.read(made), array, "after free")

    def test_out_of_memory_is_told_from_other_errors(self, memory: MemoryType) -> None:
        """The library's errors and Python's are recognised, others are not."""
        for make in self.out_of_memory:
            assert memory.is_out_of_memory(make()), f"{make()!r} is not recognised"
        for error in (ValueError("wrong shape"), RuntimeError("something else"), KeyError("memory")):
            assert not memory.is_out_of_memory(error), f"{error!r} is taken for want of memory"

    def test_a_stream_is_a_context(self, memory: MemoryType) -> None:
        """Work inside ``stream`` gives the same values; contexts may follow each other."""
        for device in (None, *memory.devices()):
            for _ in range(2):
                with memory.stream(device):
                    array, made = self._plane(memory)
                    out = memory.to_numpy(made)
                assert_equal(out, array, f"on a stream of {device}")
