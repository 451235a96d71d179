"""What the CUDA driver of this machine says of itself, without any library on top of it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
from collections.abc import Iterator
from typing import Any, Final

import attrs

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError

__all__ = ["Driver", "driver", "in_words", "judged", "wait_for"]

_NO_DEVICE: Final = 100  # CUDA_ERROR_NO_DEVICE
_INSTALL: Final = "install NVIDIA's driver"


@attrs.frozen
class Driver:
    """One look at the driver; every process makes one only."""

    version: int | None = None
    """The newest CUDA that it supports, 12040 for 12.4; ``None`` where there is no driver."""
    devices: int = 0
    """How many devices it shows, after ``CUDA_VISIBLE_DEVICES``."""
    failure: str = ""
    """Why it cannot be used, for people."""

    @property
    def supports(self) -> str:
        """The newest CUDA that it supports, as people write it: ``12.4``."""
        version = self.version or 0
        return f"{version // 1000}.{version % 1000 // 10}"


@functools.lru_cache(maxsize=1)
def driver() -> Driver:
    """Load the driver, start it, and ask for its version and devices.

    A process that is forked from this one cannot use CUDA any more: only for those who want a device.
    """
    try:
        cuda = _load()
    except OSError as error:
        return Driver(failure=str(error))
    count = ctypes.c_int()
    code = cuda.cuInit(0)
    if code == 0:
        code = cuda.cuDeviceGetCount(ctypes.byref(count))
    if code in (0, _NO_DEVICE):
        return Driver(_version(cuda), count.value)
    return Driver(_version(cuda), 0, f"cuInit: {_text(cuda, code)} (code {code})")


@functools.lru_cache(maxsize=1)
def in_words() -> str:
    """Return what there is of a driver, as a clause; the driver is not started."""
    try:
        cuda = _load()
    except OSError:
        return "there is no NVIDIA driver"
    supports = Driver(_version(cuda)).supports
    return (
        f"the NVIDIA driver supports CUDA up to {supports}; importing the library shows what it can use of it"
    )


def judged(found: Driver, library: str, needed: int | None = None) -> Availability:
    """Return what a driver means for a library built for CUDA ``needed`` (12), ``None`` if that is unknown."""
    if found.version is None:
        return Availability("driver missing", f"there is no NVIDIA driver ({found.failure})", _INSTALL)
    if needed is not None and found.version < 1000 * needed:
        return Availability(
            "driver too old",
            f"the NVIDIA driver supports CUDA up to {found.supports}, and this {library} is built for {needed}",
            f"update the driver, or install {library} built for CUDA {found.version // 1000}",
        )
    if not found.devices:
        why = found.failure or "CUDA_VISIBLE_DEVICES may hide them"
        return Availability(
            "no device", f"the NVIDIA driver shows no device ({why})", "look at what nvidia-smi says"
        )
    return Availability("ready", f"the NVIDIA driver shows {found.devices} CUDA device(s)")


def wait_for(index: int) -> None:
    """Return when all work given to CUDA device ``index`` by this process is done.

    Raises ``DeviceUnavailableError`` if there is no driver or the device has failed.
    """
    try:
        cuda = _load()
    except OSError as error:
        raise DeviceUnavailableError(str(judged(Driver(failure=str(error)), "")), "driver missing") from error
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _check(cuda, cuda.cuInit(0), "cuInit")
    _check(cuda, cuda.cuDeviceGet(ctypes.byref(device), index), "cuDeviceGet")
    with _primary_context(cuda, device, context):
        _check(cuda, cuda.cuCtxSynchronize(), "cuCtxSynchronize")


@contextlib.contextmanager
def _primary_context(cuda: Any, device: ctypes.c_int, context: ctypes.c_void_p) -> Iterator[None]:
    # The primary context is the one that every library of the CUDA runtime works in.
    retained = cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
    _check(cuda, retained, "cuDevicePrimaryCtxRetain")
    try:
        _check(cuda, cuda.cuCtxPushCurrent_v2(context), "cuCtxPushCurrent")
        try:
            yield
        finally:
            cuda.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    finally:
        cuda.cuDevicePrimaryCtxRelease_v2(device)


def _load() -> Any:
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


def _version(cuda: Any) -> int:
    version = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    return version.value


def _check(cuda: Any, code: int, call: str) -> None:
    if code != 0:
        raise DeviceUnavailableError(f"{call} failed with code {code}: {_text(cuda, code)}")


def _text(cuda: Any, code: int) -> str:
    text = ctypes.c_char_p()
    cuda.cuGetErrorString(code, ctypes.byref(text))
    return (text.value or b"unknown error").decode()
