"""The contracts of arrays: memory types and converters between them."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from openhcs_host.contracts.provided import Provided

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ConversionCost", "Converter", "MemoryType"]


class ConversionCost(enum.IntEnum):
    """What one edge between two memory types costs; routes add these up, cheapest first."""

    ZERO_COPY = 0
    """Both arrays are views of one memory."""
    DEVICE_COPY = 1
    """One copy that stays on the device."""
    HOST_ROUND_TRIP = 100
    """Through the memory of the host."""


class MemoryType(Provided, ABC):
    """One array library: which arrays are its own, where they live, how they come and go."""

    module_prefixes: ClassVar[tuple[str, ...]]
    """First components of the modules that its array classes come from, for example ``("torch",)``."""

    @abstractmethod
    def owns(self, array: object) -> bool:
        """Whether ``array`` is one of this library's arrays."""

    @abstractmethod
    def devices(self) -> Sequence[str]:
        """Return the usable devices, the default first: ``("cpu",)``, ``("cuda:0", "cpu")``."""

    @abstractmethod
    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return equal values as a NumPy array.

        ``copy`` follows the array API: ``None`` shares where that is safe, ``True`` always copies,
        ``False`` shares or raises ``MemoryConversionError``. No value is ever changed.
        """

    @abstractmethod
    def from_numpy(
        self, array: np.ndarray[Any, Any], *, device: str | None = None, copy: bool | None = None
    ) -> Any:
        """Return equal values as this library's array on ``device``; ``copy`` as in ``to_numpy``."""

    @abstractmethod
    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D arrays of this library into a new [Z, Y, X] array of its own memory.

        Raises ``ArrayError`` when there are none, or shapes or dtypes differ.
        """

    def free(self, device: str | None = None) -> None:
        """Give cached memory back to the device. Libraries without a cache do nothing."""
        return

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether the library raised ``error`` because a device ran out of memory."""
        return isinstance(error, MemoryError)


class Converter(Provided, ABC):
    """One directed edge between two memory types; its key is ``source.target``."""

    cost: ClassVar[ConversionCost]
    """Cost of the edge in the good case."""

    @abstractmethod
    def convert(self, array: Any, *, device: str | None = None, copy: bool | None = None) -> Any:
        """Return equal values as the target's array, or raise ``MemoryConversionError``."""
