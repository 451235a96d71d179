"""Which device is meant, and whether it is there."""

from __future__ import annotations

from openhcs_host.arrays.libraries import require
from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import DeviceUnavailableError

__all__ = ["kind_of", "require_available", "resolve_device"]


def kind_of(device: str) -> str:
    """Return ``cuda`` of ``cuda:0``."""
    return device.partition(":")[0]


def resolve_device(memory: MemoryType, device: str | int | None) -> str:
    """Return the full name of a device of a memory type.

    ``None`` is its default, a number the index of an accelerator, a kind (``cuda``) the first of that
    kind. Raises ``DeviceUnavailableError`` naming those that there are, and why this one is not.
    """
    names = list(memory.devices())
    if not names:
        raise DeviceUnavailableError(f"{memory.key} has no usable device here: {memory.availability()}")
    if device is None:
        return names[0]
    if isinstance(device, str):
        matches = [name for name in names if device in (name, kind_of(name))]
    else:
        matches = [name for name in names if name != "cpu" and name.endswith(f":{int(device)}")]
    if not matches:
        raise _absence(memory, names, device)
    return matches[0]


def _absence(memory: MemoryType, names: list[str], device: str | int) -> DeviceUnavailableError:
    kinds = sorted(memory.dlpack_devices)
    what = repr(device) if isinstance(device, str) else f"accelerator number {device}"
    told = f"{memory.key} has no {what} here; its devices are {', '.join(names)}"
    if isinstance(device, str):
        meant = device if ":" in device else f"{device}:0"
    elif kinds:
        meant = f"{kinds[0]}:{device}"
    else:
        return DeviceUnavailableError(told, "no device")
    if kind_of(meant) not in kinds:
        return DeviceUnavailableError(told, "no device")
    found = memory.missing_device(meant)
    return DeviceUnavailableError(f"{told}: {found}", found.state)


def require_available(memory: MemoryType) -> None:
    """Raise ``LibraryMissingError`` or ``DeviceUnavailableError``, saying what mends it, unless it is ready."""
    require(memory.availability(), f"memory type {memory.key!r} cannot be used: ")
