"""The thumbnails of one channel of a plate, with one contrast for all wells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import attrs
import numpy as np

from openhcs_host import FileManager
from openhcs_host.contracts.microscopes import Channel, PlateReading
from openhcs_host.errors import OpenHCSError
from openhcs_report.colours import LEVELS, channel_colour, channel_palette, label_palette
from openhcs_report.histogram import Histogram, counted_in_bins
from openhcs_report.png import palette_png
from openhcs_report.reduction import Reduced, reduced
from openhcs_report.representatives import Representatives, representatives

__all__ = ["Contrast", "Thumbnails", "edge_for", "thumbnails_of"]

_BUDGET: Final = 3_000_000
"""Bytes for all thumbnails of a report."""
_OVERHEAD: Final = 450
"""Bytes that a thumbnail takes beside its pixels: PNG header, palette, element."""
_SMALLEST, _LARGEST = 12, 160
_PERCENTILES: Final = (1.0, 99.8)
_WORKERS: Final = 4
"""Planes read at once; more wait for the medium only."""
_BINS: Final = 75


@attrs.frozen
class Contrast:
    """Which pixel values are black and full colour, in every well alike."""

    low: float
    """Black."""
    high: float
    """Full colour."""


@attrs.frozen
class Thumbnails:
    """One channel of one plate."""

    number: int
    """The channel."""
    channel: Channel
    """What is known of it."""
    shown: Representatives
    """Which planes."""
    edge: int
    """Pixels that the longer edge has at most."""
    pictures: Mapping[str, bytes]
    """Well to PNG."""
    unreadable: Mapping[str, str]
    """Well to why its plane is not shown."""
    contrast: Contrast | None
    """``None`` if the pixels are labels, in colours that mean nothing but "another object"."""
    histogram: Histogram | None
    """Of a regular sample of pixels; ``None`` for labels."""


def edge_for(thumbnails: int) -> int:
    """Return the edge of thumbnails, in pixels, with which so many of them stay light."""
    # 64 colours take up to 6 bits per pixel, and text that holds bytes a third more: about a byte.
    room = _BUDGET / max(thumbnails, 1) - _OVERHEAD
    return min(max(math.isqrt(max(int(room), 0)), _SMALLEST), _LARGEST)


def thumbnails_of(files: FileManager, reading: PlateReading, edge: int) -> list[Thumbnails]:
    """Read one plane per well and channel and make it small; one that cannot be read is told."""
    return [
        _of_channel(files, reading, number, chosen, edge)
        for number, chosen in representatives(reading.planes).items()
    ]


def _of_channel(
    files: FileManager, reading: PlateReading, number: int, chosen: Representatives, edge: int
) -> Thumbnails:
    root = reading.root.absolute().as_posix()

    def small(path: str) -> Reduced | str:
        try:
            return reduced(np.asarray(files.load(f"{root}/{path}", reading.backend)), edge)
        except (OpenHCSError, OSError) as error:
            return str(error)

    with ThreadPoolExecutor(_WORKERS) as pool:
        read = dict(zip(chosen.paths, pool.map(small, chosen.paths.values()), strict=True))
    planes = {well: plane for well, plane in read.items() if isinstance(plane, Reduced)}
    unreadable = {well: error for well, error in read.items() if isinstance(error, str)}
    channel = reading.channels.get(number) or Channel()
    contrast, counts = None, None
    if _are_labels(list(planes.values())):
        palette = label_palette()
        pictures = {well: palette_png(_label_indices(p.points), palette) for well, p in planes.items()}
    else:
        palette = channel_palette(channel_colour(channel))
        sample = np.concatenate([np.empty(0), *(plane.sample for plane in planes.values())])
        contrast, counts = _contrast(sample), counted_in_bins(sample, _BINS)
        pictures = {well: palette_png(_levels(p.means, contrast), palette) for well, p in planes.items()}
    return Thumbnails(number, channel, chosen, edge, pictures, unreadable, contrast, counts)


def _are_labels(planes: Sequence[Reduced]) -> bool:
    """Whether the pixels of a channel are labels: integers, equal inside of objects on a background of zero."""
    inner, equal = sum(p.inner for p in planes), sum(p.equal for p in planes)
    return inner > 0 and equal >= 0.9 * inner and any(p.background for p in planes)


def _contrast(sample: np.ndarray[Any, Any]) -> Contrast:
    if not sample.size:
        return Contrast(0.0, 1.0)
    low, high = map(float, np.percentile(sample, _PERCENTILES))
    return Contrast(low, high if high > low else low + 1.0)


def _levels(means: np.ndarray[Any, Any], contrast: Contrast) -> np.ndarray[Any, Any]:
    with np.errstate(all="ignore"):  # of pixels that are no numbers, or larger than any that could be seen
        part = (means - contrast.low) / (contrast.high - contrast.low)
    part = np.nan_to_num(part, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(part, 0.0, 1.0) * (LEVELS - 1)).astype(np.uint8)


def _label_indices(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return 0 for the background, and for a label always the same of the other colours."""
    labels = points.astype(np.int64)
    return np.where(labels == 0, 0, 1 + (labels - 1) % (LEVELS - 1)).astype(np.uint8)
