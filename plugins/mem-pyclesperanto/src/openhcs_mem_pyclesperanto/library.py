"""Finding the two libraries and their OpenCL devices without importing them, and importing them."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any, Final

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError
from openhcs_mem_pyclesperanto import drivers

__all__ = ["availability", "load", "loaded"]

_PLUGIN: Final = "openhcs-mem-pyclesperanto"
_EXTRA: Final = {"pyclesperanto": "opencl", "pyclesperanto_prototype": "prototype"}
_COMPILED: Final = ("pyclesperanto_opencl", "pyclesperanto_cuda", "pyclesperanto_metal")


def availability(name: str) -> Availability:
    """Say whether a library is installed and an OpenCL driver shows a device. Loads drivers, not libraries."""
    missing = _missing(name)
    if missing is not None:
        install = f"pip install '{_PLUGIN}[{_EXTRA[name]}]'"
        return Availability("library missing", f"{missing}. Run: {install}")
    if not sys.platform.startswith("linux") or not _uses_opencl(name):
        return Availability("ready", f"{name} is installed; its devices show once it is imported")
    found = drivers.installed()
    if not found:
        return Availability(
            "driver missing",
            f"{name} is installed, and no OpenCL driver: none is named in /etc/OpenCL/vendors, "
            f"OCL_ICD_VENDORS or OCL_ICD_FILENAMES. Install the one of your GPU, or, for the CPU, run: "
            f"pip install '{_PLUGIN}[pocl]'",
        )
    count = sum(map(drivers.count_devices, found))
    if not count:
        return Availability(
            "no device",
            f"no OpenCL device: {', '.join(found)} shows none. Run: pip install '{_PLUGIN}[pocl]'",
        )
    return Availability("ready", f"{name} is installed, and OpenCL drivers show {count} device(s)")


def loaded(name: str, attribute: str) -> Any | None:
    """Return the library if somebody has imported it already, with a driver."""
    library = sys.modules.get(name)
    return library if hasattr(library, attribute) else None


def load(name: str) -> Any:
    """Import a library. Raises ``LibraryMissingError`` and ``DeviceUnavailableError``."""
    found = availability(name)
    if found.state == "library missing":
        raise LibraryMissingError(found.detail, found.state)
    if found.state != "ready":
        raise DeviceUnavailableError(found.detail, found.state)
    _name_packaged_driver()
    try:
        library = importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise LibraryMissingError(
            f"{name} is installed and cannot be imported: {error}. "
            f"Run: pip install '{_PLUGIN}[{_EXTRA[name]}]' --force-reinstall",
            "library missing",
        ) from error
    if not hasattr(library, "push"):  # pyclesperanto imports as an empty shell where it finds no device
        raise DeviceUnavailableError(f"{name} finds no OpenCL device ({found.detail})", "no device")
    return library


def _missing(name: str) -> str | None:
    spec = importlib.util.find_spec(name)
    if spec is None:
        return f"{name} is not installed"
    if spec.origin is None:  # a folder of that name on the path imports as an empty package
        folders = ", ".join(spec.submodule_search_locations or ())
        return f"{name} is not installed; {folders} is a folder of that name and no library"
    if name == "pyclesperanto" and not any(map(importlib.util.find_spec, _COMPILED)):
        return f"{name} is installed without any of its compiled parts, {', '.join(_COMPILED)}"
    return None


def _uses_opencl(name: str) -> bool:
    return name != "pyclesperanto" or importlib.util.find_spec("pyclesperanto_opencl") is not None


def _name_packaged_driver() -> None:
    # The loader in pyclesperanto's wheel does not look beside pyopencl; pyopencl's own does.
    found = drivers.packaged()
    if found and not drivers.registered():
        os.environ.setdefault("OCL_ICD_FILENAMES", found[0])
