"""Finding CuPy, a driver that fits it, and a device, without importing it; and importing it."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from typing import Any, Final

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError
from openhcs_mem_cupy.driver import Driver, driver

__all__ = ["availability", "built_for", "judged", "load", "loaded"]

_INSTALL: Final = "pip install 'openhcs-mem-cupy[cuda12]', or [cuda13], as `nvidia-smi` shows"


def availability() -> Availability:
    """Say whether CuPy is installed, and the driver fits it and shows a device."""
    spec = importlib.util.find_spec("cupy")
    if spec is None:
        return Availability("library missing", f"CuPy is not installed. Run: {_INSTALL}")
    if spec.origin is None:  # a folder of that name on the path imports as an empty package
        folders = ", ".join(spec.submodule_search_locations or ())
        return Availability(
            "library missing",
            f"CuPy is not installed; {folders} is a folder of that name and no library. Run: {_INSTALL}",
        )
    return judged(driver(), built_for(spec.origin))


def judged(found: Driver, needed: int | None) -> Availability:
    """Return what a driver means for a CuPy built for CUDA ``needed`` (12), ``None`` if that is unknown."""
    if found.version is None:
        return Availability(
            "driver missing",
            f"CuPy is installed, and no NVIDIA driver ({found.failure}). Install one; CuPy has no CPU",
        )
    if needed is not None and found.version < 1000 * needed:
        has = f"{found.version // 1000}.{found.version % 1000 // 10}"
        return Availability(
            "driver too old",
            f"the NVIDIA driver supports CUDA up to {has}, and this CuPy is built for {needed}. "
            f"Update the driver, or run: pip install cupy-cuda{found.version // 1000}x",
        )
    if not found.devices:
        why = found.failure or "CUDA_VISIBLE_DEVICES may hide them"
        return Availability("no device", f"the NVIDIA driver shows no device ({why}); CuPy has no CPU")
    return Availability("ready", f"CuPy is installed, and the driver shows {found.devices} CUDA device(s)")


def loaded() -> Any | None:
    """Return CuPy if somebody has imported it already."""
    cupy = sys.modules.get("cupy")
    return cupy if hasattr(cupy, "ndarray") else None


def load() -> Any:
    """Import CuPy. Raises ``LibraryMissingError`` and ``DeviceUnavailableError``."""
    found = availability()
    if found.state == "library missing":
        raise LibraryMissingError(found.detail, found.state)
    if found.state != "ready":
        raise DeviceUnavailableError(found.detail, found.state)
    try:
        return importlib.import_module("cupy")
    except (ImportError, OSError) as error:
        raise LibraryMissingError(
            f"CuPy is installed and cannot be imported: {error}. Run: {_INSTALL}, with --force-reinstall",
            "library missing",
        ) from error


def built_for(origin: str) -> int | None:
    """Return the CUDA that the wheel of the CuPy at ``origin`` is named for; ``None`` if it was built here."""
    for folder in Path(origin).parent.parent.glob("cupy_cuda*x-*.dist-info"):
        match = re.match(r"cupy_cuda(\d+)x-", folder.name)
        if match:
            return int(match[1])
    return None
