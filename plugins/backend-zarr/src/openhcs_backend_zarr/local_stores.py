"""What the backend does with names in folders, where a rename puts what is finished in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import attrs

from openhcs_backend_zarr.building import FieldChange
from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.file_payloads import save_file
from openhcs_backend_zarr.finding import Entry, Finder
from openhcs_backend_zarr.groups import Groups
from openhcs_backend_zarr.images import Images
from openhcs_backend_zarr.ngff.documents import StoreReader
from openhcs_backend_zarr.placing import removed
from openhcs_backend_zarr.plain import Array, save_plain
from openhcs_backend_zarr.prepared import known_before, prepare
from openhcs_backend_zarr.reading import Reader
from openhcs_backend_zarr.relocating import copy_stored, move_directory, move_stored
from openhcs_backend_zarr.stores import LocalFiles
from openhcs_backend_zarr.wells import Wells, WellSession
from openhcs_backend_zarr.workers import Workers
from openhcs_host import Host
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.contracts.storage import FileStat
from openhcs_host.files.atomic import make_directories, temporary_name

__all__ = ["LocalStores"]


@attrs.define(eq=False)
class LocalStores:
    """Stores in folders of the file system."""

    host: Host
    workers: Workers
    images: Images = attrs.field(factory=lambda: Images(Groups(LocalFiles())), init=False)
    finder: Finder = attrs.field(init=False)
    reader: Reader = attrs.field(init=False)
    wells: Wells = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.finder = Finder(self.images)
        self.reader = Reader(self.images, self.finder, self.host)
        self.wells = Wells(self.images, self.workers)

    def close(self) -> None:
        """Let go of open arrays."""
        self.images.close()

    def documents(self, root: str) -> StoreReader:
        """Return the store at ``root`` for who reads a whole plate of it."""
        return self.images.groups.files.reader(root)

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
        """Save an image that is no plane of a plate."""
        save_plain(self.images, self.workers, data, path, image, config, overwrite=overwrite)

    def save_file(
        self, data: Any, path: str, options: Mapping[str, Any], *, overwrite: bool, power: bool
    ) -> None:
        """Save what is no array."""
        save_file(self.host, data, path, options, overwrite=overwrite, power=power)

    def prepare(self, root: str, reading: PlateReading, config: ZarrConfig) -> None:
        """Write what is known of a plate into its document."""
        prepare(self.images.groups, root, reading, config.ngff_version, power=config.power)

    def stat(self, path: str, found: Entry) -> FileStat:
        """Return kind, and for files size and time; of an image only when its document was last changed."""
        if found.is_directory:
            return FileStat("directory", None, os.stat(path).st_mtime)
        if found.image is not None:
            return FileStat("file", None, found.image.group.stamp[2] / 1e9)
        status = os.stat(path)
        return FileStat("file", status.st_size, status.st_mtime)

    def make_directory(self, path: str, *, power: bool) -> None:
        """Make a directory with its parents."""
        make_directories(path, power=power)

    def remove_planes(
        self, root: str, well: str, spots: Mapping[int, Sequence[Spot]], *, power: bool
    ) -> None:
        """Delete planes of a well, by site."""
        self.wells.remove(root, well, spots, power=power)

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
        self.wells.remove_labels(root, well, names, spots, power=power)

    def remove(self, path: str, found: Entry) -> None:
        """Delete a directory with all that is in it, an image or a file."""
        if found.is_directory:
            shutil.rmtree(path)
        elif found.kind == "image":  # its name is gone at once
            aside = temporary_name(os.path.dirname(path) or ".")
            os.rename(path, aside)
            removed(aside)
        else:
            os.unlink(path)

    def copy(self, source: str, destination: str, *, overwrite: bool, power: bool) -> None:
        """Copy a file or an image."""
        copy_stored(source, destination, overwrite=overwrite, power=power)

    def move(self, source: str, destination: str, *, overwrite: bool, power: bool) -> None:
        """Move a file or an image."""
        move_stored(source, destination, overwrite=overwrite, power=power)

    def move_directory(self, source: str, destination: str, *, power: bool) -> None:
        """Move a directory to a name that nothing has."""
        move_directory(source, destination, power=power)
