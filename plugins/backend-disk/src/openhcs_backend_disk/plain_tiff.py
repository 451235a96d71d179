"""The one kind of TIFF that most microscopes write: a single grey plane, uncompressed, in one piece.

Its pixels can be read in one go as soon as the dozen entries of its directory are known, which takes a fraction of
the time that a reader of every kind of TIFF needs. Whatever is not exactly of this kind is left to such a reader:
tags that are not listed here, descriptions that give the shape or another meaning, a second page, BigTIFF.
Layout and numbers: TIFF Revision 6.0, section 2 and 8.
"""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO, Final

import numpy as np

__all__ = ["read_plain_tiff"]

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_DESCRIPTION, _OFFSETS, _SAMPLES, _COUNTS, _FORMAT = 270, 273, 277, 279, 339
_MEANINGLESS: Final = frozenset({254, 269, 271, 272, 274, 278, 282, 283, 284, 296, 305, 306, 315, 340, 341})
_KNOWN: Final = _MEANINGLESS | {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC),
    *(_DESCRIPTION, _OFFSETS, _SAMPLES, _COUNTS, _FORMAT, 65200, 65500),
}
_MOST_TAGS: Final = 64
_MOST_STRIPS: Final = 1 << 20
_ALWAYS: Final = {_SAMPLES: 1, _COMPRESSION: 1, 284: 1}
_KINDS: Final = {(8, 1): "u1", (16, 1): "u2", (32, 1): "u4", (16, 2): "i2", (32, 3): "f4"}
_SHORT, _LONG = 3, 4


def read_plain_tiff(stream: BinaryIO) -> np.ndarray[Any, Any] | None:
    """Return the pixels of a plain single plane, or ``None``, with the stream anywhere, for any other file."""
    head = stream.read(8)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
    if order is None or len(head) < 8:
        return None
    tags = _directory(stream, order, struct.unpack(f"{order}I", head[4:])[0])
    if tags is None or not _is_plain(stream, order, tags):
        return None
    kind = _KINDS.get((tags.get(_BITS, (0, 1))[0], tags.get(_FORMAT, (1,))[0]))
    height, width = tags[_HEIGHT][0], tags[_WIDTH][0]
    start = _one_piece(stream, order, tags)
    if kind is None or start is None or not height or not width:
        return None
    dtype = np.dtype(f"{order}{kind}")
    if sum(_numbers(stream, order, tags[_COUNTS])) != height * width * dtype.itemsize:
        return None
    pixels = _pixels(stream, start, dtype, height * width)
    if pixels is None:
        return None
    return pixels.reshape(height, width).astype(dtype.newbyteorder("="), copy=False)


def _directory(stream: BinaryIO, order: str, offset: int) -> dict[int, tuple[int, int, int]] | None:
    """Return tag to (value or offset, number of values, type) of the only directory."""
    stream.seek(offset)
    (count,) = struct.unpack(f"{order}H", _exactly(stream, 2))
    if not 0 < count <= _MOST_TAGS:
        return None
    entries = _exactly(stream, count * 12 + 4)
    if struct.unpack(f"{order}I", entries[-4:])[0]:
        return None  # there is a second page
    tags = {}
    for at in range(0, count * 12, 12):
        tag, kind, number, value = struct.unpack_from(f"{order}HHII", entries, at)
        if kind == _SHORT and number == 1:
            (value,) = struct.unpack_from(f"{order}H", entries, at + 8)
        if tag not in _KNOWN or tag in tags:
            return None
        tags[tag] = (value, number, kind)
    return tags


def _exactly(stream: BinaryIO, size: int) -> bytes:
    # A short answer has zeros for what is missing: no such directory passes for a plain one.
    return stream.read(size).ljust(size, b"\0")


def _is_plain(stream: BinaryIO, order: str, tags: dict[int, tuple[int, int, int]]) -> bool:
    needed = {_WIDTH, _HEIGHT, _BITS, _OFFSETS, _COUNTS}
    single = needed - {_OFFSETS, _COUNTS} | {_FORMAT, *_ALWAYS}
    if not needed <= tags.keys() or any(tags[tag][1] != 1 for tag in single & tags.keys()):
        return False
    if any(tags[tag][2] not in (_SHORT, _LONG) for tag in single & tags.keys()):
        return False
    if any(tags[tag][0] != value for tag, value in _ALWAYS.items() if tag in tags):
        return False
    if tags.get(_PHOTOMETRIC, (1, 1, _SHORT))[0] not in (0, 1):
        return False
    # tifffile, ImageJ and OME describe what the pages mean; MetaSeries XML says nothing of the shape.
    if _DESCRIPTION not in tags:
        return True
    value, number, _ = tags[_DESCRIPTION]
    if number <= 4:
        return True
    stream.seek(value)
    return stream.read(10) == b"<MetaData>"


def _one_piece(stream: BinaryIO, order: str, tags: dict[int, tuple[int, int, int]]) -> int | None:
    """Return where the pixels start, if the strips follow each other without a gap."""
    offsets = _numbers(stream, order, tags[_OFFSETS])
    counts = _numbers(stream, order, tags[_COUNTS])
    if not offsets or len(offsets) != len(counts):
        return None
    following = zip(offsets, counts, offsets[1:], strict=False)
    return offsets[0] if all(start + size == after for start, size, after in following) else None


def _numbers(stream: BinaryIO, order: str, entry: tuple[int, int, int]) -> tuple[int, ...]:
    value, number, kind = entry
    if kind not in (_SHORT, _LONG) or not 0 < number <= _MOST_STRIPS:
        return ()
    if number == 1:
        return (value,)
    if kind == _SHORT and number == 2:
        return ()  # two numbers within the entry: rare enough to leave to others
    stream.seek(value)
    letter, size = ("H", 2) if kind == _SHORT else ("I", 4)
    data = stream.read(number * size)
    return struct.unpack(f"{order}{number}{letter}", data) if len(data) == number * size else ()


def _pixels(stream: BinaryIO, start: int, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any] | None:
    stream.seek(start)
    if isinstance(stream, (io.BufferedReader, io.FileIO)):
        pixels = np.fromfile(stream, dtype, count)
    else:
        data = stream.read(count * dtype.itemsize)
        pixels = np.frombuffer(bytearray(data), dtype, len(data) // dtype.itemsize)
    return pixels if len(pixels) == count else None
