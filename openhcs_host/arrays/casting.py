"""Casting NumPy arrays so that no value changes, but for the rounding of floating values that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhcs_host.arrays.dtypes import keeps_every_value, only_rounds
from openhcs_host.errors import LibraryMissingError

__all__ = ["cast_exactly", "dtype_named"]

Array = np.ndarray[Any, Any]


def dtype_named(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype of a name; ``bfloat16`` is the one of ``ml_dtypes``.

    Raises ``TypeError`` for a name that is none, ``LibraryMissingError`` for ``bfloat16`` without ``ml_dtypes``.
    """
    if name == "bfloat16":
        try:
            from ml_dtypes import bfloat16
        except ImportError as error:
            raise LibraryMissingError(
                "NumPy has bfloat16 only with ml_dtypes. Run: pip install ml-dtypes", "library missing"
            ) from error
        extension: np.dtype[Any] = np.dtype(bfloat16)
        return extension
    return np.dtype(name)


def cast_exactly(array: Array, dtype: str) -> Array:
    """Return equal values in another dtype, in native byte order.

    Floating values may be rounded. Raises ``ValueError``, which says what does not fit and how many
    values are concerned, for everything else that would change: a fraction or a value out of range to an
    integer dtype, an integer that a floating dtype cannot hold, a finite value that would become
    infinite, an imaginary part.
    """
    return _cast(array, dtype, f"values of dtype {array.dtype.name} would change in {dtype}")


def _cast(array: Array, dtype: str, told: str) -> Array:
    given, wanted = array.dtype.name, dtype_named(dtype)
    if keeps_every_value(dtype, given):
        return array.astype(wanted)
    if array.dtype.kind == "c" and wanted.kind != "c":
        _refuse_where(array.imag != 0, array, told, "an imaginary part")
        return _cast(array.real, dtype, told)
    if wanted.kind == "c":
        return _as_complex(array, wanted, told)
    with np.errstate(all="ignore"):
        result: Array = array.astype(wanted)
    if only_rounds(dtype, given):
        lost = np.isfinite(array) & ~np.isfinite(result)
    elif _is_floating(given):
        lost = _not_equal_as_integers(array, wanted)
    elif _is_floating(dtype):
        lost = _not_exact_in_floating(array, result)
    else:
        # Integers that survive the way there and back with their sign are the same ones.
        lost = (result.astype(array.dtype) != array) | ((result < 0) != (array < 0))
    _refuse_where(lost, array, told, "a value that it cannot hold")
    return result


def _as_complex(array: Array, wanted: np.dtype[Any], told: str) -> Array:
    result = np.empty(array.shape, wanted)
    part = result.real.dtype.name
    result.real = _cast(array.real, part, told)
    result.imag = _cast(array.imag, part, told) if array.dtype.kind == "c" else 0
    return result


def _is_floating(dtype: str) -> bool:
    return "float" in dtype


def _not_equal_as_integers(array: Array, wanted: np.dtype[Any]) -> Array:
    # Narrow floats first become wide ones, which is exact: the limits below do not fit into float16.
    values = array.astype(np.float64) if array.dtype.itemsize < 8 else array
    low, end = (0.0, 2.0) if wanted.kind == "b" else _limits(wanted)
    inside = (values >= low) & (values < end)
    with np.errstate(invalid="ignore"):
        whole: Array = inside & (values == np.floor(values))
    return ~whole


def _not_exact_in_floating(array: Array, result: Array) -> Array:
    low, end = _limits(array.dtype)
    wide = result.astype(np.float64)
    inside = np.isfinite(wide) & (wide >= low) & (wide < end)
    back = np.where(inside, wide, 0).astype(array.dtype)
    same: Array = inside & (back == array)
    return ~same


def _limits(integers: np.dtype[Any]) -> tuple[float, float]:
    # The end is one more than the largest, a power of two, and so exact as a floating value.
    limits = np.iinfo(integers)
    return float(limits.min), 2.0 * (limits.max // 2 + 1)


def _refuse_where(lost: Array, array: Array, told: str, what: str) -> None:
    number = int(np.count_nonzero(lost))
    if number:
        first = array[lost].flat[0]
        raise ValueError(f"{number} of {array.size} {told}, the first of them {first!s}: {what}")
