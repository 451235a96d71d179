"""What both memory types refuse."""

from __future__ import annotations

from typing import Final

from openhcs_host.errors import DeviceUnavailableError, MemoryConversionError

__all__ = ["check_device", "is_out_of_memory", "refuse_sharing"]

_FULL: Final = (
    "MEM_OBJECT_ALLOCATION_FAILURE",
    "OUT_OF_RESOURCES",
    "OUT_OF_HOST_MEMORY",
    "INVALID_BUFFER_SIZE",  # larger than the device can ever hold in one piece
)


def refuse_sharing(source: str, target: str, copy: bool | None) -> None:
    """Raise ``MemoryConversionError`` if ``copy=False`` demands what OpenCL buffers cannot do."""
    if copy is False:
        raise MemoryConversionError(
            source, target, "push and pull", "buffers of OpenCL share no memory with NumPy; allow a copy"
        )


def check_device(key: str, device: str | None, selected: str) -> None:
    """Raise unless ``device`` is the one that the library has selected, on which all its work is done."""
    if device in (None, selected):
        return
    kind = selected.partition(":")[0]
    if device is None or device.partition(":")[0] != kind:
        raise MemoryConversionError(
            "any array", key, "push", f"it has no device {device!r}, but {selected!r}"
        )
    raise DeviceUnavailableError(
        f"{key} works on {selected}, which it has selected, not on {device}; call its select_device first",
        "no device",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the text of a ``RuntimeError``, or of an error of pyopencl, names what a full device answers."""
    ours = isinstance(error, RuntimeError) or type(error).__module__.partition(".")[0] == "pyopencl"
    return ours and any(text in str(error) for text in _FULL)
