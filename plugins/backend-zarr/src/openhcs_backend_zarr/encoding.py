"""Compressing chunks, and what the documents of an array say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from openhcs_backend_zarr.config import ZarrCompressor, ZarrConfig
from openhcs_host.errors import UnsupportedDataError

__all__ = ["encoder", "storable", "v2_compressor", "v2_dtype", "v3_codecs", "v3_dtype"]

Array = np.ndarray[Any, np.dtype[Any]]

_KINDS: Final = {
    "b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex",
}  # fmt: skip
_SIZES: Final = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "c": (8, 16)}


def storable(data: Any) -> Array:
    """Return ``data`` as an array that Zarr holds unchanged, or raise ``UnsupportedDataError``."""
    if not isinstance(data, np.ndarray):
        raise UnsupportedDataError(f"an image is a NumPy array, not {type(data).__name__}; convert it first")
    if isinstance(data, np.ma.MaskedArray):
        raise UnsupportedDataError("a store cannot hold the mask of a masked array; save array.data")
    if data.dtype.kind not in _KINDS or data.dtype.itemsize not in _SIZES[data.dtype.kind]:
        raise UnsupportedDataError(
            f"OME-Zarr holds booleans, integers and floating-point numbers, not {data.dtype}"
        )
    return np.asarray(data, data.dtype.newbyteorder("="))


def v3_dtype(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype on Zarr v3."""
    return "bool" if dtype.kind == "b" else f"{_KINDS[dtype.kind]}{dtype.itemsize * 8}"


def v2_dtype(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype on Zarr v2, where pixels are written with the low byte first."""
    return str(dtype.newbyteorder("<").str)


def v3_codecs(config: ZarrConfig, dtype: np.dtype[Any]) -> list[dict[str, Any]]:
    """Return the codecs of a chunk on Zarr v3."""
    pixels: dict[str, Any] = {"name": "bytes"}
    if dtype.itemsize > 1:
        pixels["configuration"] = {"endian": "little"}
    level = config.compression_level
    match config.compressor:
        case ZarrCompressor.ZSTD:
            settings: dict[str, Any] = {"level": level, "checksum": False}
            return [pixels, {"name": "zstd", "configuration": settings}]
        case ZarrCompressor.ZLIB:
            return [pixels, {"name": "gzip", "configuration": {"level": level}}]
        case ZarrCompressor.LZ4 | ZarrCompressor.BLOSC:
            settings = {
                "cname": _blosc_name(config),
                "clevel": level,
                "shuffle": "shuffle" if _shuffles(config) else "noshuffle",
                "typesize": dtype.itemsize,
                "blocksize": 0,
            }
            return [pixels, {"name": "blosc", "configuration": settings}]
    return [pixels]


def v2_compressor(config: ZarrConfig) -> dict[str, Any] | None:
    """Return the compressor of a chunk on Zarr v2."""
    level = config.compression_level
    match config.compressor:
        case ZarrCompressor.ZSTD:
            return {"id": "zstd", "level": level}
        case ZarrCompressor.ZLIB:
            return {"id": "zlib", "level": level}
        case ZarrCompressor.LZ4 | ZarrCompressor.BLOSC:
            shuffle = 1 if _shuffles(config) else 0
            return {
                "id": "blosc",
                "cname": _blosc_name(config),
                "clevel": level,
                "shuffle": shuffle,
                "blocksize": 0,
            }
    return None


def encoder(config: ZarrConfig) -> Callable[[Array], bytes]:
    """Return the function that compresses one chunk; safe to call from several threads at once."""
    import numcodecs  # type: ignore[import-untyped]  # a tenth of a second, and of no use to who only reads

    level = config.compression_level
    match config.compressor:
        case ZarrCompressor.ZSTD:
            codec: Any = numcodecs.Zstd(level=level)
        case ZarrCompressor.ZLIB if config.ngff_version == "0.5":
            codec = numcodecs.GZip(level=level)
        case ZarrCompressor.ZLIB:
            codec = numcodecs.Zlib(level=level)
        case ZarrCompressor.LZ4 | ZarrCompressor.BLOSC:
            codec = numcodecs.Blosc(_blosc_name(config), level, int(_shuffles(config)))
        case _:
            return lambda chunk: _little(chunk).tobytes()
    return lambda chunk: bytes(codec.encode(_little(chunk)))


def _little(chunk: Array) -> Array:
    return np.ascontiguousarray(chunk, chunk.dtype.newbyteorder("<"))


def _blosc_name(config: ZarrConfig) -> str:
    return "lz4" if config.compressor is ZarrCompressor.LZ4 else "zstd"


def _shuffles(config: ZarrConfig) -> bool:
    return config.compressor is ZarrCompressor.BLOSC
