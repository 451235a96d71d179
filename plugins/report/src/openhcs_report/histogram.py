"""A histogram in SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

import attrs
import numpy as np

from openhcs_report.markup import element

__all__ = ["Histogram", "counted_in_bins", "histogram"]

_WIDTH: Final = 300
_HEIGHT: Final = 70


@attrs.frozen
class Histogram:
    """How many values fall between consecutive edges."""

    counts: tuple[int, ...]
    """Values per bin."""
    edges: tuple[float, ...]
    """Ends of the bins, one more than there are counts."""


def counted_in_bins(
    values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]], bins: int
) -> Histogram:
    """Count finite values in ``bins`` bins of equal width between the least and the greatest."""
    array = np.asarray(values, np.float64)
    array = array[np.isfinite(array)]
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 1.0)
    # Halves, because the distance of two floats may be larger than any float.
    half = high / 2 - low / 2
    if not half > 0:
        return Histogram((int(array.size),), (low, high))
    numbers = np.minimum(((array / 2 - low / 2) / half * bins).astype(np.int64), bins - 1)
    counts = np.bincount(numbers, minlength=bins)
    edges = (low * (1 - number / bins) + high * (number / bins) for number in range(bins + 1))
    return Histogram(tuple(map(int, counts)), tuple(edges))


def histogram(data: Histogram, label: str, unit: str = "", *, logarithmic: bool = False) -> Element:
    """Draw bars whose heights are the counts, or with ``logarithmic`` the logarithms of one more."""
    heights = [math.log1p(count) if logarithmic else float(count) for count in data.counts]
    tallest = max(heights) or 1.0
    step = _WIDTH / len(heights)
    bars = [
        element(
            "rect",
            element(
                "title", f"{data.edges[number]:.4g} to {data.edges[number + 1]:.4g}: {data.counts[number]}"
            ),
            x=round(number * step, 2),
            y=round(_HEIGHT * (1 - height / tallest), 2),
            width=round(max(step - 0.5, 0.5), 2),
            height=round(_HEIGHT * height / tallest, 2),
        )
        for number, height in enumerate(heights)
        if height
    ]
    after = f" {unit}" if unit else ""
    ends = [
        element("text", f"{data.edges[0]:.5g}{after}", x=0, y=_HEIGHT + 12),
        element("text", f"{data.edges[-1]:.5g}{after}", x=_WIDTH, y=_HEIGHT + 12, text_anchor="end"),
    ]
    axis = element("line", x1=0, x2=_WIDTH, y1=_HEIGHT, y2=_HEIGHT)
    total = sum(data.counts)
    title = f"Distribution of {label}: {total} values, from {data.edges[0]:.5g}{after} to {data.edges[-1]:.5g}{after}"
    return element(
        "svg",
        element("title", title),
        *bars,
        axis,
        *ends,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT + 16}",
        role="img",
        class_="histogram",
    )
