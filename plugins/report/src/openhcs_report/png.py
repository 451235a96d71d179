"""PNG files with a palette, which the lossless formats of storage do not write and thumbnails want to be."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

from openhcs_host.errors import ArrayError

__all__ = ["data_uri", "palette_png"]


def palette_png(indices: np.ndarray[Any, Any], palette: np.ndarray[Any, Any]) -> bytes:
    """Return a PNG of uint8 ``indices`` [Y, X] into ``palette``, uint8 [colours, 3].

    Written as the PNG specification (W3C, third edition) says: 8 bits per pixel, no filter, which suits
    indices. Raises ``ArrayError`` for arrays of another kind, or an index that has no colour.
    """
    if indices.dtype != np.uint8 or indices.ndim != 2 or not indices.size:
        raise ArrayError(f"indices of a PNG are uint8 [Y, X], not {indices.dtype} of shape {indices.shape}")
    if palette.dtype != np.uint8 or palette.shape[1:] != (3,) or not 1 <= len(palette) <= 256:
        raise ArrayError(f"a palette is uint8 [1 to 256, 3], not {palette.dtype} of shape {palette.shape}")
    if int(indices.max()) >= len(palette):
        raise ArrayError(f"index {indices.max()} has no colour in a palette of {len(palette)}")
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter's number, 0 for none
    rows[:, 1:] = indices
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def data_uri(png: bytes) -> str:
    """Return a PNG as an address that holds the file itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
