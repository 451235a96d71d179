"""Loading what is stored, of one piece also while it is being replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from openhcs_backend_zarr.file_payloads import load_file
from openhcs_backend_zarr.finding import Entry, Finder
from openhcs_backend_zarr.images import Images, Region, cut, read_all
from openhcs_backend_zarr.labels import check_label, label_of, label_spot, labels_of
from openhcs_backend_zarr.lazy import lazily
from openhcs_host import Host
from openhcs_host.contracts.storage import refuse_options
from openhcs_host.errors import FormatError, InvalidPathError, PathIsDirectoryError, PathNotFoundError

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
        self,
        path: str,
        *,
        level: int,
        region: Region | None,
        lazy: Lazy | None,
        label: str | None,
        options: Mapping[str, Any],
    ) -> Any:
        """Return what is stored under one path, or what labels it."""
        entry = self._entry(path, label)
        if entry.kind == "file":
            if level or region is not None or lazy is not None:
                raise TypeError(f"{path!r} is a file and no image: it has no level, region or lazy handle")
            return load_file(self.host, self.images.groups.files, path, options)
        refuse_options("zarr", options)
        if lazy is not None:
            return lazily(lazy, self.images, entry, level, region)
        return self._pixels([path], [entry], level, region, label)[0]

    def load_batch(
        self,
        paths: Sequence[str],
        *,
        level: int,
        region: Region | None,
        label: str | None,
        options: Mapping[str, Any],
    ) -> list[Any]:
        """Return what is stored under each path; the planes are read at once."""
        entries = [self._entry(path, label) for path in paths]
        shown = [number for number, entry in enumerate(entries) if entry.kind != "file"]
        if shown:
            refuse_options("zarr", options)
        found = dict(
            zip(
                shown,
                self._pixels([paths[n] for n in shown], [entries[n] for n in shown], level, region, label),
                strict=True,
            )
        )
        return [
            found[number]
            if number in found
            else load_file(self.host, self.images.groups.files, path, options)
            for number, path in enumerate(paths)
        ]

    def labels(self, path: str) -> tuple[str, ...]:
        """Return the names of the label images in which a plane is labelled."""
        entry = self._entry(path)
        if entry.image is None or entry.spot is None:
            raise InvalidPathError(f"{path!r} is no plane of a plate, and only these have labels")
        found = (
            (name, label_of(self.images, entry.image, name)) for name in labels_of(self.images, entry.image)
        )
        return tuple(name for name, label in found if label is not None and label_spot(label, entry.spot))

    def _entry(self, path: str, label: str | None = None) -> Entry:
        entry = self.finder.entry(path)
        if entry is None:
            raise PathNotFoundError(
                f"cannot load {path!r}: nothing was saved under this path; check its spelling and case"
            )
        if entry.is_directory:
            raise PathIsDirectoryError(f"cannot load {path!r}: it is a directory")
        return entry if label is None else self._labelling(path, entry, check_label(label))

    def _labelling(self, path: str, entry: Entry, name: str) -> Entry:
        if entry.image is None or entry.spot is None:
            raise InvalidPathError(f"{path!r} is no plane of a plate, and only these have labels")
        label = label_of(self.images, entry.image, name)
        spot = None if label is None else label_spot(label, entry.spot)
        if label is None or spot is None:
            known = ", ".join(labels_of(self.images, entry.image)) or "none"
            raise PathNotFoundError(f"{path!r} is not labelled in {name!r}; label images beside it: {known}")
        return Entry("plane", label, spot)

    def _pixels(
        self, paths: Sequence[str], entries: list[Entry], level: int, region: Region | None, label: str | None
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
            entries = [self._entry(path, label) for path in paths]
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
