"""Memory of the host that begins where libraries of immutable arrays take it over without another copy."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

__all__ = ["ALIGNMENT", "aligned_copy", "aligned_empty", "begins_aligned"]

ALIGNMENT: Final = 64
"""Bytes; what XLA and Eigen demand of memory that they did not allocate."""


def begins_aligned(array: np.ndarray[Any, Any]) -> bool:
    """Whether the first element of ``array`` lies at a multiple of ``ALIGNMENT``."""
    address: int = array.__array_interface__["data"][0]
    return address % ALIGNMENT == 0


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return an array in C order without values yet."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    empty: np.ndarray[Any, Any] = raw[start : start + size].view(dtype).reshape(shape)
    return empty


def aligned_copy(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a copy in C order and native byte order."""
    copied = aligned_empty(array.shape, array.dtype.newbyteorder("="))
    copied[...] = array
    return copied
