"""What the CUDA driver of this machine says of itself, without CuPy."""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Final

import attrs

__all__ = ["Driver", "driver"]

_NO_DEVICE: Final = 100  # CUDA_ERROR_NO_DEVICE


@attrs.frozen
class Driver:
    """One look at the driver; every process makes one only."""

    version: int | None = None
    """The newest CUDA that it supports, 12040 for 12.4; ``None`` where there is no driver."""
    devices: int = 0
    """How many devices it shows, after ``CUDA_VISIBLE_DEVICES``."""
    failure: str = ""
    """Why it cannot be used, for people."""


@functools.lru_cache(maxsize=1)
def driver() -> Driver:
    """Load the driver and ask it for its version and devices."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError as error:
        return Driver(failure=str(error))
    version, count = ctypes.c_int(), ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    code = cuda.cuInit(0)
    if code == 0:
        code = cuda.cuDeviceGetCount(ctypes.byref(count))
    if code in (0, _NO_DEVICE):
        return Driver(version.value, count.value)
    text = ctypes.c_char_p()
    cuda.cuGetErrorString(code, ctypes.byref(text))
    return Driver(version.value, 0, f"cuInit: {(text.value or b'unknown error').decode()} (code {code})")
