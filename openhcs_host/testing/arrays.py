"""Arrays of every dtype and layout to convert, and an eye of our own to compare them with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import numpy as np

from openhcs_host.arrays.alignment import aligned_copy

__all__ = ["DTYPES", "Case", "assert_equal", "cases_of_dtypes", "cases_of_layouts", "image", "values_of"]

Array = np.ndarray[Any, Any]


def _all_dtypes() -> dict[str, np.dtype[Any]]:
    names = ["bool", *(f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("u", ""))]
    names += ["float16", "float32", "float64", "complex64", "complex128"]
    found = {name: np.dtype(name) for name in names}
    try:
        from ml_dtypes import bfloat16
    except ImportError:
        return found
    return {**found, "bfloat16": np.dtype(bfloat16)}


DTYPES: Final = _all_dtypes()
"""Name to dtype; ``bfloat16`` where ``ml_dtypes`` is installed."""

_TELLING: Final = (0, 1, 2**8 + 1, 2**11 + 1, 2**16 - 1, 2**24 + 1, 2**31 - 1, 2**53 + 1)
"""Integers that the next narrower floating dtype would round."""


@attrs.frozen
class Case:
    """One array in one layout."""

    name: str
    """Dtype and layout, for messages."""
    array: Array
    """What is converted."""
    owner: Array
    """The writable array whose memory it is."""
    may_be_refused: bool = False
    """Whether a memory type may lack arrays of this number of axes, or without elements."""


def values_of(array: Array) -> list[bytes]:
    """Return the bytes of each element in native order, found one by one, whatever the layout."""
    indices = itertools.product(*map(range, array.shape))
    order = array.dtype.newbyteorder("=")
    return [np.asarray(array[index]).astype(order).tobytes() for index in indices]


def assert_equal(found: Any, expected: Array, where: str) -> None:
    """Fail, saying how they differ, unless shape, dtype and every bit of every value are the same."""
    assert isinstance(found, np.ndarray), f"{where}: {type(found).__name__} instead of a NumPy array"
    assert found.shape == expected.shape, f"{where}: shape {found.shape} instead of {expected.shape}"
    assert found.dtype == expected.dtype.newbyteorder("="), (
        f"{where}: dtype {found.dtype} instead of {expected.dtype.newbyteorder('=')}"
    )
    ours, theirs = values_of(expected), values_of(found)
    wrong = [number for number, pair in enumerate(zip(theirs, ours, strict=True)) if pair[0] != pair[1]]
    assert not wrong, (
        f"{where}: {len(wrong)} of {len(ours)} values changed, the first at {wrong[0]}: "
        f"{found.ravel()[wrong[0]]!r} instead of {expected.ravel()[wrong[0]]!r}"
    )


def image(dtype: str = "uint16", shape: tuple[int, ...] = (3, 4)) -> Array:
    """Return an array whose values tell order, dtype and rounding; no two rows or columns are equal."""
    kind, size = DTYPES[dtype], int(np.prod(shape))
    numbers = np.arange(1, size + 1)
    if kind.kind == "b":
        return np.asarray(numbers * numbers % 3 == 1).reshape(shape)
    flat = (numbers * 7 % 97).astype(kind)
    special = _special(kind)[: max(0, size - 2)]
    flat[: len(special)] = special
    if kind.kind == "c":
        flat[len(special) :] += np.asarray(1j * (numbers[len(special) :] % 5)).astype(kind)
    return flat.reshape(shape)


def _special(kind: np.dtype[Any]) -> Array:
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        whole = [value for value in _TELLING if value <= limits.max]
        return np.array([limits.max, limits.min, *whole[-4:], limits.max - 1], kind)
    real = {"complex64": "float32", "complex128": "float64"}.get(kind.name, kind.name)
    narrow = DTYPES[real]
    # The smallest step above one, the smallest subnormal, and what has no number.
    step = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}[real]
    tiny = {"bfloat16": 2.0**-133, "float16": 2.0**-24, "float32": 2.0**-149, "float64": 2.0**-1074}[real]
    values = np.array([1 + step, tiny, -0.0, np.inf, -np.inf, np.nan, -1.5]).astype(narrow)
    return values if kind.kind != "c" else (values[:1] + 1j * values[:1]).astype(kind)


def cases_of_dtypes() -> Iterator[Case]:
    """Yield one array in order for each dtype, and one in the other byte order."""
    for name, kind in DTYPES.items():
        array = image(name)
        yield Case(name, array, array)
        if kind.itemsize > 1 and kind.kind in "iufc":
            foreign = array.astype(kind.newbyteorder())
            yield Case(f"{name} in the other byte order", foreign, foreign)


def cases_of_layouts(dtype: str) -> Iterator[Case]:
    """Yield arrays of one dtype in every layout that NumPy has; each with memory of its own."""
    for name, make in _LAYOUTS.items():
        owner, array = make(dtype)
        yield Case(f"{dtype}, {name}", array, owner)
    for name, shape in _SHAPES.items():
        array = image(dtype, shape)
        yield Case(f"{dtype}, {name}", array, array, may_be_refused=True)


def _aligned(dtype: str) -> tuple[Array, Array]:
    array = aligned_copy(image(dtype))
    return array, array


def _fortran(dtype: str) -> tuple[Array, Array]:
    array = np.asfortranarray(image(dtype))
    return array, array


def _strided(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype, (6, 8))
    return owner, owner[::2, 1::2]


def _backwards(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype)
    return owner, owner[::-1, ::-1]


def _broadcast(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype, (1, 4))
    return owner, np.broadcast_to(owner, (3, 4))


def _repeated(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype, (1, 4))
    return owner, np.lib.stride_tricks.as_strided(owner, (3, 4), (0, owner.strides[1]))


def _misaligned(dtype: str) -> tuple[Array, Array]:
    values = image(dtype)
    memory = np.empty(values.nbytes + 1, np.uint8)
    array = memory[1:].view(values.dtype).reshape(values.shape)
    array[...] = values
    return array, array


def _read_only(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype)
    array = owner.view()
    array.flags.writeable = False
    return owner, array


def _stack(dtype: str) -> tuple[Array, Array]:
    array = image(dtype, (2, 3, 4))
    return array, array


def _moved(dtype: str) -> tuple[Array, Array]:
    owner = image(dtype, (2, 3, 4))
    return owner, owner.transpose(2, 0, 1)


def _plane(dtype: str) -> tuple[Array, Array]:
    array = image(dtype)
    return array, array


_LAYOUTS: Final[dict[str, Callable[[str], tuple[Array, Array]]]] = {
    "in order": _plane,
    "in order, aligned to 64 bytes": _aligned,
    "3-D": _stack,
    "Fortran order": _fortran,
    "strided": _strided,
    "backwards": _backwards,
    "broadcast": _broadcast,
    "repeated and writable": _repeated,
    "misaligned": _misaligned,
    "read-only": _read_only,
    "axes moved": _moved,
}
_SHAPES: Final = {"0-d": (), "empty": (0, 4), "1-d": (5,), "4-d": (2, 1, 3, 2), "5-d": (1, 2, 1, 3, 2)}
