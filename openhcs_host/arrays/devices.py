"""Which device is meant, and whether it is there."""

from __future__ import annotations

from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

__all__ = ["kind_of", "require_available", "resolve_device"]


def kind_of(device: str) -> str:
    """Return ``cuda`` of ``cuda:0``."""
    return device.partition(":")[0]


def resolve_device(memory: MemoryType, device: str | int | None) -> str:
    """Return the full name of a device of a memory type.

    ``None`` is its default, a number the index of an accelerator, a kind (``cuda``) the first of that
    kind. Raises ``DeviceUnavailableError`` naming those that there are.
    """
    names = list(memory.devices())
    if not names:
        raise DeviceUnavailableError(
            f"{memory.key} has no usable device here: {memory.availability().detail}"
        )
    if device is None:
        return names[0]
    if isinstance(device, str):
        matches = [name for name in names if device in (name, kind_of(name))]
    else:
        matches = [name for name in names if name != "cpu" and name.endswith(f":{int(device)}")]
    if not matches:
        what = repr(device) if isinstance(device, str) else f"accelerator number {device}"
        raise DeviceUnavailableError(f"{memory.key} has no {what} here; its devices are {', '.join(names)}")
    return matches[0]


def require_available(memory: MemoryType) -> None:
    """Raise ``LibraryMissingError`` or ``DeviceUnavailableError``, saying what mends it, unless it is ready."""
    found = memory.availability()
    if found.state == "library missing":
        raise LibraryMissingError(
            f"memory type {memory.key!r} cannot be used: {found.state}. {found.detail}", found.state
        )
    if found.state != "ready":
        raise DeviceUnavailableError(
            f"memory type {memory.key!r} cannot be used: {found.state}. {found.detail}", found.state
        )
