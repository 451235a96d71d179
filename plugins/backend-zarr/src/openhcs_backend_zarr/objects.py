"""Writing the arrays of a field: every object once and whole, with planes that are new and planes that it had.

Planes are compressed by several threads and written by the calling one as they are ready. What a field had
is carried over as it is stored, by a hard link where a whole object stays the same.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import attrs
import numpy as np

from openhcs_backend_zarr.arriving import ArrivingPlanes
from openhcs_backend_zarr.encoding import encoder
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.grid import Grid, Planes
from openhcs_backend_zarr.layout import ArrayLayout, Index
from openhcs_backend_zarr.new_files import NewFiles
from openhcs_backend_zarr.ngff.writing import encoded
from openhcs_backend_zarr.pyramid import halved
from openhcs_backend_zarr.shards import joined, parted
from openhcs_backend_zarr.workers import Workers
from openhcs_host.errors import FormatError
from openhcs_host.files.atomic import sync_directory

__all__ = ["Kept", "NewArrays", "Range", "rewrite_object", "write_arrays"]

Array = np.ndarray[Any, np.dtype[Any]]
Range = tuple[float, float]
"""Least and greatest finite value."""
Pieces = tuple[list[bytes | None], Range | None]
"""The encoded bytes of every level, and the range of the full one."""


@attrs.frozen(eq=False)
class Kept:
    """The arrays that a field has already, in the layout that they are to keep."""

    folder: str
    grid: Grid
    layouts: tuple[ArrayLayout, ...]
    """Of every level."""
    present: frozenset[Spot]
    """Planes that are there, and are not replaced."""
    decode: Callable[[Spot], Array]
    """Returns the pixels of one of them."""


@attrs.frozen(eq=False)
class NewArrays:
    """The arrays of a field that are to be written."""

    folder: str
    """Where the image's group lies; the levels become ``0``, ``1`` … in it."""
    grid: Grid
    layout: ArrayLayout
    """Of the full level."""
    levels: int
    """How many there are, the full one included."""
    planes: Planes
    """What is new."""
    kept: Kept | None = None
    """What is there already."""
    reduce: Callable[[Array], Array] = halved
    """Makes a plane of the next smaller level."""


Task = Callable[[], Pieces]

_MOST_OBJECTS: Final = 2
"""Chunks of several planes that are loaded and encoded ahead, where planes are loaded as they are written."""


def write_arrays(fields: Iterable[NewArrays], workers: Workers, *, power: bool) -> list[dict[int, Range]]:
    """Write the arrays of several fields; return the range of values of every channel's new planes, per field."""
    fields = list(fields)
    ranges: list[dict[int, Range]] = [{} for _ in fields]
    files = NewFiles(field.folder for field in fields)
    work: list[tuple[int, str, tuple[Index | None, ...]]] = []
    for number, field in enumerate(fields):
        for level in range(field.levels):
            name, document = field.layout.level(level).document()
            files.write(f"{field.folder}/{level}/{name}", [encoded(document)], power=power)
        for key, places in field.layout.objects():
            if not _linked(field, key, places, files):
                work.append((number, key, places))
    tasks = (task for number, _, places in work for task in _tasks(fields[number], places))
    large = any(field.layout.solid and isinstance(field.planes, ArrivingPlanes) for field in fields)
    done = workers.ahead(tasks, _MOST_OBJECTS if large else None)
    for number, key, places in work:
        field = fields[number]
        pieces = []
        for place in places[: 1 if field.layout.solid else None]:
            levels, span = next(done)
            pieces.append(levels)
            if span is not None and place is not None:
                _widen(ranges[number], field.grid.channels[place[1]], span)
        _write_object(field, key, pieces, files, power)
    return ranges


def rewrite_object(field: NewArrays, key: str, workers: Workers, *, power: bool) -> dict[int, Range]:
    """Replace one object where it lies, in one step per level; return the ranges of its new planes."""
    ranges: dict[int, Range] = {}
    places = dict(field.layout.objects())[key]
    pieces = []
    for place, (levels, span) in zip(places, workers.ahead(_tasks(field, places)), strict=False):
        pieces.append(levels)
        if span is not None and place is not None:
            _widen(ranges, field.grid.channels[place[1]], span)
    for level in range(field.levels):
        path = f"{field.folder}/{level}/{key}"
        parts = _parts(field, [piece[level] for piece in pieces])
        if parts is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
                if power:
                    sync_directory(os.path.dirname(path))
            continue
        temporary = f"{os.path.dirname(path)}/.new.openhcs-part"
        with contextlib.suppress(FileNotFoundError):  # of a writer that was killed: we hold the well's lock
            os.unlink(temporary)
        try:
            NewFiles([field.folder]).write(temporary, parts, power=power)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        if power:
            sync_directory(os.path.dirname(path))
    return ranges


def _tasks(field: NewArrays, places: tuple[Index | None, ...]) -> Iterator[Task]:
    if field.layout.solid:
        # Planes are taken here and not in threads, so that they are taken in order.
        spots = [None if place is None else field.grid.spot(place) for place in places]
        planes = [None if spot is None else field.planes.get(spot) for spot in spots]
        yield lambda: _solid(field, spots, planes)
        return
    encode = encoder(field.layout.config)
    for place in places:
        spot = None if place is None else field.grid.spot(place)
        plane = None if spot is None else field.planes.get(spot)
        if plane is not None:
            yield _encoding(field, plane, encode)
        elif spot is not None and field.kept is not None and spot in field.kept.present:
            yield _carrying(field, field.kept, spot)
        else:
            yield lambda: ([None] * field.levels, None)


