"""A plane made small: its picture both as an image and as labels, and a sample of its pixels."""

from __future__ import annotations

import math
from typing import Any, Final

import attrs
import numpy as np

from openhcs_host.errors import ArrayError

__all__ = ["Reduced", "reduced"]

_SAMPLE: Final = 4096
"""Pixels of each plane that histogram and contrast are made of, at most about twice as many."""


@attrs.frozen
class Reduced:
    """What is kept of one plane."""

    means: np.ndarray[Any, Any]
    """Means of square blocks, float64 [Y, X], as an image is made smaller."""
    points: np.ndarray[Any, Any]
    """Single pixels, one of each block, [Y, X], as labels are made smaller: a mean of labels is none."""
    sample: np.ndarray[Any, Any]
    """Pixels in regular distances, float64, flat, finite."""
    inner: int
    """Pairs of neighbouring pixels that are both not zero; 0 for pixels that cannot be labels."""
    equal: int
    """Those of them that are equal."""
    background: bool
    """Whether any pixel is zero."""


def reduced(plane: np.ndarray[Any, Any], edge: int) -> Reduced:
    """Make a plane ``[Y, X]`` fit into ``edge`` pixels; raises ``ArrayError`` for what is no plane of numbers."""
    if plane.ndim != 2 or plane.dtype.kind not in "buif" or not plane.size:
        raise ArrayError(f"{plane.dtype} of shape {plane.shape} is no plane of numbers")
    height, width = plane.shape
    block = math.ceil(max(height, width) / edge)
    step = max(1, math.isqrt(plane.size // _SAMPLE))
    sample = plane[::step, ::step].astype(np.float64).ravel()
    inner, equal = _neighbours(plane)
    return Reduced(
        _means(plane, block),
        plane[min(block // 2, height - 1) :: block, min(block // 2, width - 1) :: block],
        sample[np.isfinite(sample)],
        inner,
        equal,
        not plane.all(),
    )


def _means(plane: np.ndarray[Any, Any], block: int) -> np.ndarray[Any, Any]:
    """Average blocks; those at the lower and right border may be smaller."""
    rows, columns = (np.arange(0, length, block) for length in plane.shape)
    with np.errstate(all="ignore"):  # a block with infinities of both signs has no mean, and is shown black
        # Sums of uint16 fit into float64 exactly, whatever the size of a block.
        sums = np.add.reduceat(np.add.reduceat(plane, columns, axis=1, dtype=np.float64), rows, axis=0)
    heights = np.diff(np.append(rows, plane.shape[0]))[:, np.newaxis]
    widths = np.diff(np.append(columns, plane.shape[1]))[np.newaxis]
    means: np.ndarray[Any, Any] = sums / (heights * widths)
    return means


def _neighbours(plane: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Count pairs along some rows; labels are equal nearly everywhere inside, intensities are not."""
    if plane.dtype.kind == "f":
        return 0, 0
    rows = plane[:: max(1, plane.shape[0] // 256)]
    left, right = rows[:, :-1], rows[:, 1:]
    both = (left != 0) & (right != 0)
    return int(both.sum()), int((left == right)[both].sum())
