"""Which 2-D arrays make a stack [Z, Y, X]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import ArrayError

__all__ = ["check_shapes", "check_slices"]


def check_shapes(planes: Sequence[ArrayFacts]) -> None:
    """Raise ``ArrayError`` unless there is at least one plane, and all are 2-D and of one shape."""
    if not planes:
        raise ArrayError("there is no slice to stack; a stack has at least one plane")
    shape = planes[0].shape
    for number, plane in enumerate(planes):
        if len(plane.shape) != 2:
            raise ArrayError(f"slice {number} has shape {plane.shape}; a slice is 2-D, [Y, X]")
        if plane.shape != shape:
            raise ArrayError(
                f"slice {number} has shape {plane.shape} and slice 0 has {shape}; crop or pad them first"
            )


def check_slices(memory: MemoryType, slices: Sequence[Any]) -> None:
    """Raise ``ArrayError`` unless ``memory`` can stack these: its own arrays, of one shape, dtype and device."""
    for number, plane in enumerate(slices):
        if not memory.owns(plane):
            kind = f"{type(plane).__module__}.{type(plane).__qualname__}"
            raise ArrayError(f"slice {number} is no array of {memory.key} but a {kind}; convert it first")
    planes = [memory.facts(plane) for plane in slices]
    check_shapes(planes)
    for number, plane in enumerate(planes):
        if (plane.dtype, plane.device) != (planes[0].dtype, planes[0].device):
            raise ArrayError(
                f"slice {number} is {plane.dtype} on {plane.device} and slice 0 is {planes[0].dtype} on "
                f"{planes[0].device}; a stack holds planes of one dtype on one device"
            )
