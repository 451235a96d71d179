"""Handles instead of pixels: of tensorstore, zarr or dask, which are imported only here."""

from __future__ import annotations

from typing import Any

import numpy as np

from openhcs_backend_zarr.addresses import is_url
from openhcs_backend_zarr.finding import Entry
from openhcs_backend_zarr.images import Images, Region, cut
from openhcs_host.errors import ConfigurationError, LibraryMissingError

__all__ = ["lazily"]


def lazily(library: str, images: Images, entry: Entry, level: int, region: Region | None) -> Any:
    """Return a handle of what stands under a path; a library that is not installed is a ``LibraryMissingError``.

    A handle shows what was there when it was made: when the well is replaced, it is not valid any more.
    """
    if entry.image is None:
        raise LookupError("a file has no array")
    if library == "zarr":
        if region is not None:
            raise ConfigurationError("a zarr handle is the whole array; slice it, or ask for 'dask'")
        if is_url(entry.image.root):
            raise ConfigurationError(
                "a zarr handle is that of a folder; at a URL ask for 'tensorstore' or 'dask'"
            )
        path = f"{entry.image.root}/{entry.image.field.arrays[level]}"
        return _library("zarr").open_array(path, mode="r")
    if library not in ("tensorstore", "dask"):
        raise ConfigurationError(f"lazy is 'tensorstore', 'zarr' or 'dask', not {library!r}")
    if entry.spot is not None:
        handle = images.plane(entry.image, entry.spot, level, region)
    else:
        handle = images.array(entry.image, level)
        ndim = entry.image.ndim
        handle = handle if ndim is None else handle[(0,) * (5 - ndim)]
        handle = handle if region is None else cut(handle, region)
    if library == "tensorstore":
        return handle
    chunks = [1] * (handle.rank - 2) + list(handle.shape[-2:])
    array = _library("dask.array")
    meta = np.empty((0,) * handle.rank, handle.dtype.numpy_dtype)
    return array.from_array(_Readable(handle), chunks=chunks, name=False, meta=meta)


class _Readable:
    """What dask wants of an array: shape, dtype, and pixels on demand."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.shape, self.ndim, self.dtype = handle.shape, handle.rank, handle.dtype.numpy_dtype

    def __getitem__(self, index: Any) -> Any:
        return self._handle[index].read().result()


def _library(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        library = name.partition(".")[0]
        raise LibraryMissingError(
            f"a lazy handle of {library} needs the distribution {library!r}: pip install {library}"
        ) from error
