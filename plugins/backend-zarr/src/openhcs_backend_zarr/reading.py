"""Loading what is stored, of one piece also while it is being replaced."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from openhcs_backend_zarr.file_payloads import load_file
from openhcs_backend_zarr.finding import Entry, Finder
from openhcs_backend_zarr.images import Images, Region, cut, read_all
from openhcs_backend_zarr.lazy import lazily
from openhcs_backend_zarr.placing import removed
from openhcs_host import Host
from openhcs_host.contracts.storage import refuse_options
from openhcs_host.errors import FormatError, PathIsDirectoryError, PathNotFoundError
from openhcs_host.files.atomic import temporary_name

__all__ = ["Lazy", "Reader"]

Lazy = Literal["tensorstore", "zarr", "dask"]
"""The library whose handle is wanted."""

_TRIES: Final = 200


@attrs.frozen(eq=False)
class Reader:
    """Loads planes, images and files.

    What a document says and what the arrays hold must belong together. A writer puts a new document in place
    whenever that changes, so pixels count only if the document is still the same after they were read.
    """

    images: Images
    finder: Finder
    host: Host

    def load(
        self, path: str, *, level: int, region: Region | None, lazy: Lazy | None, options: Mapping[str, Any]
    ) -> Any:
        """Return what is stored under one path."""
        entry = self._entry(path)
        if entry.kind == "file":
            if level or region is not None or lazy is not None:
                raise TypeError(f"{path!r} is a file and no image: it has no level, region or lazy handle")
            return load_file(self.host, path, options)
        refuse_options("zarr", options)
        if lazy is not None:
            return lazily(lazy, self.images, entry, level, region)
        return self._pixels([path], [entry], level, region)[0]

    def load_batch(
        self, paths: Sequence[str], *, level: int, region: Region | None, options: Mapping[str, Any]
    ) -> list[Any]:
        """Return what is stored under each path; the planes are read at once."""
        entries = [self._entry(path) for path in paths]
        shown = [number for number, entry in enumerate(entries) if entry.kind != "file"]
        if shown:
            refuse_options("zarr", options)
        found = dict(
            zip(
                shown,
                self._pixels([paths[n] for n in shown], [entries[n] for n in shown], level, region),
                strict=True,
            )
        )
        return [
            found[number] if number in found else load_file(self.host, path, options)
            for number, path in enumerate(paths)
        ]

    def removed(self, path: str) -> None:
        """Delete the folder of an image: its name is gone at once."""
        aside = temporary_name(os.path.dirname(path) or ".")
        os.rename(path, aside)
        removed(aside)

    def _entry(self, path: str) -> Entry:
        entry = self.finder.entry(path)
        if entry is None:
            raise PathNotFoundError(
                f"cannot load {path!r}: nothing was saved under this path; check its spelling and case"
            )
        if entry.is_directory:
            raise PathIsDirectoryError(f"cannot load {path!r}: it is a directory")
        return entry

    def _pixels(
        self, paths: Sequence[str], entries: list[Entry], level: int, region: Region | None
    ) -> list[Any]:
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                handles = [handle_of(self.images, entry, level, region) for entry in entries]
                found = read_all(handles)
            except (FormatError, LookupError):
                if last or self._current(entries):
                    raise
            else:
                if self._current(entries):
                    return [_as_saved(array, entry) for array, entry in zip(found, entries, strict=True)]
            entries = [self._entry(path) for path in paths]
        raise FormatError(f"{paths[0]!r} was replaced {_TRIES} times while it was read; try again later")

    def _current(self, entries: Sequence[Entry]) -> bool:
        images = {id(entry.image): entry.image for entry in entries if entry.image is not None}
        return all(self.images.is_current(image) for image in images.values())


def handle_of(images: Images, entry: Entry, level: int, region: Region | None) -> Any:
    """Return the tensorstore of a plane or an image."""
    if entry.image is None:
        raise LookupError("a file has no array")
    if entry.spot is not None:
        return images.plane(entry.image, entry.spot, level, region)
    whole = images.array(entry.image, level)
    return whole if region is None else cut(whole, region)


def _as_saved(array: Any, entry: Entry) -> Any:
    ndim = None if entry.image is None or entry.spot is not None else entry.image.ndim
    return array if ndim is None else array.reshape(array.shape[5 - ndim :])
