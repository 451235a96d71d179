"""Which planes lie in which object of an array, and the document that says so.

Arrays are always ``t c z y x``. One object holds the planes of one time point: all of them (``WELL``), as many
as ``shard_bytes`` allow, or one (``FILE``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import numpy as np

from openhcs_backend_zarr.config import ZarrChunkStrategy, ZarrConfig
from openhcs_backend_zarr.encoding import v2_compressor, v2_dtype, v3_codecs, v3_dtype
from openhcs_backend_zarr.pyramid import level_shape

__all__ = ["AXES", "LABEL_AXES", "ArrayLayout", "Index", "Shape"]

AXES: Final = "tczyx"
LABEL_AXES: Final = "tzyx"
"""Of label images, which all channels have in common."""

Index = tuple[int, int, int]
"""Time, channel and z of a plane in its array, from 0."""
Shape = tuple[int, int, int, int, int]
"""Extents of an array: time points, channels, planes, rows, columns."""


@attrs.frozen
class ArrayLayout:
    """How one array is laid out in objects."""

    shape: Shape
    dtype: np.dtype[Any]
    config: ZarrConfig
    """Strategy, compressor and version."""
    block: tuple[int, int]
    """Channels and planes of one object."""
    axes: str = AXES
    """Axes that the array has; one that it lacks has the extent 1 in ``shape``."""

    @classmethod
    def of(cls, shape: Shape, dtype: np.dtype[Any], config: ZarrConfig, axes: str = AXES) -> ArrayLayout:
        """Return the layout that ``config`` wants for a full-size array."""
        return cls(shape, dtype, config, _block(shape, dtype, config), axes)

    def level(self, number: int) -> ArrayLayout:
        """Return the layout of a smaller level, with the same planes in every object."""
        rows, columns = level_shape(self.shape[3], self.shape[4], number)
        return attrs.evolve(self, shape=(*self.shape[:3], rows, columns))

    @property
    def sharded(self) -> bool:
        """Whether an object holds several chunks of one plane each; only Zarr v3 has these."""
        return self._together and self.config.ngff_version == "0.5"

    @property
    def solid(self) -> bool:
        """Whether an object holds several planes in one chunk, as Zarr v2 must."""
        return self._together and self.config.ngff_version == "0.4"

    def objects(self) -> Iterator[tuple[str, tuple[Index | None, ...]]]:
        """Yield the name of every object and the places in it, in order; ``None`` lies outside the array."""
        times, channels, planes, *_ = self.shape
        wide, deep = self.block
        blocks = itertools.product(range(times), range(0, channels, wide), range(0, planes, deep))
        for time, channel, plane in blocks:
            cells = itertools.product(range(channel, channel + wide), range(plane, plane + deep))
            places = tuple((time, c, z) if c < channels and z < planes else None for c, z in cells)
            yield self.object_of((time, channel, plane)), places

    def object_of(self, index: Index) -> str:
        """Return the name, below the array's folder, of the object in which a plane lies."""
        wide, deep = self.block
        time, channel, plane = index
        name = "/".join(map(str, self._stored([time, channel // wide, plane // deep, 0, 0])))
        return f"c/{name}" if self.config.ngff_version == "0.5" else name

    def document(self) -> tuple[str, dict[str, Any]]:
        """Return name and content of the document of the array."""
        wide, deep = self.block
        rows, columns = max(1, self.shape[3]), max(1, self.shape[4])
        chunk, plane = (self._stored([1, *block, rows, columns]) for block in ((wide, deep), (1, 1)))
        if self.config.ngff_version == "0.4":
            return ".zarray", {
                "zarr_format": 2,
                "shape": self._stored(self.shape),
                "chunks": chunk,
                "dtype": v2_dtype(self.dtype),
                "compressor": v2_compressor(self.config),
                "fill_value": self._fill,
                "order": "C",
                "filters": None,
                "dimension_separator": "/",
            }
        codecs = v3_codecs(self.config, self.dtype)
        return "zarr.json", {
            "zarr_format": 3,
            "node_type": "array",
            "shape": self._stored(self.shape),
            "data_type": v3_dtype(self.dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self._fill,
            "codecs": [_sharding(plane, codecs)] if self.sharded else codecs,
            "attributes": {},
            "dimension_names": list(self.axes),
        }

    def _stored(self, values: Sequence[int]) -> list[int]:
        return [value for value, axis in zip(values, AXES, strict=True) if axis in self.axes]

    @property
    def _together(self) -> bool:
        return self.config.chunk_strategy is ZarrChunkStrategy.WELL

    @property
    def _fill(self) -> Any:
        match self.dtype.kind:
            case "b":
                return False
            case "f":
                return 0.0
            case "c":
                return [0.0, 0.0]
        return 0


def _block(shape: Shape, dtype: np.dtype[Any], config: ZarrConfig) -> tuple[int, int]:
    if config.chunk_strategy is ZarrChunkStrategy.FILE:
        return 1, 1
    _, channels, planes, rows, columns = shape
    fitting = max(1, config.shard_bytes // max(1, rows * columns * dtype.itemsize))
    if fitting < channels:
        return fitting, 1
    # Parts of nearly one size: a last one of a single plane would be a file for nothing.
    parts = math.ceil(planes / (fitting // channels))
    return channels, math.ceil(planes / parts)


def _sharding(chunk: list[int], codecs: list[dict[str, Any]]) -> dict[str, Any]:
    index = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
    settings = {"chunk_shape": chunk, "codecs": codecs, "index_codecs": index, "index_location": "end"}
    return {"name": "sharding_indexed", "configuration": settings}
