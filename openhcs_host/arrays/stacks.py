"""Stacks of planes: many 2-D arrays of any memory types into one [Z, Y, X] array, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs

from openhcs_host.arrays.devices import kind_of
from openhcs_host.arrays.dtypes import joined
from openhcs_host.arrays.slices import check_shapes
from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import ArrayError

if TYPE_CHECKING:
    import numpy as np

    from openhcs_host.arrays.conversions import Conversions

__all__ = ["Plane", "Stacked", "stack", "unstack"]


@attrs.frozen
class Plane:
    """One slice and what is known of it."""

    owner: MemoryType
    """Its memory type."""
    facts: ArrayFacts
    """Shape, dtype, device."""
    array: Any
    """The slice."""


@attrs.frozen
class Stacked:
    """A stack, and how it was made."""

    array: Any
    """The new [Z, Y, X] array."""
    source: str
    """Memory types of the slices."""
    method: str
    """Names of the steps."""
    nbytes: int
    """Bytes that were written."""


def stack(
    conversions: Conversions, planes: Sequence[Plane], target: MemoryType, device: str | int | None
) -> Stacked:
    """Make a new array of the target's on a device; raise ``ArrayError`` for planes that do not belong together."""
    dtype = _check(planes)
    source = "+".join(sorted({plane.owner.key for plane in planes}))
    first = planes[0]
    end = conversions.destination(first.owner, target, first.facts, device)
    if _can_stay(planes, target, end):
        parts = [
            plane.array if plane.owner is target else conversions.convert(plane.array, target.key, end)
            for plane in planes
        ]
        return Stacked(target.stack(parts), source, "stack", sum(plane.facts.nbytes for plane in planes))
    stacked = _in_numpy(planes, dtype)
    if target.key == "numpy":
        return Stacked(stacked, source, "to_numpy + stack", stacked.nbytes)
    made = conversions.hand_over(stacked, target, end)
    copied = (
        0
        if target.shares_in(ArrayFacts(stacked.shape, dtype, "cpu", stacked.nbytes), end)
        else stacked.nbytes
    )
    return Stacked(made, source, "to_numpy + stack + from_numpy", stacked.nbytes + copied)


def unstack(memory: MemoryType, array: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the planes of one of the memory type's own arrays; raise ``ArrayError`` for what is no stack."""
    if len(shape) != 3 or shape[0] == 0:
        raise ArrayError(f"an array of shape {shape} is no stack [Z, Y, X] of at least one plane")
    planes = memory.unstack(array)
    if len(planes) != shape[0]:
        raise ArrayError(
            f"{memory.key} made {len(planes)} planes of a stack of {shape[0]}; report this to the authors of the plugin"
        )
    return planes


def _check(planes: Sequence[Plane]) -> str:
    check_shapes([plane.facts for plane in planes])
    dtypes = sorted({plane.facts.dtype for plane in planes})
    dtype = joined(dtypes)
    if dtype is None:
        raise ArrayError(
            f"no dtype holds every value of {' and '.join(dtypes)}; convert the slices to one first"
        )
    return dtype


def _can_stay(planes: Sequence[Plane], target: MemoryType, end: str) -> bool:
    """Whether the target's library can stack them where they are, without a copy before."""
    first = planes[0].facts
    if target.holds(first.dtype, end) != first.dtype:
        return False
    return all(
        plane.facts.dtype == first.dtype
        and plane.facts.device == end
        and (plane.owner is target or kind_of(end) in plane.owner.dlpack_devices & target.dlpack_devices)
        for plane in planes
    ) and not (target.key == "numpy" and any(not plane.facts.native for plane in planes))


def _in_numpy(planes: Sequence[Plane], dtype: str) -> np.ndarray[Any, Any]:
    import numpy as np

    from openhcs_host.arrays.alignment import aligned_empty
    from openhcs_host.arrays.casting import dtype_named

    # Aligned: a library that only takes such memory takes the stack over without another copy.
    arrays = [plane.owner.to_numpy(plane.array) for plane in planes]
    made = aligned_empty((len(planes), *planes[0].facts.shape), dtype_named(dtype))
    if all(array.dtype == made.dtype for array in arrays):
        return np.stack(arrays, out=made)
    for number, array in enumerate(arrays):
        made[number] = array  # the joined dtype holds every value
    return made
