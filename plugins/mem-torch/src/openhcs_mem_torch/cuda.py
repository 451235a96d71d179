"""CUDA devices as PyTorch shows them: a stream per thread, memory, and running out of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["ThreadStreams", "free", "is_out_of_memory", "memory_info"]

_OUT_OF_MEMORY: Final = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


class ThreadStreams:
    """One CUDA stream per thread and device, made when first entered and kept as long as the thread."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    @contextlib.contextmanager
    def entered(self, torch: Any, device: str) -> Iterator[Any]:
        """Run the block's work on this thread's stream, after what came before and before what follows."""
        own = vars(self._of_thread).setdefault(device, None)
        if own is None:
            own = vars(self._of_thread)[device] = torch.cuda.Stream(device)
        outer = torch.cuda.current_stream(device)
        own.wait_stream(outer)
        try:
            with torch.cuda.stream(own):
                yield own
        finally:
            outer.wait_stream(own)


def memory_info(torch: Any, device: str) -> tuple[int, int]:
    """Return free and total bytes of a CUDA device, as its driver counts them."""
    available, total = torch.cuda.mem_get_info(device)
    return int(available), int(total)


def free(torch: Any, device: str | None) -> None:
    """Give the cached blocks back to the devices, if CUDA was used at all; PyTorch frees all at once."""
    if torch.cuda.is_initialized() and device != "cpu":
        torch.cuda.empty_cache()


def is_out_of_memory(torch: Any, error: BaseException) -> bool:
    """Whether PyTorch raised ``error`` for want of memory, of a device or of the host."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)
