"""The contracts of arrays: memory types and converters between them."""

from __future__ import annotations

import contextlib
import enum
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

from openhcs_host.contracts.provided import Provided

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ArrayFacts", "Availability", "ConversionCost", "Converter", "MemoryType"]


class ConversionCost(enum.IntEnum):
    """What one edge between two memory types costs; routes add these up, cheapest first."""

    ZERO_COPY = 0
    """Both arrays are views of one memory."""
    DEVICE_COPY = 1
    """One copy that stays on the device; on the CPU, one copy in the memory of the host."""
    HOST_ROUND_TRIP = 100
    """Across the bus, between a device and the memory of the host."""


@attrs.frozen
class Availability:
    """Whether an array library can be used here, found out without importing it."""

    state: Literal["ready", "library missing", "driver missing", "driver too old", "no device"]
    """``ready``, or what is missing."""
    detail: str
    """For people: what was looked for and what was found."""
    mend: str = ""
    """The command, or what else a person can do; empty if it is ready."""

    def __str__(self) -> str:
        """Return what is there or missing and what mends it, as one text."""
        return f"{self.detail}. To mend it: {self.mend}" if self.mend else self.detail


@attrs.frozen
class ArrayFacts:
    """What is known of an array without reading a value."""

    shape: tuple[int, ...]
    """Lengths of the axes, slowest first."""
    dtype: str
    """NumPy's name of the element type in native byte order: ``uint16``, ``bfloat16``."""
    device: str
    """``cpu``, ``cuda:0``, ``opencl:0``."""
    nbytes: int
    """Bytes of the elements."""
    writable: bool = True
    """Whether its owner may write to it; libraries of immutable arrays say ``False``."""
    contiguous: bool = True
    """C order without gaps."""
    native: bool = True
    """Native byte order, aligned, and no stride negative or zero."""


class MemoryType(Provided, ABC):
    """One array library: which arrays are its own, where they live, how they come and go.

    The plugin's module imports neither the library nor anything heavy: both come with the first array.
    The module prefixes are also announced in metadata (``openhcs.array``), so that an array's owner is
    found without importing anything.
    """

    module_prefixes: ClassVar[tuple[str, ...]]
    """First components of the modules that its array classes come from, for example ``("torch",)``."""
    dlpack_devices: ClassVar[frozenset[str]] = frozenset()
    """Kinds of devices (``cuda``) whose arrays ``from_dlpack`` takes and its own arrays give, staying there."""
    immutable: ClassVar[bool] = False
    """Whether nobody can write to its arrays, whatever they were made of."""

    @abstractmethod
    def owns(self, array: object) -> bool:
        """Whether ``array`` is one of this library's arrays. Imports nothing."""

    @abstractmethod
    def devices(self) -> Sequence[str]:
        """Return the usable devices, the default first: ``("cpu",)``, ``("cuda:0", "cpu")``."""

    def missing_device(self, device: str) -> Availability:
        """Say why a device that is not among ``devices()`` cannot be used, as far as the library can tell."""
        return Availability("no device", f"there is no {device}")

    @abstractmethod
    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype, device and layout of one of its arrays.

        Raises ``MemoryConversionError`` for one without plain values in memory: sparse, quantised, spread out.
        """

    @abstractmethod
    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return the dtype in which values of ``dtype`` are kept here, ``None`` if they cannot be.

        Mostly ``dtype`` itself; a wider one where that keeps every value (``uint16`` as ``float32``).
        """

    @abstractmethod
    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return equal values as a NumPy array.

        ``copy`` follows the array API: ``None`` shares where that is safe, ``True`` always copies,
        ``False`` shares or raises ``MemoryConversionError``. What is shared with an array that nobody
        may write to is read-only. No value is ever changed.
        """

    @abstractmethod
    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return equal values as this library's array on ``device``; ``copy`` as in ``to_numpy``.

        ``given`` says that nobody else uses ``array`` any more, so that sharing its memory is always
        safe. The dtype is ``holds(array.dtype)``. Raises ``MemoryConversionError`` for what cannot be
        kept, before the library sees it.
        """

    @abstractmethod
    def shares_out(self, facts: ArrayFacts) -> bool:
        """Whether ``to_numpy(copy=None)`` of such an array is a view."""

    @abstractmethod
    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Whether ``from_numpy(copy=None)`` of such a NumPy array is a view."""

    @abstractmethod
    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D arrays of this library into a new [Z, Y, X] array of its own memory.

        Raises ``ArrayError`` when there are none, or shapes or dtypes differ.
        """

    @abstractmethod
    def unstack(self, stack: Any) -> list[Any]:
        """Return the planes of a [Z, Y, X] array, as views where the library has them."""

    @abstractmethod
    def cast(self, array: Any, dtype: str) -> Any:
        """Return the array in another dtype as the library casts; the host has checked that it may."""

    def shares_on_demand(self, array: np.ndarray[Any, Any], device: str | None = None) -> bool:
        """Whether ``from_numpy(copy=False)`` is a view of this array, although ``copy=None`` copies it.

        So it is in libraries of immutable arrays, for memory that they can take: whoever demands it vouches that
        nobody writes to ``array`` any more.
        """
        return False

    def from_dlpack(self, array: Any, *, copy: bool | None = None) -> Any:
        """Return a foreign device array, of a kind in ``dlpack_devices``, as this library's on that device.

        ``True`` copies, ``None`` and ``False`` share: the host, who knows both sides, has seen to it that nobody
        can write to what the other side takes for constant. The library passes its current stream to the
        producer, which orders its work before it.
        """
        raise NotImplementedError(f"the {self.key} memory type takes no device arrays")

    def to_device(self, array: Any, device: str) -> Any:
        """Return its own array on another of its devices; libraries with one device return the array."""
        return array

    def availability(self) -> Availability:
        """Say, cheaply and without importing the library, whether it can be used here."""
        return Availability("ready", "")

    def stream(self, device: str | None = None) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which this thread's work runs on a stream of its own; default: nothing."""
        return contextlib.nullcontext()

    def memory_info(self, device: str | None = None) -> tuple[int, int] | None:
        """Return free and total bytes of a device, ``None`` where the library does not tell."""
        return None

    def free(self, device: str | None = None) -> None:
        """Give cached memory back to the device. Libraries without a cache do nothing."""
        return

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether the library raised ``error`` because a device ran out of memory."""
        return isinstance(error, MemoryError)


class Converter(Provided, ABC):
    """One directed edge between two memory types; its key is ``source.target``.

    A provider's edge goes before the host's generic one of equal cost.
    """

    cost: ClassVar[ConversionCost]
    """Cost of the edge in the good case."""

    @abstractmethod
    def convert(self, array: Any, *, device: str | None = None, copy: bool | None = None) -> Any:
        """Return equal values as the target's array, or raise ``MemoryConversionError``."""
