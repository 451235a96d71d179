"""What the backend does with names at URLs, where objects are put whole and nothing can be renamed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import attrs

from openhcs_backend_zarr.building import FieldChange
from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.file_payloads import save_file
from openhcs_backend_zarr.finding import Entry
from openhcs_backend_zarr.groups import Groups
from openhcs_backend_zarr.images import Images
from openhcs_backend_zarr.local_stores import LocalStores
from openhcs_backend_zarr.names import split
from openhcs_backend_zarr.ngff.documents import StoreReader
from openhcs_backend_zarr.plain import Array
from openhcs_backend_zarr.prepared import known_before, preparing
from openhcs_backend_zarr.reading import Reader
from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_backend_zarr.remote_finding import RemoteFinder, documents_ahead
from openhcs_backend_zarr.remote_wells import RemoteWells, document_name, replace_group
from openhcs_backend_zarr.staging import ChangedError, put, sent
from openhcs_backend_zarr.wells import WellSession
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.contracts.storage import FileStat
from openhcs_host.errors import InvalidPathError, PathExistsError, PathNotDirectoryError

__all__ = ["RemoteStores"]


@attrs.define(eq=False)
class RemoteStores:
    """Stores at URLs. Without a lock; see "Remote stores" in ``docs/contracts/ome-zarr.md``."""

    local: LocalStores
    """Where images are made before they are put."""
    files: RemoteFiles = attrs.field(factory=RemoteFiles, init=False)
    images: Images = attrs.field(init=False)
    finder: RemoteFinder = attrs.field(init=False)
    reader: Reader = attrs.field(init=False)
    wells: RemoteWells = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.images = Images(Groups(self.files))
        self.finder = RemoteFinder(self.images)
        self.reader = Reader(self.images, self.finder, self.local.host)
        self.wells = RemoteWells(self.images, self.files, self.local.wells)

    def close(self) -> None:
        """Let go of open arrays and connections; what is at ``memory://`` is gone."""
        self.images.close()
        self.files.close()

    def documents(self, root: str) -> StoreReader:
        """Return the store at ``root`` for who reads a whole plate; its documents are asked for together."""
        reader = self.files.reader(root)
        with self.files.looking():
            group = self.images.groups.get(root)
            if group is not None and group.kind == "plate":
                below = [path[len(root) + 1 :] for path in documents_ahead(self.finder, root)]
                wells = sorted({f"{key.rsplit('/', 2)[0]}/{key.rpartition('/')[2]}" for key in below})
                reader.ahead([*wells, *below])
        return reader

    def save_well(
        self, root: str, well: str, changes: Sequence[FieldChange], config: ZarrConfig, *, overwrite: bool
    ) -> None:
        """Save planes of a well."""
        before = known_before(self.images.groups, root, well)
        self.wells.save(root, well, changes, config, before, overwrite=overwrite)

    def open_well(
        self, root: str, well: str, config: ZarrConfig, *, overwrite: bool
    ) -> AbstractContextManager[WellSession]:
        """Make a well anew while a block runs."""
        before = known_before(self.images.groups, root, well)
        return self.wells.session(root, well, config, before, overwrite=overwrite)

    def save_image(
        self, data: Array, path: str, image: ImageMetadata | None, config: ZarrConfig, *, overwrite: bool
    ) -> None:
        """Save an image that is no plane of a plate; its document is put last."""
        before = self.files.keys(path)
        document = f"{path}/{document_name(config.ngff_version)}"
        absent = None if overwrite else self.files.absence(document)
        with tempfile.TemporaryDirectory(prefix="openhcs-zarr-") as folder:
            made = f"{folder}/{split(path)[1]}"
            self.local.save_image(data, made, image, config, overwrite=False)
            try:
                kept = sent(self.files, made, path, absent)
            except ChangedError:
                raise PathExistsError(_taken(path)) from None
        self.files.delete(f"{path}/{key}" for key in set(before) - set(kept))
        if not before:
            self.files.delete([path])

    def save_file(
        self, data: Any, path: str, options: Mapping[str, Any], *, overwrite: bool, power: bool
    ) -> None:
        """Save what is no array, as one object."""
        with tempfile.TemporaryDirectory(prefix="openhcs-zarr-") as folder:
            made = f"{folder}/{split(path)[1]}"
            save_file(self.local.host, data, made, options, overwrite=False, power=False)
            with open(made, "rb") as stream:
                content = stream.read()
        if overwrite:
            before = self.files.keys(path)
            put(self.files, [(path, content)])
            self.files.delete(f"{path}/{key}" for key in before)
        elif not self.files.created(path, content):
            raise PathExistsError(_taken(path))

    def prepare(self, root: str, reading: PlateReading, config: ZarrConfig) -> None:
        """Write what is known of a plate into its document."""
        change = preparing(reading, config.ngff_version)
        replace_group(self.images.groups, self.files, root, config.ngff_version, change)

    def stat(self, path: str, found: Entry) -> FileStat:
        """Return kind, and for files the size; no store tells the time."""
        if found.is_directory:
            return FileStat("directory", None, None)
        if found.image is not None:
            return FileStat("file", None, None)
        with self.files.open(path) as stream:
            return FileStat("file", len(stream.read()), None)

    def make_directory(self, path: str, *, power: bool) -> None:
        """Put the marker of a directory; its parents are there with it."""
        self.files.mark(path)

    def remove_planes(
        self, root: str, well: str, spots: Mapping[int, Sequence[Spot]], *, power: bool
    ) -> None:
        """Delete planes of a well, by site."""
        self.wells.remove(root, well, spots)

    def save_labels(
        self,
        root: str,
        well: str,
        name: str,
        changes: Sequence[FieldChange],
        config: ZarrConfig,
        *,
        overwrite: bool,
    ) -> None:
        """Save planes of a label image beside fields that there are."""
        self.wells.save_labels(root, well, name, changes, config, overwrite=overwrite)

    def remove_labels(
        self, root: str, well: str, names: Sequence[str], spots: Mapping[int, Sequence[Spot]], *, power: bool
    ) -> None:
        """Delete planes, by site, of label images."""
        self.wells.remove_labels(root, well, names, spots)

    def remove(self, path: str, found: Entry) -> None:
        """Delete a directory, an image or a file; the directory in which it was stays.

        Documents go first: what is deleted in part is no image and no plate.
        """
        self.files.mark(split(path)[0])
        if found.kind == "file":
            self.files.delete([path])
            return
        keys = sorted(self.files.keys(path), key=lambda key: (key.count("/"), key))
        documents = [key for key in keys if key.rpartition("/")[2] in ("zarr.json", ".zattrs", ".zgroup")]
        for some in (documents, [key for key in keys if key not in set(documents)]):
            self.files.delete(f"{path}/{key}" for key in some)

    def copy(self, source: str, destination: str, *, overwrite: bool, power: bool) -> None:
        """Copy a file, or all objects of an image, the documents last."""
        before = set(self.files.keys(destination))
        keys = sorted(self.files.keys(source), key=lambda key: (_is_document(key), -key.count("/"), key))
        if not keys:
            content = self.files.open(source).read()
            put(self.files, [(destination, content)])
            self.files.delete(f"{destination}/{key}" for key in before)
            return
        for key in keys:
            put(self.files, [(f"{destination}/{key}", self.files.open(f"{source}/{key}").read())])
        self.files.delete([destination, *(f"{destination}/{key}" for key in before - set(keys))])

    def move(self, source: str, destination: str, *, overwrite: bool, power: bool) -> None:
        """Copy a file or an image, then delete it."""
        self.copy(source, destination, overwrite=overwrite, power=power)
        found = self.finder.entry(source)
        if found is not None:
            self.remove(source, found)

    def move_directory(self, source: str, destination: str, *, power: bool) -> None:
        """Copy all objects of a directory to a name that nothing has, then delete them."""
        if f"{destination}/".startswith(f"{source}/"):
            raise InvalidPathError(f"cannot move directory {source!r} into itself ({destination!r})")
        if self.files.occupied(destination):
            raise PathExistsError(
                f"{destination!r} exists already; a directory is not moved over it. Delete it or choose another name"
            )
        if self.finder.blocked(split(destination)[0]):
            raise PathNotDirectoryError(f"cannot move to {destination!r}: a part of it is a file")
        self.files.mark(destination)
        self.copy(source, destination, overwrite=False, power=power)
        self.remove(source, Entry("directory"))


def _is_document(key: str) -> bool:
    return key.rpartition("/")[2] in ("zarr.json", ".zattrs")


def _taken(path: str) -> str:
    return f"{path!r} exists already; pass overwrite=True to replace it"
