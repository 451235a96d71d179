"""The storage backend ``zarr``: plates as OME-Zarr, plain images as NGFF images, everything else as files."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import numpy as np

from openhcs_backend_zarr.batches import WellBatch, sorted_batch
from openhcs_backend_zarr.config import ZarrChunkStrategy, ZarrCompressor, ZarrConfig
from openhcs_backend_zarr.describing import known_of
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.file_payloads import format_of, save_file
from openhcs_backend_zarr.finding import Entry, Finder
from openhcs_backend_zarr.groups import Groups
from openhcs_backend_zarr.images import Images, Region, StoredImage
from openhcs_backend_zarr.names import check_path, plane_name, split
from openhcs_backend_zarr.plain import pixels, save_plain
from openhcs_backend_zarr.plates import read_plate
from openhcs_backend_zarr.prepared import known_before, prepare
from openhcs_backend_zarr.reading import Lazy, Reader
from openhcs_backend_zarr.relocating import copy_stored, move_directory, move_stored
from openhcs_backend_zarr.sink import WellSink
from openhcs_backend_zarr.stores import LocalFiles
from openhcs_backend_zarr.wells import Wells
from openhcs_backend_zarr.workers import Workers
from openhcs_host import Host, hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.microscopes import PlateReading, PlateStore
from openhcs_host.contracts.storage import Capability, FileStat, StorageBackend, check_batch, refuse_options
from openhcs_host.errors import (
    DirectoryNotEmptyError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from openhcs_host.files.atomic import make_directories

__all__ = ["ZarrBackend", "ZarrChunkStrategy", "ZarrCompressor", "ZarrConfig"]

OPENHCS_API = 1

_SETTINGS: Final = frozenset(attrs.fields_dict(ZarrConfig))


class ZarrBackend(StorageBackend, PlateStore):
    """OME-Zarr stores in folders. Safe to use from several threads and processes, never after a fork."""

    key = "zarr"
    capabilities: ClassVar[Capability] = Capability.WRITE | Capability.READ | Capability.LIST

    def __init__(self, host: Host, config: ZarrConfig | None = None) -> None:
        self._host = host
        self._config = config or ZarrConfig()
        self._images = Images(Groups(LocalFiles()))
        self._finder = Finder(self._images)
        self._reader = Reader(self._images, self._finder, host)
        self._workers = Workers()
        self._wells = Wells(self._images, self._workers)

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration as plain values."""
        settings = attrs.asdict(self._config)
        return {key: str(value) if isinstance(value, str) else value for key, value in settings.items()}

    def close(self) -> None:
        """End the threads and let go of open arrays."""
        self._workers.close()
        self._images.close()

    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Save a plane of a plate, an image, or a file; ``options`` as for ``save_batch``."""
        self._save([data], [path], [image], options, overwrite=overwrite)

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        **options: Any,
    ) -> None:
        """Save a batch, every well of it whole or not at all.

        Options: ``chunk_name`` (a name for the batch, which then has one well), ``zarr_config`` (a
        ``ZarrConfig``), and every field of ``ZarrConfig``. What is no array takes the options of its format.
        """
        check_batch(data, [os.path.normpath(path) if path else path for path in paths], images)
        self._save(data, paths, images, options, overwrite=overwrite)

    def load(
        self,
        path: str,
        *,
        level: int = 0,
        region: Region | None = None,
        lazy: Lazy | None = None,
        **options: Any,
    ) -> Any:
        """Return a plane, an image, or the content of a file.

        ``level`` chooses a smaller level, ``region`` rows and columns (two slices). ``lazy`` gives a handle instead
        of pixels: ``tensorstore`` or ``dask`` of what was asked for, ``zarr`` of the array in which it lies.
        """
        check_path(path)
        return self._reader.load(path, level=level, region=region, lazy=lazy, options=options)

    def load_batch(
        self, paths: Sequence[str], *, level: int = 0, region: Region | None = None, **options: Any
    ) -> list[Any]:
        """Return what is stored under each path, in the order asked for; planes are read at once."""
        for path in paths:
            check_path(path)
        return self._reader.load_batch(paths, level=level, region=region, options=options)

    def is_file(self, path: str) -> bool:
        """Whether a plane, an image or a file has this path."""
        found = self._finder.entry(path) if _is_name(path) else None
        return found is not None and not found.is_directory

    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory; rows and wells of plates are none."""
        found = self._finder.entry(path) if _is_name(path) else None
        return found is not None and found.is_directory

    def exists(self, path: str) -> bool:
        """Whether a plane, an image, a file or a directory has this path."""
        return _is_name(path) and self._finder.entry(path) is not None

    def stat(self, path: str) -> FileStat:
        """Return kind, and for files size and time; of a plane only when its field was last changed."""
        found = self._entry(path)
        if found.is_directory:
            return FileStat("directory", None, os.stat(path).st_mtime)
        if found.image is not None:
            return FileStat("file", None, found.image.group.stamp[2] / 1e9)
        status = os.stat(path)
        return FileStat("file", status.st_size, status.st_mtime)

    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the paths of planes, images and files in a directory."""
        check_path(directory)
        waiting, found = [directory.rstrip("/") or "/"], []
        while waiting:
            folder = waiting.pop()
            try:
                files, directories = self._finder.names(folder)
            except PathNotFoundError:
                if folder == (directory.rstrip("/") or "/"):
                    raise
                continue  # deleted since its parent was read
            before = "" if folder == "/" else folder
            found += [f"{before}/{name}" for name in files]
            if recursive:
                waiting += [f"{before}/{name}" for name in directories]
        return found

    def list_dir(self, directory: str) -> list[str]:
        """Return the names of planes, images, files and directories."""
        check_path(directory)
        files, directories = self._finder.names(directory.rstrip("/") or "/")
        return files + directories

    def ensure_directory(self, path: str) -> None:
        """Make a directory and its parents."""
        check_path(path)
        if self._finder.blocked(path.rstrip("/") or "/"):
            raise PathNotDirectoryError(f"cannot make directory {path!r}: it is a file, or a part of it is")
        make_directories(path, power=self._config.power)

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Delete a plane, an image, a file, or a directory."""
        found, bare = self._entry(path), path.rstrip("/") or "/"
        name = plane_name(path)
        if found.kind == "plane" and name is not None and found.spot is not None:
            spots = {name.coordinates.site: [found.spot]}
            self._wells.remove(name.folder, name.coordinates.well, spots, power=self._config.power)
        elif found.is_directory:
            if not recursive and self.list_dir(path):
                raise DirectoryNotEmptyError(f"cannot delete {path!r}: it is not empty; pass recursive=True")
            shutil.rmtree(bare)
        elif found.kind == "image":
            self._reader.removed(bare)
        else:
            os.unlink(bare)

    def copy(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Copy a plane, an image or a file."""
        found = self._entry(source)
        check_path(destination)
        if found.is_directory:
            raise PathIsDirectoryError(f"cannot copy {source!r}: it is a directory; copy its files")
        if os.path.normpath(source) == os.path.normpath(destination):
            return
        self._check_free(destination, overwrite)
        if found.kind == "plane" or (found.kind == "image" and plane_name(destination) is not None):
            image = _metadata(found)
            self._save([self.load(source)], [destination], [image], {}, overwrite=overwrite)
        else:
            place, power = destination.rstrip("/"), self._config.power
            copy_stored(source.rstrip("/"), place, overwrite=overwrite, power=power)

    def move(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Move a plane, an image, a file or a directory."""
        found = self._entry(source)
        check_path(destination)
        if os.path.normpath(source) == os.path.normpath(destination):
            return
        bare, place = source.rstrip("/"), destination.rstrip("/")
        if found.is_directory:
            if self._finder.blocked(split(place)[0]):
                raise PathNotDirectoryError(f"cannot move to {destination!r}: a part of it is a file")
            move_directory(bare, place, power=self._config.power)
            return
        self._check_free(destination, overwrite)
        if found.kind == "plane" or (found.kind == "image" and plane_name(destination) is not None):
            self.copy(source, destination, overwrite=overwrite)
            self.delete(source)
        else:
            move_stored(bare, place, overwrite=overwrite, power=self._config.power)

    def prepare_plate(self, path: str, reading: PlateReading) -> None:
        """Write what is known of a plate into the document of its folder."""
        check_path(path)
        if self._finder.blocked(path.rstrip("/")):
            raise PathNotDirectoryError(f"cannot make the plate {path!r}: it is a file, or a part of it is")
        groups, version = self._images.groups, self._config.ngff_version
        prepare(groups, path.rstrip("/"), reading, version, power=self._config.power)

    @contextlib.contextmanager
    def open_well(
        self, path: str, well: str, *, overwrite: bool = False, **options: Any
    ) -> Iterator[WellSink]:
        """Open a well for writing; what is saved into the sink appears together when the block ends."""
        check_path(path)
        config = self._settings(options)
        refuse_options(self.key, options)
        root = path.rstrip("/")
        if self._finder.blocked(root):
            raise PathNotDirectoryError(f"cannot make the plate {path!r}: it is a file, or a part of it is")
        self._finder.open(root)
        before = known_before(self._images.groups, root, well)
        with self._wells.session(root, well, config, before, overwrite=overwrite) as session:
            yield WellSink(session, root, well)

    def read_plate(self, path: str) -> PlateReading:
        """Read a plate, whoever wrote it; its planes have the paths under which this backend loads them."""
        self._finder.check_directory(path)
        self._finder.open(path.rstrip("/"))
        return read_plate(self._images.groups.files.reader(path), Path(path))

    def _save(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        images: Sequence[ImageMetadata | None] | None,
        options: Mapping[str, Any],
        *,
        overwrite: bool,
    ) -> None:
        options = dict(options)
        chunk_name = options.pop("chunk_name", None)
        config = self._settings(options)
        for path in paths:
            check_path(path)
        batch = sorted_batch(data, paths, images, chunk_name)
        if batch.wells or any(isinstance(data[number], np.ndarray) for number in batch.others):
            refuse_options(self.key, options)
        plain = {number: self._other(data[number], paths[number]) for number in batch.others}
        for path in paths:
            self._check_free(path, overwrite)
        for part in batch.wells:
            self._save_well(part, config, overwrite=overwrite)
        for number, array in plain.items():
            image = images[number] if images is not None else None
            path = paths[number]
            if array is None:
                save_file(self._host, data[number], path, options, overwrite=overwrite, power=config.power)
            else:
                save_plain(self._images, self._workers, array, path, image, config, overwrite=overwrite)

    def _save_well(self, part: WellBatch, config: ZarrConfig, *, overwrite: bool) -> None:
        before = known_before(self._images.groups, part.root, part.well)
        self._wells.save(part.root, part.well, part.fields, config, before, overwrite=overwrite)

    def _other(self, item: Any, path: str) -> Any:
        if isinstance(item, np.ndarray):
            return pixels(item, path)
        format_of(self._host, path, "save")
        return None

    def _check_free(self, path: str, overwrite: bool) -> None:
        folder, _ = split(path)
        found = self._finder.entry(path)
        if found is None:
            if self._finder.blocked(folder) or self._finder.closed(folder):
                raise PathNotDirectoryError(
                    f"cannot save {path!r}: a part of its folder is a file or an image"
                )
            if os.path.lexists(path.rstrip("/")):
                raise PathExistsError(f"{path!r} is a row of the plate in {folder!r}; choose another name")
        elif found.is_directory:
            raise PathIsDirectoryError(f"cannot save {path!r}: it is a directory; give the path of a file")
        elif not overwrite:
            raise PathExistsError(
                f"{path!r} exists already; pass overwrite=True to replace it. Nothing was saved"
            )

    def _settings(self, options: dict[str, Any]) -> ZarrConfig:
        """Take the fields of ``ZarrConfig`` out of options, and return the configuration that they make."""
        given = options.pop("zarr_config", None)
        if given is not None and not isinstance(given, ZarrConfig):
            raise TypeError(f"zarr_config is a ZarrConfig, not {type(given).__name__}")
        single = {key: options.pop(key) for key in _SETTINGS & set(options)}
        single = {key: value for key, value in single.items() if value is not None}
        return (given or self._config).changed(single)

    def _entry(self, path: str) -> Entry:
        check_path(path)
        found = self._finder.entry(path)
        if found is None:
            raise PathNotFoundError(f"the zarr backend has nothing at {path!r}; check its spelling and case")
        return found


def _is_name(path: str) -> bool:
    return bool(path) and "\0" not in path


def _metadata(entry: Entry) -> ImageMetadata | None:
    if entry.image is None or not isinstance(entry.image, StoredImage):
        return None
    known = known_of(entry.image.field)
    spot: Spot | None = entry.spot
    channel = 0 if spot is None else spot[0]
    return ImageMetadata(
        pixel_size_um=known.pixel_size_um,
        z_step_um=known.z_step_um,
        channel_name=known.names.get(channel),
        channel_color=known.colors.get(channel),
        position_um=known.position_um,
    )


@hookimpl
def openhcs_create_backend(config: Mapping[str, Any], host: Host) -> ZarrBackend:
    """Create the backend of OME-Zarr stores."""
    return ZarrBackend(host, configured(ZarrConfig, config, "backend 'zarr'"))
