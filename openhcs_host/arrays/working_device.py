"""The device on which a thread's decorated functions work."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from openhcs_host.arrays.devices import resolve_device
from openhcs_host.contracts.memory import MemoryType

__all__ = ["accelerator", "on_device", "wanted_device"]

_wanted: Final[ContextVar[str | int | None]] = ContextVar("openhcs_device", default=None)


@contextlib.contextmanager
def on_device(device: str | int) -> Iterator[None]:
    """Let decorated functions that are called inside work on ``device``.

    A number is an accelerator's: each library works on its accelerator of that number, and one that has
    no accelerator at all (NumPy, a build for the CPU) on its default device. A name (``cuda:1``) is meant
    literally: a library without that device refuses the call. Holds for this thread, or this task.
    """
    token = _wanted.set(device)
    try:
        yield
    finally:
        _wanted.reset(token)


def wanted_device(memory: MemoryType) -> str | None:
    """Return the device that ``on_device`` asks of a memory type, ``None`` outside of it.

    Raises ``DeviceUnavailableError`` if the library has no such device.
    """
    device = _wanted.get()
    if device is None:
        return None
    return accelerator(memory, device) if isinstance(device, int) else resolve_device(memory, device)


def accelerator(memory: MemoryType, number: int) -> str | None:
    """Return the name of a library's accelerator ``number``, ``None`` if it has no accelerator at all.

    Raises ``DeviceUnavailableError`` if it has some, and not this one.
    """
    if all(device == "cpu" for device in memory.devices()):
        return None
    return resolve_device(memory, number)
