"""One picture of a counted plate: every well's first site with the outlines of what was counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openhcs_host import FileManager
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.plates import virtual_name
from openhcs_pipeline import Plan

__all__ = ["draw_counts"]


def draw_counts(plan: Plan, files: FileManager, path: str) -> None:
    """Write a PNG with one tile per well: channel 1 projected over z, label outlines in red."""
    tiles = []
    for well in plan.wells:
        planes = plan.planes(well)
        first = planes[0].coordinates
        shown = [plane for plane in planes if _same_image(plane.coordinates, first)]
        root = plan.reading.root.absolute().as_posix()
        pixels = files.load_batch([f"{root}/{virtual_name(plane)}" for plane in shown], plan.vfs.read_backend)
        labels = files.load(plan.images / image_name(first), plan.vfs.materialization_backends[0])
        tiles.append(_outlined(np.max(pixels, axis=0), labels))
    files.save(_montage(tiles), path, "disk")


def _same_image(one: Coordinates, other: Coordinates) -> bool:
    return (one.site, one.channel, one.timepoint) == (other.site, other.channel, other.timepoint)


def _outlined(pixels: npt.NDArray[Any], labels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    low, high = np.percentile(pixels, (1, 99.8))
    grey = np.clip((pixels - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
    picture = np.repeat(grey[..., np.newaxis], 3, axis=2)
    edge = np.zeros(labels.shape, dtype=bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    picture[edge] = (255, 60, 40)
    return picture


def _montage(tiles: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    height, width, _ = tiles[0].shape
    picture = np.zeros((rows * (height + 4), columns * (width + 4), 3), dtype=np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        y, x = row * (height + 4), column * (width + 4)
        picture[y : y + height, x : x + width] = tile
    return picture
