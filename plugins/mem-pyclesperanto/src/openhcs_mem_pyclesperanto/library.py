"""Finding the two libraries and their OpenCL devices without importing them, and importing them."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any, Final

from openhcs_host.arrays.libraries import Library
from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError
from openhcs_mem_pyclesperanto import drivers

__all__ = ["LIBRARIES", "availability", "load"]

_PLUGIN: Final = "openhcs-mem-pyclesperanto"
_POCL: Final = f"pip install '{_PLUGIN}[pocl]'"
_COMPILED: Final = ("pyclesperanto_opencl", "pyclesperanto_cuda", "pyclesperanto_metal")

# Its marker is what is missing where pyclesperanto imports as an empty shell, for want of a device.
LIBRARIES: Final = {
    name: Library(name, name, "push", f"pip install '{_PLUGIN}[{extra}]'")
    for name, extra in (("pyclesperanto", "opencl"), ("pyclesperanto_prototype", "prototype"))
}


def availability(name: str) -> Availability:
    """Say whether a library is installed and an OpenCL driver shows a device. Loads drivers, not libraries."""
    missing = _missing(name)
    if missing is not None:
        return missing
    if not sys.platform.startswith("linux") or not _uses_opencl(name):
        return Availability("ready", f"{name} is installed; its devices show once it is imported")
    found = drivers.installed()
    if not found:
        return Availability(
            "driver missing",
            f"{name} is installed, and no OpenCL driver: none is named in /etc/OpenCL/vendors, "
            "OCL_ICD_VENDORS or OCL_ICD_FILENAMES",
            f"install the one of your GPU, or, for the CPU, {_POCL}",
        )
    count = sum(map(drivers.count_devices, found))
    if not count:
        return Availability("no device", f"there is no OpenCL device: {', '.join(found)} shows none", _POCL)
    return Availability("ready", f"{name} is installed, and OpenCL drivers show {count} device(s)")


def load(name: str) -> Any:
    """Import a library. Raises ``LibraryMissingError`` and ``DeviceUnavailableError``."""
    found = availability(name)
    if found.state == "ready":
        _name_packaged_driver()
    library = LIBRARIES[name].load(found)
    if not hasattr(library, LIBRARIES[name].marker):
        raise DeviceUnavailableError(f"{name} finds no OpenCL device ({found})", "no device")
    return library


def _missing(name: str) -> Availability | None:
    library = LIBRARIES[name]
    if name == "pyclesperanto" and not any(map(importlib.util.find_spec, _COMPILED)):
        return library.missing() or Availability(
            "library missing",
            f"{name} is installed without any of its compiled parts, {', '.join(_COMPILED)}",
            library.install,
        )
    return library.missing()


def _uses_opencl(name: str) -> bool:
    return name != "pyclesperanto" or importlib.util.find_spec("pyclesperanto_opencl") is not None


def _name_packaged_driver() -> None:
    # The loader in pyclesperanto's wheel does not look beside pyopencl; pyopencl's own does.
    found = drivers.packaged()
    if found and not drivers.registered():
        os.environ.setdefault("OCL_ICD_FILENAMES", found[0])
