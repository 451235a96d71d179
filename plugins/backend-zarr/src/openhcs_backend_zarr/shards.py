"""The bytes of a Zarr v3 shard: encoded chunks one after the other, then an index of where each lies.

The codec is ``sharding_indexed`` of the Zarr v3 specification, with the index at the end: for every chunk
in C order its offset and length as little-endian 64-bit integers, both with all bits set where the chunk is missing,
followed by the CRC-32C of these. Knowing the format lets a field gain planes without encoding those that it
has once more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from openhcs_host.errors import FormatError

__all__ = ["crc32c", "joined", "parted"]

_MISSING: Final = (1 << 64) - 1
_POLYNOMIAL: Final = 0x82F63B78


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE: Final = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of ``data``; meant for indexes, which are short."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def joined(chunks: Iterable[bytes | None]) -> list[bytes]:
    """Return the parts of a shard, to be written one after the other; ``None`` is a missing chunk."""
    parts, entries, offset = [], [], 0
    for chunk in chunks:
        if chunk is None:
            entries += [_MISSING, _MISSING]
        else:
            entries += [offset, len(chunk)]
            offset += len(chunk)
            parts.append(chunk)
    index = struct.pack(f"<{len(entries)}Q", *entries)
    return [*parts, index, struct.pack("<I", crc32c(index))]


def parted(shard: bytes, count: int) -> Sequence[bytes | None]:
    """Return the ``count`` encoded chunks of a shard; raise ``FormatError`` if its index is damaged."""
    size = 16 * count
    index, checksum = shard[-size - 4 : -4], shard[-4:]
    if len(index) != size or struct.pack("<I", crc32c(index)) != checksum:
        raise FormatError(f"a shard of {len(shard)} bytes has no intact index of {count} chunks")
    entries = struct.unpack(f"<{2 * count}Q", index)
    chunks: list[bytes | None] = []
    for offset, length in zip(entries[::2], entries[1::2], strict=True):
        chunks.append(None if offset == _MISSING else shard[offset : offset + length])
        if offset != _MISSING and offset + length > len(shard) - size - 4:
            raise FormatError(f"a shard of {len(shard)} bytes has a chunk beyond its end")
    return chunks
