"""Waiting for a CUDA device through its driver.

TensorFlow takes DLPack memory without looking at streams, and its own do not wait for anybody else's.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any

from openhcs_host.errors import DeviceUnavailableError

__all__ = ["wait_for"]


def wait_for(index: int) -> None:
    """Return when all work given to CUDA device ``index`` by this process is done.

    Raises ``DeviceUnavailableError`` if there is no driver or the device has failed.
    """
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError as error:
        raise DeviceUnavailableError(
            f"the CUDA driver cannot be loaded: {error}. Install NVIDIA's driver", "driver missing"
        ) from error
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _check(driver, driver.cuInit(0), "cuInit")
    _check(driver, driver.cuDeviceGet(ctypes.byref(device), index), "cuDeviceGet")
    with _primary_context(driver, device, context):
        _check(driver, driver.cuCtxSynchronize(), "cuCtxSynchronize")


@contextlib.contextmanager
def _primary_context(driver: Any, device: ctypes.c_int, context: ctypes.c_void_p) -> Iterator[None]:
    # The primary context is the one that every library of the CUDA runtime works in.
    retained = driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
    _check(driver, retained, "cuDevicePrimaryCtxRetain")
    try:
        _check(driver, driver.cuCtxPushCurrent_v2(context), "cuCtxPushCurrent")
        try:
            yield
        finally:
            driver.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    finally:
        driver.cuDevicePrimaryCtxRelease_v2(device)


def _check(driver: Any, code: int, call: str) -> None:
    if code == 0:
        return
    text = ctypes.c_char_p()
    driver.cuGetErrorString(code, ctypes.byref(text))
    raise DeviceUnavailableError(f"{call} failed with code {code}: {(text.value or b'unknown').decode()}")
