"""The memory type ``jax``."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from openhcs_host import hookimpl
from openhcs_host.arrays.dtypes import NUMBERS, name_of
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError
from openhcs_mem_jax import library

if TYPE_CHECKING:
    import numpy as np

    from openhcs_mem_jax.conversion import Conversion

__all__ = ["JaxMemory"]

OPENHCS_API = 1

_CUT_TO: Final = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
"""What JAX makes, without a word, of dtypes that it keeps with ``jax_enable_x64`` only."""
_ALWAYS: Final = NUMBERS - _CUT_TO.keys()


class JaxMemory(MemoryType):
    """Arrays that never change, on the CPU and on CUDA devices."""

    key = "jax"
    module_prefixes: ClassVar[tuple[str, ...]] = ("jax", "jaxlib")
    dlpack_devices: ClassVar[frozenset[str]] = frozenset({"cuda"})
    immutable: ClassVar[bool] = True

    def __init__(self) -> None:
        self._devices: dict[str, Any] = {}  # asking JAX for them takes longer than sharing an array

    @functools.cached_property
    def _jax(self) -> Any:
        return library.JAX.load(library.availability())

    @functools.cached_property
    def _conversion(self) -> Conversion:
        from openhcs_mem_jax.conversion import Conversion

        return Conversion(self._jax)

    @functools.cached_property
    def _default(self) -> str:
        return self.devices()[0]

    def owns(self, array: object) -> bool:
        """Whether ``array`` is an array with values; what stands for one while JAX traces is not."""
        jax = library.JAX.imported()
        return jax is not None and isinstance(array, jax.Array) and not isinstance(array, jax.core.Tracer)

    def availability(self) -> Availability:
        """Say whether JAX is installed, without importing it."""
        return library.availability()

    def devices(self) -> Sequence[str]:
        """Return the devices that JAX can use, its default first."""
        return library.devices(self._jax)

    def missing_device(self, device: str) -> Availability:
        """Say what JAX, or the driver, lacks."""
        return library.missing_device(self._jax, device)

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype and device; an array spread over several is not contiguous."""
        where = array.devices()
        first = next(iter(where)) if len(where) == 1 else min(where, key=lambda device: device.id)
        return ArrayFacts(
            shape=array.shape,
            dtype=name_of(array.dtype),
            device=library.name_of(first),
            nbytes=array.nbytes,
            writable=False,
            contiguous=len(where) == 1,
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype`` if JAX keeps it; 64 bits only with ``jax_enable_x64``, as it is set just now."""
        if dtype in _ALWAYS or (dtype in _CUT_TO and library.keeps_64_bits()):
            return dtype
        return None

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return a read-only view of an array on the CPU; a copy from a device, or when asked."""
        return self._conversion.to_numpy(array, copy)

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return a JAX array that sees no later write to ``array``, unless sharing is demanded."""
        name = name_of(array.dtype)
        if self.holds(name) is None:
            cure = (
                f"set jax_enable_x64, or name dtype={_CUT_TO[name]!r}" if name in _CUT_TO else "name another"
            )
            raise MemoryConversionError(
                "numpy", "jax", "jax.device_put", f"JAX would not keep the values of {name}; {cure}"
            )
        return self._conversion.from_numpy(array, self._device(device), copy, given)

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Whether it lies on the CPU in one piece."""
        return facts.device == "cpu" and facts.contiguous

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``False``: the memory of an array that never changes is its own."""
        return False

    def shares_on_demand(self, array: np.ndarray[Any, Any], device: str | None = None) -> bool:
        """Whether an array on the CPU can be a view: native, C order, aligned to 64 bytes."""
        from openhcs_mem_jax.conversion import is_shareable

        return is_shareable(array) and self._device(device).platform == "cpu"

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D arrays of one shape, dtype and device into a new one on that device."""
        check_slices(self, slices)
        return self._conversion.stack(slices)

    def unstack(self, stack: Any) -> list[Any]:
        """Return the planes; on the CPU they are views where their size is a multiple of 64 bytes."""
        return self._conversion.unstack(stack)

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the array as ``astype`` casts it: JAX clips floats to the range of integers."""
        if self.holds(dtype) is None:
            raise ArrayError(f"JAX does not keep {dtype!r} here; set jax_enable_x64 for 64 bits")
        return array.astype(dtype)

    def from_dlpack(self, array: Any, *, copy: bool | None = None) -> Any:
        """Return a JAX array on the device of ``array``: a view, or a copy when asked."""
        name = getattr(array.dtype, "name", None) or str(array.dtype).rpartition(".")[2]
        if self.holds(name) is None:
            raise MemoryConversionError(
                type(array).__name__,
                "jax",
                "jax.dlpack.from_dlpack",
                f"JAX would not keep the values of {name}",
            )
        shared = self._jax.dlpack.from_dlpack(array)
        return self._jax.numpy.array(shared, copy=True).block_until_ready() if copy else shared

    def to_device(self, array: Any, device: str) -> Any:
        """Return the array on another device; itself if it is there."""
        return self._jax.device_put(array, self._device(device))

    def memory_info(self, device: str | None = None) -> tuple[int, int] | None:
        """Return free and total bytes of JAX's pool on a device; ``None`` where it has none."""
        stats = self._device(device).memory_stats() or {}
        if "bytes_limit" not in stats:
            return None
        return stats["bytes_limit"] - stats["bytes_in_use"], stats["bytes_limit"]

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether XLA, or Python, ran out of memory."""
        jax = library.JAX.imported()
        if isinstance(error, MemoryError):
            return True
        return (
            jax is not None
            and isinstance(error, jax.errors.JaxRuntimeError)
            and "RESOURCE_EXHAUSTED" in str(error)
        )

    def _device(self, device: str | None) -> Any:
        name = self._default if device is None else device
        if name not in self._devices:
            if re.fullmatch(r"cpu|cuda:\d+|tpu:\d+", name) is None:
                raise MemoryConversionError(
                    "any array",
                    "jax",
                    "jax.device_put",
                    f"JAX has no device {name!r}; it has 'cpu' and 'cuda:0'",
                )
            self._devices[name] = library.device_named(self._jax, name)
        return self._devices[name]


@hookimpl
def openhcs_create_memory(key: str) -> JaxMemory:
    """Create the memory type of JAX."""
    return JaxMemory()
