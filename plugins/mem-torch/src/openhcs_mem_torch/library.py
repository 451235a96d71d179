"""Finding PyTorch without importing it, and importing it when a tensor is wanted."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

__all__ = ["availability", "load", "loaded", "require_cuda"]

_INSTALL = "pip install torch"


def availability() -> Availability:
    """Say whether PyTorch is installed; it always has the CPU."""
    spec = importlib.util.find_spec("torch")
    if spec is None:
        return Availability("library missing", f"PyTorch is not installed. Run: {_INSTALL}")
    if spec.origin is None:  # a folder of that name on the path imports as an empty package
        folders = ", ".join(spec.submodule_search_locations or ())
        return Availability(
            "library missing",
            f"PyTorch is not installed; {folders} is a folder of that name and no library. Run: {_INSTALL}",
        )
    return Availability(
        "ready", "PyTorch is installed and works on the CPU; its devices show once it is imported"
    )


def loaded() -> Any | None:
    """Return PyTorch if somebody has imported it already."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "Tensor") else None


def load() -> Any:
    """Import PyTorch. Raises ``LibraryMissingError``."""
    found = availability()
    if found.state != "ready":
        raise LibraryMissingError(found.detail, found.state)
    try:
        return importlib.import_module("torch")
    except (ImportError, OSError) as error:  # a missing shared library is an OSError on Windows
        raise LibraryMissingError(
            f"PyTorch is installed and cannot be imported: {error}. Run: {_INSTALL} --force-reinstall",
            "library missing",
        ) from error


def require_cuda(torch: Any, index: int) -> None:
    """Raise ``DeviceUnavailableError`` if PyTorch has no CUDA device ``index``."""
    count = torch.cuda.device_count()
    if index < count:
        return
    if count:
        raise DeviceUnavailableError(
            f"there is no device cuda:{index}; PyTorch sees {count}: cuda:0 to cuda:{count - 1}"
        )
    try:
        torch.cuda.init()
    except (AssertionError, RuntimeError) as error:  # what PyTorch raises where it was built without CUDA
        why = str(error).strip().splitlines()[0].rstrip(".")
    else:
        why = "it sees no CUDA device"
    state = "driver missing" if "no NVIDIA driver" in why else "no device"
    state = "driver too old" if "too old" in why else state
    raise DeviceUnavailableError(
        f"PyTorch {torch.__version__} cannot use cuda:{index}: {why}. "
        "Use device='cpu', or install a CUDA build of PyTorch and a driver that it supports",
        state,
    )
