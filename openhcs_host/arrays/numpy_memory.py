"""The memory type ``numpy``, the host's own, registered by the entry points as everybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from openhcs_host.arrays.dtypes import name_of
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import MemoryConversionError
from openhcs_host.seam.hookspecs import hookimpl

__all__ = ["NumpyMemory"]

OPENHCS_API = 1


class NumpyMemory(MemoryType):
    """NumPy arrays in the memory of the host."""

    key = "numpy"
    module_prefixes: ClassVar[tuple[str, ...]] = ("numpy",)

    def owns(self, array: object) -> bool:
        """Whether ``array`` is an ``ndarray``; subclasses with a meaning of their own are not plain arrays."""
        return isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)

    def devices(self) -> Sequence[str]:
        """Return ``("cpu",)``."""
        return ("cpu",)

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return ``array`` itself, or a copy when asked."""
        if not self.owns(array):
            raise MemoryConversionError(
                type(array).__name__, "numpy", "identity", "it is not a NumPy array; convert it first"
            )
        result: np.ndarray[Any, Any] = array.copy() if copy else array
        return result

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype and layout."""
        native: bool = array.dtype.isnative and array.flags.aligned
        return ArrayFacts(
            shape=array.shape,
            dtype=name_of(array.dtype),
            device="cpu",
            nbytes=array.nbytes,
            writable=array.flags.writeable,
            contiguous=array.flags.c_contiguous,
            native=native and all(stride > 0 for stride in array.strides),
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype``; NumPy, with the extension types that others bring, holds every one."""
        return dtype

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Return ``True``: the array is its own view."""
        return True

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``True``: the array is its own view."""
        return True

    def unstack(self, stack: Any) -> list[np.ndarray[Any, Any]]:
        """Return views of the planes."""
        return list(stack)

    def cast(self, array: Any, dtype: str) -> np.ndarray[Any, Any]:
        """Return the array as ``astype`` makes it."""
        result: np.ndarray[Any, Any] = array.astype(dtype)
        return result

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> np.ndarray[Any, Any]:
        """Return ``array`` itself, or a copy when asked."""
        if device not in (None, "cpu"):
            raise MemoryConversionError("numpy", "numpy", "identity", f"NumPy has no device {device!r}")
        return self.to_numpy(array, copy=copy)

    def stack(self, slices: Sequence[Any]) -> np.ndarray[Any, Any]:
        """Stack 2-D arrays of one shape and dtype into a new [Z, Y, X] array."""
        check_slices(self, slices)
        return np.stack(slices)


@hookimpl
def openhcs_create_memory(key: str) -> NumpyMemory:
    """Create the NumPy memory type."""
    return NumpyMemory()
