"""The memory type ``cupy``."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from openhcs_host import hookimpl
from openhcs_host.arrays.dtypes import NUMBERS
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_cupy import library

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CupyMemory"]

OPENHCS_API = 1

_HELD: Final = NUMBERS - {"bfloat16"}
_OUT_OF_MEMORY: Final = ("cudaErrorMemoryAllocation", "ALLOC_FAILED", "CUDA_ERROR_OUT_OF_MEMORY")


class CupyMemory(MemoryType):
    """Arrays on CUDA devices."""

    key = "cupy"
    module_prefixes: ClassVar[tuple[str, ...]] = ("cupy",)
    dlpack_devices: ClassVar[frozenset[str]] = frozenset({"cuda"})

    def __init__(self) -> None:
        self._of_thread = threading.local()

    @functools.cached_property
    def _cupy(self) -> Any:
        return library.CUPY.load(library.availability())

    def owns(self, array: object) -> bool:
        """Whether ``array`` is one of CuPy's arrays."""
        cupy = library.CUPY.imported()
        return cupy is not None and isinstance(array, cupy.ndarray)

    def availability(self) -> Availability:
        """Say whether CuPy is installed, the driver fits it, and a device is there, without importing it."""
        return library.availability()

    def devices(self) -> Sequence[str]:
        """Return the CUDA devices, CuPy's current one first."""
        current, count = self._cupy.cuda.Device().id, self._cupy.cuda.runtime.getDeviceCount()
        return tuple(f"cuda:{index}" for index in sorted(range(count), key=lambda index: index != current))

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype, device and layout."""
        return ArrayFacts(
            shape=array.shape,
            dtype=array.dtype.name,
            device=f"cuda:{array.device.id}",
            nbytes=array.nbytes,
            contiguous=bool(array.flags.c_contiguous),
            native=all(stride > 0 for stride in array.strides),
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype`` if CuPy has it: bool, integers, floats of 16 to 64 bits, complex numbers."""
        return dtype if dtype in _HELD else None

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return a copy of the values, after the work on them that this thread has begun."""
        if copy is False:
            raise MemoryConversionError(
                "cupy",
                "numpy",
                "cupy.asnumpy",
                "memory of a device cannot be shared; allow a copy with copy=None",
            )
        with self._cupy.cuda.Device(array.device.id):
            copied: np.ndarray[Any, Any] = self._cupy.asnumpy(array, order="C")
        return copied

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return an array on a CUDA device; the transfer is finished then."""
        if array.dtype.name not in _HELD:
            raise MemoryConversionError(
                "numpy", "cupy", "cupy.array", f"CuPy has no {array.dtype}; name a dtype that it has"
            )
        if copy is False:
            raise MemoryConversionError(
                "numpy",
                "cupy",
                "cupy.array",
                "memory of the host cannot be shared with a device; allow a copy with copy=None",
            )
        native = array.astype(array.dtype.newbyteorder("="), order="C", copy=False)
        with self._device(device):
            return self._cupy.array(native, blocking=True)

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Return ``False``."""
        return False

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``False``."""
        return False

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D arrays of one shape, dtype and device into a new one on that device."""
        check_slices(self, slices)
        with self._cupy.cuda.Device(slices[0].device.id):
            return self._cupy.stack(list(slices))

    def unstack(self, stack: Any) -> list[Any]:
        """Return views of the planes."""
        return [stack[z] for z in range(len(stack))]

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the array as ``astype`` makes it."""
        if dtype not in _HELD:
            raise ArrayError(f"CuPy has no dtype {dtype!r}; it has {', '.join(sorted(_HELD))}")
        with self._cupy.cuda.Device(array.device.id):
            return array.astype(dtype)

    def from_dlpack(self, array: Any, *, copy: bool | None = None) -> Any:
        """Return an array on the device of ``array``: a view, or a copy when asked."""
        with self._cupy.cuda.Device(array.__dlpack_device__()[1]):
            shared = self._cupy.from_dlpack(array)
            return shared.copy() if copy else shared

    def to_device(self, array: Any, device: str) -> Any:
        """Return the array on another device; itself if it is there."""
        with self._device(device):
            return self._cupy.asarray(array)

    @contextlib.contextmanager
    def stream(self, device: str | None = None) -> Iterator[Any]:
        """Run the block's work on this thread's own stream, after what came before and before what follows."""
        with self._device(device) as chosen:
            streams = vars(self._of_thread)
            name = f"cuda:{chosen.id}"
            if name not in streams:
                streams[name] = self._cupy.cuda.Stream(non_blocking=True)
            own, outer = streams[name], self._cupy.cuda.get_current_stream()
            own.wait_event(outer.record())
            try:
                with own:
                    yield own
            finally:
                outer.wait_event(own.record())

    def memory_info(self, device: str | None = None) -> tuple[int, int] | None:
        """Return free and total bytes of a device, as its driver counts them."""
        with self._device(device):
            available, total = self._cupy.cuda.runtime.memGetInfo()
        return int(available), int(total)

    def free(self, device: str | None = None) -> None:
        """Give the unused blocks of CuPy's pools back, if CuPy was used at all. Imports nothing."""
        cupy = library.CUPY.imported()
        if cupy is None or self.availability().state != "ready":
            return
        with self._device(device):
            cupy.get_default_memory_pool().free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether CUDA, or Python, ran out of memory; CuPy's own error is a ``MemoryError``."""
        if isinstance(error, MemoryError):
            return True
        return isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)

    def _device(self, device: str | None) -> Any:
        """Return CuPy's context of a device; without a name, of its current one."""
        if device is None:
            return self._cupy.cuda.Device()
        match = re.fullmatch(r"cuda:(\d+)", device)
        if match is None:
            raise MemoryConversionError(
                "any array", "cupy", "cupy.cuda.Device", f"CuPy has no device {device!r}, but 'cuda:0'"
            )
        count = self._cupy.cuda.runtime.getDeviceCount()
        if int(match[1]) >= count:
            raise DeviceUnavailableError(f"there is no device {device}; CuPy sees {count}", "no device")
        return self._cupy.cuda.Device(int(match[1]))


@hookimpl
def openhcs_create_memory(key: str) -> CupyMemory:
    """Create the memory type of CuPy."""
    return CupyMemory()
