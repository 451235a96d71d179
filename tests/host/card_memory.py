"""A memory type of the tests: accelerators of 64 KiB with a cache, whose streams are numbers.

Installed as somebody's distribution. Its arrays are NumPy's, which know their device; ``empty`` counts what
is alive on it, and blocks that are let go stay in a cache until ``free``.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import MemoryConversionError

OPENHCS_API = 1
CAPACITY = 65536
used = {"card:0": 0, "card:1": 0}
cached = {"card:0": 0, "card:1": 0}
current = threading.local()
numbers = itertools.count(1)


class CardMemoryError(RuntimeError):
    pass


class CardArray(np.ndarray):
    def __array_finalize__(self, other):
        self.place = getattr(other, "place", "cpu")


def empty(shape, dtype, device):
    array = CardArray(shape, dtype)
    array.place = device
    if device != "cpu":
        if used[device] + cached[device] + array.nbytes > CAPACITY:
            raise CardMemoryError(f"{device} cannot allocate {array.nbytes} bytes")
        used[device] += array.nbytes
        weakref.finalize(array, _into_the_cache, device, array.nbytes)
    return array


def _into_the_cache(device, nbytes):
    used[device] -= nbytes
    cached[device] += nbytes


def placed(values, device, dtype=None):
    array = empty(values.shape, dtype or values.dtype.newbyteorder("="), device)
    with np.errstate(invalid="ignore"):
        np.copyto(array, values, casting="unsafe")
    return array


class Card(MemoryType):
    key = "card"
    module_prefixes = ("card_memory",)
    dlpack_devices = frozenset({"card"})

    def owns(self, array):
        return isinstance(array, CardArray)

    def devices(self):
        return ("card:0", "card:1", "cpu")

    def facts(self, array):
        return ArrayFacts(array.shape, array.dtype.name, array.place, array.nbytes)

    def holds(self, dtype, device=None):
        return None if "complex" in dtype else dtype

    def to_numpy(self, array, *, copy=None):
        if copy is False:
            raise MemoryConversionError("card", "numpy", "to_numpy", "a card's memory cannot be shared")
        return np.array(array, subok=False)

    def from_numpy(self, array, *, device=None, copy=None, given=False):
        return placed(array, device or "card:0")

    def shares_out(self, facts):
        return False

    def shares_in(self, facts, device=None):
        return False

    def stack(self, slices):
        stack = empty((len(slices), *slices[0].shape), slices[0].dtype, slices[0].place)
        for target, plane in zip(stack, slices, strict=True):
            target[...] = plane
        return stack

    def unstack(self, stack):
        return list(stack)

    def cast(self, array, dtype):
        return placed(array, array.place, dtype)

    def from_dlpack(self, array, *, copy=None):
        return placed(array, array.place) if copy else array

    def to_device(self, array, device):
        return placed(array, device)

    @contextlib.contextmanager
    def stream(self, device=None):
        outer = getattr(current, "stream", None)
        current.stream = next(numbers), device
        try:
            yield current.stream
        finally:
            current.stream = outer

    def memory_info(self, device=None):
        return None if device == "cpu" else (CAPACITY - used[device] - cached[device], CAPACITY)

    def free(self, device=None):
        if device != "cpu":
            cached[device] = 0

    def is_out_of_memory(self, error):
        return isinstance(error, CardMemoryError)


@hookimpl
def openhcs_create_memory(key):
    return Card()
