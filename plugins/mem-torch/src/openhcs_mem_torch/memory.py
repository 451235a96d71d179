"""The memory type ``torch``."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from openhcs_host import hookimpl
from openhcs_host.arrays.dtypes import NUMBERS
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_torch import cuda, library

if TYPE_CHECKING:
    import numpy as np

    from openhcs_mem_torch.conversion import Conversion

__all__ = ["TorchMemory"]

OPENHCS_API = 1


class TorchMemory(MemoryType):
    """Tensors on the CPU, where they share memory with NumPy, and on CUDA devices."""

    key = "torch"
    module_prefixes: ClassVar[tuple[str, ...]] = ("torch",)
    dlpack_devices: ClassVar[frozenset[str]] = frozenset({"cuda"})

    def __init__(self) -> None:
        self._streams = cuda.ThreadStreams()

    @functools.cached_property
    def _torch(self) -> Any:
        return library.TORCH.load(library.availability())

    @functools.cached_property
    def _conversion(self) -> Conversion:
        from openhcs_mem_torch.conversion import Conversion

        return Conversion(self._torch)

    @functools.cached_property
    def _default(self) -> str:
        return self.devices()[0]

    def owns(self, array: object) -> bool:
        """Whether ``array`` is a tensor; parameters are."""
        torch = library.TORCH.imported()
        return torch is not None and isinstance(array, torch.Tensor)

    def availability(self) -> Availability:
        """Say whether PyTorch is installed, without importing it."""
        return library.availability()

    def devices(self) -> Sequence[str]:
        """Return the CUDA devices that PyTorch can use, then ``cpu``."""
        return (*(f"cuda:{index}" for index in range(self._torch.cuda.device_count())), "cpu")

    def missing_device(self, device: str) -> Availability:
        """Say whether PyTorch is built for CUDA, and what its driver lacks."""
        return library.missing_cuda(self._torch)

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype, device and layout; a lazy conjugate or negative is not native.

        Raises ``MemoryConversionError`` for a sparse, quantised, nested or meta tensor.
        """
        self._conversion.require_plain(array)
        lazy = array.is_conj() or array.is_neg()
        return ArrayFacts(
            shape=tuple(array.shape),
            dtype=str(array.dtype).removeprefix("torch."),
            device=str(array.device),
            nbytes=array.nbytes,
            contiguous=array.is_contiguous() and not lazy,
            native=0 not in array.stride() and not lazy,
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype`` if PyTorch has it: bool, integers, floats with bfloat16, complex numbers."""
        return dtype if dtype in NUMBERS else None

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return equal values; tensors of the CPU as views. What autograd knows of them is left behind."""
        return self._conversion.to_numpy(array, copy)

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return a tensor, on the CPU a view of arrays that may be written to."""
        return self._conversion.from_numpy(array, self._device(device), copy)

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Whether it lies on the CPU, computed, and not expanded."""
        return facts.device == "cpu" and facts.native

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Whether the tensor stays on the CPU and the array is native and may be written to."""
        whole = facts.contiguous or not facts.dtype.startswith("complex")  # strides of half an element
        return facts.writable and facts.native and whole and self._device(device) == "cpu"

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D tensors of one shape, dtype and device into a new one on that device."""
        check_slices(self, slices)
        return self._conversion.stack(tuple(slices))

    def unstack(self, stack: Any) -> list[Any]:
        """Return views of the planes."""
        return list(stack.unbind(0))

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the tensor as ``Tensor.to`` casts it."""
        if dtype not in NUMBERS:
            raise ArrayError(f"PyTorch has no dtype {dtype!r}; it has {', '.join(sorted(NUMBERS))}")
        return array.to(getattr(self._torch, dtype))

    def from_dlpack(self, array: Any, *, copy: bool | None = None) -> Any:
        """Return a tensor on the device of ``array``: a view, or a copy when asked."""
        tensor = self._torch.from_dlpack(array)
        return tensor.clone() if copy else tensor

    def to_device(self, array: Any, device: str) -> Any:
        """Return the tensor on another device; itself if it is there."""
        return array.to(self._device(device))

    def stream(self, device: str | None = None) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which this thread works on a CUDA stream of its own; on the CPU, nothing."""
        chosen = self._device(device)
        return contextlib.nullcontext() if chosen == "cpu" else self._streams.entered(self._torch, chosen)

    def memory_info(self, device: str | None = None) -> tuple[int, int] | None:
        """Return free and total bytes of a CUDA device; ``None`` for the CPU."""
        chosen = self._device(device)
        return None if chosen == "cpu" else cuda.memory_info(self._torch, chosen)

    def free(self, device: str | None = None) -> None:
        """Empty PyTorch's cache of CUDA memory, if there is one. Imports nothing."""
        torch = library.TORCH.imported()
        if torch is not None:
            cuda.free(torch, device)

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether PyTorch, or Python, ran out of memory."""
        torch = library.TORCH.imported()
        return isinstance(error, MemoryError) or (torch is not None and cuda.is_out_of_memory(torch, error))

    def _device(self, device: str | None) -> str:
        if device is None:
            return self._default
        if device == "cpu":
            return device
        match = re.fullmatch(r"cuda:(\d+)", device)
        if match is None:
            raise MemoryConversionError(
                "any array",
                "torch",
                "Tensor.to",
                f"PyTorch has no device {device!r}; it has 'cpu' and 'cuda:0'",
            )
        if int(match[1]) >= self._torch.cuda.device_count():
            found = self.missing_device(device)
            raise DeviceUnavailableError(f"there is no device {device}: {found}", found.state)
        return device


@hookimpl
def openhcs_create_memory(key: str) -> TorchMemory:
    """Create the memory type of PyTorch."""
    return TorchMemory()
