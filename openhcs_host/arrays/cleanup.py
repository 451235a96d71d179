"""Giving cached memory back to its device, touching no library that is not in use."""

from __future__ import annotations

import sys
import warnings

from openhcs_host.arrays.working_device import accelerator
from openhcs_host.contracts.memory import MemoryType
from openhcs_host.seam.default_host import default_host
from openhcs_host.seam.host import Host

__all__ = ["cleanup_all_gpu_frameworks", "cleanup_gpu_memory_by_framework", "release"]


def cleanup_gpu_memory_by_framework(
    memory_type: str, device_id: int | None = None, *, host: Host | None = None
) -> int | None:
    """Free the caches of one memory type's library, and return the bytes given back if it tells.

    ``device_id`` is the number of an accelerator; without it all of the library's are cleaned. A library
    that this process has not imported, or that has no accelerator, holds no memory of one: 0.
    Raises ``PluginNotFoundError`` for an unknown key, ``DeviceUnavailableError`` for a number that a
    library with accelerators does not have.
    """
    host = host or default_host()
    host.resolve("memory", memory_type)
    if not _is_loaded(host, memory_type):
        return 0
    memory = host.memory(memory_type)
    freed: list[int | None] = [release(host, memory, device) for device in _devices(memory, device_id)]
    return None if None in freed else sum(byte for byte in freed if byte is not None)


def cleanup_all_gpu_frameworks(
    device_id: int | None = None, *, host: Host | None = None
) -> dict[str, int | None]:
    """Free the caches of every library that this process has imported; return the bytes by memory type.

    As ``cleanup_gpu_memory_by_framework`` for each. One that fails does not keep the others from being
    cleaned; the failures are raised together.
    """
    host = host or default_host()
    freed: dict[str, int | None] = {}
    errors = []
    for key in host.index.keys("memory"):
        if _is_loaded(host, key):
            try:
                freed[key] = cleanup_gpu_memory_by_framework(key, device_id, host=host)
            except Exception as error:  # noqa: BLE001 - the others must still be cleaned
                errors.append(error)
    if errors:
        raise ExceptionGroup("some libraries could not be cleaned", errors)
    return freed


def release(host: Host, memory: MemoryType, device: str) -> int | None:
    """Let a library give its cached memory of ``device`` back, tell the observers, return the bytes."""
    if type(memory).free is MemoryType.free:
        return 0  # it has no cache
    before = memory.memory_info(device)
    memory.free(device)
    after = memory.memory_info(device)
    for trouble in host.notify("openhcs_release_memory", memory_type=memory.key, device=device):
        warnings.warn(trouble, RuntimeWarning, stacklevel=2)
    return None if before is None or after is None else max(0, after[0] - before[0])


def _devices(memory: MemoryType, number: int | None) -> list[str]:
    if number is None:
        return [device for device in memory.devices() if device != "cpu"]
    device = accelerator(memory, number)
    return [] if device is None else [device]


def _is_loaded(host: Host, key: str) -> bool:
    return any(owner == key and prefix in sys.modules for prefix, owner in host.index.arrays.items())
