"""OpenCL drivers on this machine and the number of their devices, found without a loader or a library.

A driver (an "installable client driver", cl_khr_icd 2.0) hands out its platforms by
``clIcdGetPlatformIDsKHR``; a platform begins with a pointer to its table of functions, ``clGetDeviceIDs`` third.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
from pathlib import Path
from typing import Final

__all__ = ["count_devices", "installed", "packaged", "registered"]

_ALL_TYPES: Final = 0xFFFFFFFF
_MOST_PLATFORMS: Final = 16
_GET_DEVICES: Final = 2  # place in the table of functions

_GetPlatforms = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_uint, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_uint)
)
_GetDevices = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint64,
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint),
)


def registered() -> list[str]:
    """Return the drivers that the environment or the system's vendor files name."""
    named = [name for name in os.environ.get("OCL_ICD_FILENAMES", "").split(os.pathsep) if name]
    vendors = Path(os.environ.get("OCL_ICD_VENDORS") or "/etc/OpenCL/vendors")
    files = sorted(vendors.glob("*.icd")) if vendors.is_dir() else []
    return [*named, *(file.read_text("utf-8").strip() for file in files)]


def packaged() -> list[str]:
    """Return the drivers that Python packages bring: ``pocl-binary-distribution`` puts them beside pyopencl."""
    spec = importlib.util.find_spec("pyopencl")
    if spec is None or spec.origin is None:
        return []
    return sorted(map(str, Path(spec.origin).parent.glob(".libs/libpocl*.so*")))


def installed() -> list[str]:
    """Return all drivers, the registered ones first."""
    return list(dict.fromkeys([*registered(), *packaged()]))


@functools.lru_cache(maxsize=64)
def count_devices(driver: str) -> int:
    """Return how many devices a driver has, 0 if it cannot be loaded; asked once, for it takes a while."""
    try:
        library = ctypes.CDLL(driver)
        address_of = library.clGetExtensionFunctionAddress
    except (OSError, AttributeError):  # left over from a driver that was removed, or no driver at all
        return 0
    address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    entry = address_of(b"clIcdGetPlatformIDsKHR")
    if not entry:
        return 0
    platforms, found = (ctypes.c_void_p * _MOST_PLATFORMS)(), ctypes.c_uint()
    if _GetPlatforms(entry)(_MOST_PLATFORMS, platforms, ctypes.byref(found)) != 0:
        return 0
    return sum(_devices_of(platform) for platform in platforms[: min(found.value, _MOST_PLATFORMS)])


def _devices_of(platform: int | None) -> int:
    if platform is None:
        return 0
    table = ctypes.cast(platform, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    entry, found = table[_GET_DEVICES], ctypes.c_uint()
    if not entry:
        return 0
    code = _GetDevices(entry)(platform, _ALL_TYPES, 0, None, ctypes.byref(found))
    return found.value if code == 0 else 0  # it has an error of its own for "none"
