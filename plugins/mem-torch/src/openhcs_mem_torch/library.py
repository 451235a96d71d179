"""What of PyTorch can be used here, found out without importing it."""

from __future__ import annotations

from typing import Any, Final

from openhcs_host.arrays import cuda
from openhcs_host.arrays.libraries import Library
from openhcs_host.contracts.memory import Availability

__all__ = ["TORCH", "availability", "missing_cuda"]

TORCH: Final = Library("torch", "PyTorch", "Tensor", "pip install torch")


def availability() -> Availability:
    """Say whether PyTorch is installed; it always has the CPU."""
    return TORCH.missing() or Availability(
        "ready",
        f"PyTorch is installed and works on the CPU; {cuda.in_words()}",
    )


def missing_cuda(torch: Any) -> Availability:
    """Say why PyTorch does not have a CUDA device that somebody wants."""
    count = torch.cuda.device_count()
    mend = "use device='cpu', or install a CUDA build of PyTorch and a driver that it supports"
    if count:
        found = Availability("no device", f"PyTorch sees {count}: cuda:0 to cuda:{count - 1}")
    elif torch.version.cuda is None:
        found = Availability("no device", f"PyTorch {torch.__version__} is built without CUDA", mend)
    else:
        found = cuda.judged(cuda.driver(), "PyTorch", int(torch.version.cuda.partition(".")[0]))
    if found.state == "ready":
        found = Availability("no device", f"PyTorch sees no device, and yet {found.detail}", mend)
    return found
