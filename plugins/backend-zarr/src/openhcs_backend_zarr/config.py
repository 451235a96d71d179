"""How stores are written: the configuration of the backend ``zarr`` and of single calls."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

import attrs

from openhcs_host.contracts.configuration import configured

__all__ = ["NgffVersion", "ZarrChunkStrategy", "ZarrCompressor", "ZarrConfig"]

NgffVersion = Literal["0.4", "0.5"]
"""OME-NGFF 0.4 is written on Zarr v2, 0.5 on Zarr v3."""


class ZarrChunkStrategy(enum.StrEnum):
    """What one object of a store holds."""

    WELL = "well"
    """All channels and planes of a field at one time point: whole wells in few files."""
    FILE = "file"
    """One plane: for programs that rewrite single images."""


class ZarrCompressor(enum.StrEnum):
    """How planes are compressed; every one without loss."""

    ZSTD = "zstd"
    """Zstandard."""
    LZ4 = "lz4"
    """LZ4 in a Blosc frame: Zarr v3 has no LZ4 of its own."""
    BLOSC = "blosc"
    """Zstandard after shuffling bytes: smaller files for more work."""
    ZLIB = "zlib"
    """Deflate: as gzip on Zarr v3, as zlib on Zarr v2."""
    NONE = "none"
    """No compression."""


Choice = TypeVar("Choice", bound=enum.StrEnum)

_LEVELS: Final = {
    ZarrCompressor.ZSTD: 22,
    ZarrCompressor.LZ4: 9,
    ZarrCompressor.BLOSC: 9,
    ZarrCompressor.ZLIB: 9,
}


def _strategy(value: ZarrChunkStrategy | str) -> ZarrChunkStrategy:
    return _chosen(ZarrChunkStrategy, value, "chunk_strategy")


def _compressor(value: ZarrCompressor | str) -> ZarrCompressor:
    return _chosen(ZarrCompressor, value, "compressor")


def _chosen(cls: type[Choice], value: Choice | str, name: str) -> Choice:
    try:
        return cls(value.lower() if isinstance(value, str) else value)
    except ValueError:
        raise ValueError(f"{name} is one of {', '.join(map(repr, map(str, cls)))}, not {value!r}") from None


@attrs.frozen
class ZarrConfig:
    """How images are written; the configuration of the backend, or ``zarr_config=`` of one call."""

    chunk_strategy: ZarrChunkStrategy = attrs.field(default=ZarrChunkStrategy.WELL, converter=_strategy)
    """What one object of a store holds."""
    compressor: ZarrCompressor = attrs.field(default=ZarrCompressor.ZSTD, converter=_compressor)
    """How planes are compressed."""
    compression_level: int = attrs.field(default=1)
    """From 1 to 9, for ``ZSTD`` to 22; more is smaller and slower."""
    ngff_version: NgffVersion = attrs.field(default="0.5", validator=attrs.validators.in_(("0.4", "0.5")))
    """Version of new stores; a plate keeps the version that it has."""
    pyramid: int = attrs.field(default=0)
    """How many smaller levels to write beside the full one, each with half the rows and columns of the one before."""
    shard_bytes: int = attrs.field(default=64 << 20)
    """Bytes of pixels in one object at most; beyond it is split along z, and one plane is never split."""
    durability: Literal["process", "power"] = attrs.field(
        default="process", validator=attrs.validators.in_(("process", "power"))
    )
    """``process``: no crash of a program leaves half a well. ``power``: nor does a loss of power."""

    @compression_level.validator
    def _check_level(self, attribute: attrs.Attribute[int], value: int) -> None:
        highest = _LEVELS.get(self.compressor)
        if highest is not None and not (type(value) is int and 1 <= value <= highest):
            raise ValueError(f"compression_level of {self.compressor} is 1 to {highest}, not {value!r}")

    @pyramid.validator
    def _check_pyramid(self, attribute: attrs.Attribute[int], value: int) -> None:
        if not (type(value) is int and 0 <= value <= 16):
            raise ValueError(f"pyramid is the number of smaller levels, 0 to 16, not {value!r}")

    @shard_bytes.validator
    def _check_bytes(self, attribute: attrs.Attribute[int], value: int) -> None:
        if not (type(value) is int and 1 <= value < 1 << 31):
            raise ValueError(f"shard_bytes is below 2 GiB, which no compressor takes at once; not {value!r}")

    @property
    def power(self) -> bool:
        """Whether what is written must survive a loss of power."""
        return self.durability == "power"

    def changed(self, options: Mapping[str, Any]) -> ZarrConfig:
        """Return this configuration with some fields replaced.

        A field that does not exist is a ``TypeError``, a wrong value a ``ConfigurationError``.
        """
        names = attrs.fields_dict(ZarrConfig)
        unknown = sorted(set(options) - set(names))
        if unknown:
            raise TypeError(f"the zarr backend has no option {', '.join(map(repr, unknown))}")
        if not options:
            return self
        return configured(ZarrConfig, {**attrs.asdict(self), **options}, "backend 'zarr'")