def _encoding(field: NewArrays, plane: Array, encode: Callable[[Array], bytes]) -> Task:
    return lambda: ([encode(level) for level in _levels(field, plane)], _range(plane))


def _carrying(field: NewArrays, kept: Kept, spot: Spot) -> Task:
    return lambda: ([_stored(kept, level, spot) for level in range(field.levels)], None)


def _levels(field: NewArrays, plane: Array) -> Iterator[Array]:
    for level in range(field.levels):
        if level:
            plane = field.reduce(plane)
        yield plane


def _solid(field: NewArrays, spots: Sequence[Spot | None], planes: Sequence[Array | None]) -> Pieces:
    """Encode one chunk of many planes, as Zarr v2 has it; what is absent is zero there."""
    spans: list[Range] = []
    wide, deep = field.layout.block
    stacks = [
        np.zeros((len(spots), *field.layout.level(level).shape[3:]), field.layout.dtype)
        for level in range(field.levels)
    ]
    known = 0
    for at, (spot, plane) in enumerate(zip(spots, planes, strict=True)):
        if plane is None and spot is not None and field.kept is not None and spot in field.kept.present:
            plane = field.kept.decode(spot)
        elif plane is not None and (span := _range(plane)) is not None:
            spans.append(span)
        if plane is not None:
            known += 1
            for stack, level in zip(stacks, _levels(field, plane), strict=True):
                stack[at] = level
    if not known:
        return [None] * field.levels, None
    encode = encoder(field.layout.config)
    span = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None
    return [encode(stack.reshape(1, wide, deep, *stack.shape[1:])) for stack in stacks], span


def _linked(field: NewArrays, key: str, places: tuple[Index | None, ...], files: NewFiles) -> bool:
    """Link an object that stays as it is, on all levels; return whether it does."""
    kept = field.kept
    if kept is None or kept.layouts[0].block != field.layout.block:
        return False
    spots = [None if place is None else field.grid.spot(place) for place in places]
    first = spots[0]
    index = None if first is None else kept.grid.index(first)
    if index is None or any(spot in field.planes for spot in spots):
        return False
    old_key = kept.layouts[0].object_of(index)
    if not any(spot in kept.present for spot in spots) or _places_in(kept, old_key, index) != spots:
        return False
    for level in range(field.levels):
        target = f"{field.folder}/{level}/{key}"
        files.make_folder(os.path.dirname(target))
        os.link(f"{kept.folder}/{level}/{old_key}", target)
    return True


def _places_in(kept: Kept, key: str, index: Index) -> list[Spot | None]:
    """Return the planes of the object ``key``, in which the one at ``index`` lies, as the field has them."""
    time, channel, plane = index
    wide, deep = kept.layouts[0].block
    first_channel, first_plane = channel // wide * wide, plane // deep * deep
    channels, planes = kept.grid.channels, kept.grid.z_indexes
    return [
        kept.grid.spot((time, c, z)) if c < len(channels) and z < len(planes) else None
        for c in range(first_channel, first_channel + wide)
        for z in range(first_plane, first_plane + deep)
    ]


def _stored(kept: Kept, level: int, spot: Spot) -> bytes | None:
    """Return the encoded bytes of a plane as they are stored."""
    layout, index = kept.layouts[level], kept.grid.index(spot)
    if index is None:
        raise LookupError(f"{spot} lies outside the field in {kept.folder!r}")
    path = f"{kept.folder}/{level}/{layout.object_of(index)}"
    with open(path, "rb") as stream:
        content = stream.read()
    if not layout.sharded:
        return content
    wide, deep = layout.block
    chunk = parted(content, wide * deep)[index[1] % wide * deep + index[2] % deep]
    if chunk is None:
        raise FormatError(f"{path!r} lacks a plane that its image lists as there")
    return chunk


def _write_object(
    field: NewArrays, key: str, pieces: list[list[bytes | None]], files: NewFiles, power: bool
) -> None:
    for level in range(field.levels):
        parts = _parts(field, [piece[level] for piece in pieces])
        if parts is not None:
            files.write(f"{field.folder}/{level}/{key}", parts, power=power)


def _parts(field: NewArrays, chunks: list[bytes | None]) -> list[bytes] | None:
    """Return the bytes of an object, ``None`` if all its planes were never saved."""
    known = [chunk for chunk in chunks if chunk is not None]
    if not known:
        return None
    return joined(chunks) if field.layout.sharded else known


def _range(plane: Array) -> Range | None:
    if plane.size == 0 or plane.dtype.kind in "bc":
        return None
    if plane.dtype.kind == "f":
        plane = plane[np.isfinite(plane)]
        if plane.size == 0:
            return None
    return plane.min().item(), plane.max().item()


def _widen(ranges: dict[int, Range], channel: int, span: Range) -> None:
    low, high = ranges.get(channel, span)
    ranges[channel] = min(low, span[0]), max(high, span[1])
