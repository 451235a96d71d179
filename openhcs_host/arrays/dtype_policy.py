"""Bringing a result to the dtype that its function declares: exactly, or rounded and clipped on request.

What is exact is the same as for ``convert(…, dtype=)``: naming a floating type allows its rounding and nothing
else. NaN has no nearest integer and an imaginary part no real one, whatever is asked for. Nothing is scaled.
"""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np

from openhcs_host.arrays.casting import cast_exactly, dtype_named
from openhcs_host.arrays.declaration import OnLoss
from openhcs_host.arrays.devices import kind_of
from openhcs_host.arrays.dtypes import keeps_every_value
from openhcs_host.contracts.memory import ArrayFacts, MemoryType
from openhcs_host.errors import ArrayError

__all__ = ["clipped", "fitted_there", "keeping", "to_dtype"]

Plane = np.ndarray[Any, Any]

_LARGEST: Final = {
    "float16": 65504.0,
    "bfloat16": float.fromhex("0x1.fep127"),
    "float32": float.fromhex("0x1.fffffep127"),
    "float64": sys.float_info.max,
}


def to_dtype(memory: MemoryType, array: Any, dtype: str, on_loss: OnLoss, name: str) -> Any:
    """Return the [Z, Y, X] ``array`` of ``memory`` in ``dtype``, for the function ``name``.

    A library that keeps values of ``dtype`` in a wider one (``MemoryType.holds``) gets values of ``dtype``
    in the wider one. The array stays on its device; where the library's operators do not tell whether
    its values fit, they are looked at in the memory of the host. Raises ``ArrayError`` for values that do
    not fit (``refuse``), and for those that have no nearest one (``clip``).
    """
    facts = memory.facts(array)
    if facts.dtype == dtype:
        return array
    kept = keeping(memory, dtype, facts.device, name)
    if keeps_every_value(dtype, facts.dtype):
        return _cast(memory, array, facts, kept)
    # OpenCL's comparisons may take NaN for a number; those of libraries that take part in DLPack do not.
    if kind_of(facts.device) in memory.dlpack_devices:
        there = fitted_there(memory, array, facts, dtype, kept, on_loss)
        if there is not None:
            return there
    planes = memory.to_numpy(array)
    if on_loss == "refuse" and planes.dtype.kind != "c":
        for number, plane in enumerate(planes):
            _exact(plane, dtype, number, name)
        return _cast(memory, array, facts, kept)
    made = _nearest if on_loss == "clip" else _exact
    result = np.empty(planes.shape, dtype_named(dtype))
    for number, plane in enumerate(planes):
        result[number] = made(plane, dtype, number, name)
    return memory.from_numpy(result, device=facts.device, given=True)


def keeping(memory: MemoryType, dtype: str, device: str | None, name: str) -> str:
    """Return the dtype in which ``memory`` keeps values of ``dtype``; raises ``ArrayError`` if in none."""
    kept = memory.holds(dtype, device)
    if kept is None:
        where = f" on {device}" if device else ""
        raise ArrayError(
            f"{name} declares dtype {dtype!r}, which {memory.key} cannot keep{where}; declare another one"
        )
    return kept


def _cast(memory: MemoryType, array: Any, facts: ArrayFacts, kept: str) -> Any:
    return array if facts.dtype == kept else memory.cast(array, kept)


# Plane by plane: what is made on the way to an answer is as large as one plane only.
def _exact(plane: Plane, dtype: str, number: int, name: str) -> Plane:
    try:
        return cast_exactly(plane, dtype)
    except ValueError as error:
        raise ArrayError(
            f"{name} declares dtype {dtype!r}, and in plane {number} of its result {error}. "
            'on_loss="clip" rounds and clips; dtype="native" leaves what the function made.'
        ) from None


def _nearest(plane: Plane, dtype: str, number: int, name: str) -> Plane:
    try:
        return clipped(plane, dtype)
    except ValueError as error:
        raise ArrayError(
            f"{name} declares dtype {dtype!r}, and in plane {number} of its result {error}"
        ) from None


def fitted_there(
    memory: MemoryType, array: Any, facts: ArrayFacts, dtype: str, kept: str, on_loss: OnLoss
) -> Any:
    """Return the fitted array without leaving its device, ``None`` if the host has to look.

    Only from a floating type to integers that it holds all of: then what a cast wraps or saturates
    never comes back as the value that it was. Devices that take subnormal numbers for zero do so here.
    """
    if kept != dtype or not keeps_every_value(facts.dtype, dtype) or not hasattr(array, "clip"):
        return None
    if np.dtype(dtype).kind not in "iu":
        return None
    there = memory.cast(array, dtype)
    if not bool((memory.cast(there, facts.dtype) != array).any()):
        return there
    if on_loss == "refuse" or bool((array != array).any()):
        return None  # the host finds the words
    limits = np.iinfo(dtype)
    return memory.cast(array.round().clip(int(limits.min), int(limits.max)), dtype)


def clipped(plane: Plane, dtype: str) -> Plane:
    """Return ``plane`` in ``dtype``, rounded half to even and clipped to its range.

    Infinities stay infinite in a floating type. Raises ``ValueError`` for NaN to an integer type and for an
    imaginary part to a real one.
    """
    wanted = dtype_named(dtype)
    if wanted.kind == "c":
        result = np.empty(plane.shape, wanted)
        part = result.real.dtype.name
        result.real = clipped(plane.real, part)
        result.imag = clipped(plane.imag, part) if plane.dtype.kind == "c" else 0
        return result
    if plane.dtype.kind == "c":
        _refuse(plane.imag != 0, plane, dtype, "have an imaginary part")
        plane = plane.real
    if wanted.kind in "biu":
        return _clipped_to_integers(_plain(plane), wanted)
    with np.errstate(over="ignore"):
        result = plane.astype(wanted)
    too_large = np.isinf(result) & np.isfinite(plane)
    result[too_large] = np.where(plane[too_large] > 0, _LARGEST[dtype], -_LARGEST[dtype]).astype(wanted)
    return result


def _clipped_to_integers(plane: Plane, wanted: np.dtype[Any]) -> Plane:
    low, high = (0, 1) if wanted.kind == "b" else (int(np.iinfo(wanted).min), int(np.iinfo(wanted).max))
    if plane.dtype.kind != "f":
        own = np.iinfo(plane.dtype)
        return np.clip(plane, max(low, int(own.min)), min(high, int(own.max))).astype(wanted)
    _refuse(np.isnan(plane), plane, wanted.name, "are NaN")
    rounded = np.rint(plane)
    # The largest 64-bit integers are no floats; the powers of two that follow them are.
    below, above = rounded < float(low), rounded >= high + 1.0
    result = np.where(below | above, 0, rounded).astype(wanted)
    result[below], result[above] = low, high
    return result


def _refuse(wrong: Plane, plane: Plane, dtype: str, what: str) -> None:
    count = np.count_nonzero(wrong)
    if count:
        raise ValueError(f"{count} of {plane.size} values {what}, and nothing in {dtype} is nearest to them")


def _plain(plane: Plane) -> Plane:
    # Wider types keep every value, and NumPy compares them with large numbers without overflowing.
    if plane.dtype.kind == "b":
        return plane.astype(np.uint8)
    if plane.dtype.kind in "iu" or (plane.dtype.kind == "f" and plane.dtype.itemsize > 2):
        return plane
    return plane.astype(np.float32)
