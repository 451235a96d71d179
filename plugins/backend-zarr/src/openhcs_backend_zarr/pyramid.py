"""Smaller levels of a plane: the mean of two by two pixels, of labels one of them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["halved", "level_shape", "sampled"]

Plane = np.ndarray[Any, np.dtype[Any]]


def level_shape(rows: int, columns: int, level: int) -> tuple[int, int]:
    """Return rows and columns of a level; every level has half of those before, rounded up."""
    for _ in range(level):
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
    return rows, columns


def halved(plane: Plane) -> Plane:
    """Return the mean of every two by two pixels of ``[Y, X]``, in the same dtype.

    An odd last row or column counts twice. Integers are exact and halves are rounded up; booleans become the
    value that at least two of four have. The same plane gives the same level on every machine.
    """
    even = _even(plane)
    quarters = (even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2])
    kind, size = plane.dtype.kind, plane.dtype.itemsize
    if kind in "biu" and size < 8:
        wide = np.int64 if size == 4 else np.int32
        total = np.add(quarters[0], quarters[1], dtype=wide)
        for quarter in quarters[2:]:
            np.add(total, quarter, out=total, casting="unsafe")
        total += 2
        total >>= 2
        return total.astype(plane.dtype)
    if kind in "iu":  # four of these do not fit into any integer: add quotients and remainders apart
        whole = sum(quarter >> 2 for quarter in quarters)
        rest = sum(quarter & 3 for quarter in quarters)
        return np.asarray(whole + ((rest + 2) >> 2), plane.dtype)
    with np.errstate(invalid="ignore"):  # the mean of both infinities is none, and says so
        mean = sum(quarter * plane.dtype.type(0.25) for quarter in quarters)  # no sum that overflows
    return np.asarray(mean, plane.dtype)


def sampled(plane: Plane) -> Plane:
    """Return the first of every two by two pixels: a label is never mixed with another."""
    return np.ascontiguousarray(plane[::2, ::2])


def _even(plane: Plane) -> Plane:
    rows, columns = plane.shape
    if rows % 2 or columns % 2:
        return np.pad(plane, ((0, rows % 2), (0, columns % 2)), mode="edge")
    return plane
