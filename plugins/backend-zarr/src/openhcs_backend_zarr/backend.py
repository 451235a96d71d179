"""The storage backend ``zarr``: plates as OME-Zarr, plain images as NGFF images, everything else as files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import numpy as np

from openhcs_backend_zarr.addresses import canonical, is_url
from openhcs_backend_zarr.batches import Batch, sorted_batch
from openhcs_backend_zarr.config import ZarrChunkStrategy, ZarrCompressor, ZarrConfig
from openhcs_backend_zarr.describing import known_of
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.file_payloads import format_of
from openhcs_backend_zarr.finding import Entry
from openhcs_backend_zarr.images import Region, StoredImage
from openhcs_backend_zarr.labels import check_label
from openhcs_backend_zarr.local_stores import LocalStores
from openhcs_backend_zarr.names import checked, normal, plane_name, split
from openhcs_backend_zarr.plain import pixels
from openhcs_backend_zarr.plates import read_plate
from openhcs_backend_zarr.reading import Lazy
from openhcs_backend_zarr.remote_stores import RemoteStores
from openhcs_backend_zarr.sink import WellSink
from openhcs_backend_zarr.workers import Workers
from openhcs_host import Host, hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.microscopes import PlateReading, PlateStore
from openhcs_host.contracts.storage import Capability, FileStat, StorageBackend, check_batch, refuse_options
from openhcs_host.errors import (
    DirectoryNotEmptyError,
    InvalidPathError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)

__all__ = ["ZarrBackend", "ZarrChunkStrategy", "ZarrCompressor", "ZarrConfig"]

OPENHCS_API = 1

_SETTINGS: Final = frozenset(attrs.fields_dict(ZarrConfig))


class ZarrBackend(StorageBackend, PlateStore):
    """OME-Zarr stores in folders and at URLs. Safe to use from several threads and processes, never after a fork."""

    key = "zarr"
    capabilities: ClassVar[Capability] = Capability.WRITE | Capability.READ | Capability.LIST

    def __init__(self, host: Host, config: ZarrConfig | None = None) -> None:
        self._host = host
        self._config = config or ZarrConfig()
        self._workers = Workers()
        self._local = LocalStores(host, self._workers)
        self._remote = RemoteStores(self._local)

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration as plain values."""
        settings = attrs.asdict(self._config)
        return {key: str(value) if isinstance(value, str) else value for key, value in settings.items()}

    def close(self) -> None:
        """End the threads and let go of open arrays."""
        self._workers.close()
        self._remote.close()
        self._local.close()

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
        ``ZarrConfig``), every field of ``ZarrConfig``, and ``label``: the arrays label the planes that are
        under these paths already, as the label image of this name. What is no array takes the options of its format.
        """
        check_batch(data, [normal(path) if path else path for path in paths], images)
        self._save(data, paths, images, options, overwrite=overwrite)

    def load(
        self,
        path: str,
        *,
        level: int = 0,
        region: Region | None = None,
        lazy: Lazy | None = None,
        label: str | None = None,
        **options: Any,
    ) -> Any:
        """Return a plane, an image, or the content of a file.

        ``level`` chooses a smaller level, ``region`` rows and columns (two slices). ``lazy`` gives a handle instead
        of pixels: ``tensorstore`` or ``dask`` of what was asked for, ``zarr`` of the array in which it lies. ``label``
        gives what labels a plane, in the label image of this name.
        """
        path = checked(path)
        reader = self._at(path).reader
        return reader.load(path, level=level, region=region, lazy=lazy, label=label, options=options)

    def load_batch(
        self,
        paths: Sequence[str],
        *,
        level: int = 0,
        region: Region | None = None,
        label: str | None = None,
        **options: Any,
    ) -> list[Any]:
        """Return what is stored under each path, in the order asked for; planes are read at once."""
        paths = [checked(path) for path in paths]
        here = [number for number, path in enumerate(paths) if not is_url(path)]
        there = [number for number, path in enumerate(paths) if is_url(path)]
        found: dict[int, Any] = {}
        for stores, numbers in ((self._local, here), (self._remote, there)):
            wanted = [paths[number] for number in numbers]
            reader = stores.reader
            loaded = reader.load_batch(wanted, level=level, region=region, label=label, options=options)
            found.update(zip(numbers, loaded, strict=True))
        return [found[number] for number in range(len(paths))]

    def labels(self, path: str) -> tuple[str, ...]:
        """Return the names of the label images in which a plane is labelled."""
        stores, path = self._stores(path)
        return stores.reader.labels(path)

    def is_file(self, path: str) -> bool:
        """Whether a plane, an image or a file has this path."""
        found = self._found(path)
        return found is not None and not found.is_directory

    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory; rows and wells of plates are none."""
        found = self._found(path)
        return found is not None and found.is_directory

    def exists(self, path: str) -> bool:
        """Whether a plane, an image, a file or a directory has this path."""
        return self._found(path) is not None

    def stat(self, path: str) -> FileStat:
        """Return kind, and for files size and time; of a plane only when its field was last changed."""
        stores, path = self._stores(path)
        return stores.stat(path, self._entry(path))

    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the paths of planes, images and files in a directory."""
        stores, directory = self._stores(directory)
        waiting, found = [directory.rstrip("/") or "/"], []
        while waiting:
            folder = waiting.pop()
            try:
                files, directories = stores.finder.names(folder)
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
        stores, directory = self._stores(directory)
        files, directories = stores.finder.names(directory.rstrip("/") or "/")
        return files + directories

    def ensure_directory(self, path: str) -> None:
        """Make a directory and its parents."""
        stores, path = self._stores(path)
        if stores.finder.blocked(path.rstrip("/") or "/"):
            raise PathNotDirectoryError(f"cannot make directory {path!r}: it is a file, or a part of it is")
        stores.make_directory(path, power=self._config.power)

    def delete(self, path: str, *, recursive: bool = False, label: str | None = None) -> None:
        """Delete a plane with all that labels it, an image, a file, or a directory.

        With ``label`` only what labels a plane in the label image of this name.
        """
        stores, path = self._stores(path)
        found, name = self._entry(path), plane_name(path)
        if label is not None:
            self.load(path, label=label, lazy="tensorstore")  # raises unless it is a plane that is labelled
        if found.kind == "plane" and name is not None and found.spot is not None:
            spots = {name.coordinates.site: [found.spot]}
            if label is not None:
                stores.remove_labels(
                    name.folder, name.coordinates.well, [label], spots, power=self._config.power
                )
                return
            stores.remove_planes(name.folder, name.coordinates.well, spots, power=self._config.power)
            return
        if found.is_directory and not recursive and self.list_dir(path):
            raise DirectoryNotEmptyError(f"cannot delete {path!r}: it is not empty; pass recursive=True")
        stores.remove(path.rstrip("/") or "/", found)

    def copy(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Copy a plane, an image or a file."""
        stores, source, destination = self._both(source, destination)
        found = self._entry(source)
        if found.is_directory:
            raise PathIsDirectoryError(f"cannot copy {source!r}: it is a directory; copy its files")
        if normal(source) == normal(destination):
            return
        self._at(destination).finder.check_free([destination], overwrite=overwrite)
        if found.kind == "plane" or (found.kind == "image" and plane_name(destination) is not None):
            image = _metadata(found)
            self._save([self.load(source)], [destination], [image], {}, overwrite=overwrite)
        else:
            place, power = destination.rstrip("/"), self._config.power
            stores.copy(source.rstrip("/"), place, overwrite=overwrite, power=power)

    def move(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Move a plane, an image, a file or a directory."""
        stores, source, destination = self._both(source, destination)
        found = self._entry(source)
        if normal(source) == normal(destination):
            return
        bare, place = source.rstrip("/"), destination.rstrip("/")
        if found.is_directory:
            if stores.finder.blocked(split(place)[0]):
                raise PathNotDirectoryError(f"cannot move to {destination!r}: a part of it is a file")
            stores.move_directory(bare, place, power=self._config.power)
            return
        stores.finder.check_free([destination], overwrite=overwrite)
        if found.kind == "plane" or (found.kind == "image" and plane_name(destination) is not None):
            self.copy(source, destination, overwrite=overwrite)
            self.delete(source)
        else:
            stores.move(bare, place, overwrite=overwrite, power=self._config.power)

    def prepare_plate(self, path: str, reading: PlateReading) -> None:
        """Write what is known of a plate into the document of its folder."""
        stores, path = self._stores(path)
        if stores.finder.blocked(path.rstrip("/")):
            raise PathNotDirectoryError(f"cannot make the plate {path!r}: it is a file, or a part of it is")
        stores.prepare(path.rstrip("/"), reading, self._config)

    @contextlib.contextmanager
    def open_well(
        self, path: str, well: str, *, overwrite: bool = False, **options: Any
    ) -> Iterator[WellSink]:
        """Open a well for writing; what is saved into the sink appears together when the block ends."""
        stores, path = self._stores(path)
        config = self._settings(options)
        refuse_options(self.key, options)
        root = path.rstrip("/")
        if stores.finder.blocked(root):
            raise PathNotDirectoryError(f"cannot make the plate {path!r}: it is a file, or a part of it is")
        stores.finder.open(root)
        with stores.open_well(root, well, config, overwrite=overwrite) as session:
            yield WellSink(session, root, well)

    def read_plate(self, path: str) -> PlateReading:
        """Read a plate, whoever wrote it; its planes have the paths under which this backend loads them.

        ``root`` of the reading is a ``Path``, which has one slash after the scheme of a URL; this backend knows
        what is meant.
        """
        stores, path = self._stores(path)
        stores.finder.check_directory(path)
        stores.finder.open(path.rstrip("/"))
        return read_plate(stores.documents(path.rstrip("/") or "/"), Path(path))

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
        chunk_name, label = options.pop("chunk_name", None), options.pop("label", None)
        config = self._settings(options)
        paths = [checked(path) for path in paths]
        batch = sorted_batch(data, paths, images, chunk_name)
        if label is not None:
            refuse_options(self.key, options)
            self._save_labels(check_label(label), batch, paths, config, overwrite=overwrite)
            return
        if batch.wells or any(isinstance(data[number], np.ndarray) for number in batch.others):
            refuse_options(self.key, options)
        plain = {number: self._other(data[number], paths[number]) for number in batch.others}
        for stores in (self._local, self._remote):
            own = [path for path in paths if self._at(path) is stores]
            stores.finder.check_free(own, overwrite=overwrite)
        for part in batch.wells:
            self._at(part.root).save_well(part.root, part.well, part.fields, config, overwrite=overwrite)
        for number, array in plain.items():
            path, stores = paths[number].rstrip("/"), self._at(paths[number])
            image = images[number] if images is not None else None
            if array is None:
                stores.save_file(data[number], path, options, overwrite=overwrite, power=config.power)
            else:
                stores.save_image(array, path, image, config, overwrite=overwrite)

    def _save_labels(
        self, name: str, batch: Batch, paths: Sequence[str], config: ZarrConfig, *, overwrite: bool
    ) -> None:
        for number in batch.others:
            raise InvalidPathError(f"{paths[number]!r} is no plane of a plate, and only these have labels")
        for part in batch.wells:
            stores = self._at(part.root)
            stores.save_labels(part.root, part.well, name, part.fields, config, overwrite=overwrite)

    def _other(self, item: Any, path: str) -> Any:
        if isinstance(item, np.ndarray):
            return pixels(item, path)
        format_of(self._host, path, "save")
        return None

    def _settings(self, options: dict[str, Any]) -> ZarrConfig:
        """Take the fields of ``ZarrConfig`` out of options, and return the configuration that they make."""
        given = options.pop("zarr_config", None)
        if given is not None and not isinstance(given, ZarrConfig):
            raise TypeError(f"zarr_config is a ZarrConfig, not {type(given).__name__}")
        single = {key: options.pop(key) for key in _SETTINGS & set(options)}
        single = {key: value for key, value in single.items() if value is not None}
        return (given or self._config).changed(single)

    def _at(self, path: str) -> LocalStores | RemoteStores:
        return self._remote if is_url(path) else self._local

    def _stores(self, path: str) -> tuple[LocalStores | RemoteStores, str]:
        path = checked(path)
        return self._at(path), path

    def _both(self, source: str, destination: str) -> tuple[LocalStores | RemoteStores, str, str]:
        (stores, source), (others, destination) = self._stores(source), self._stores(destination)
        if stores is not others:
            raise InvalidPathError(
                f"{source!r} and {destination!r} are not on one side: load what is here and save it there"
            )
        return stores, source, destination

    def _found(self, path: str) -> Entry | None:
        if not path or "\0" in path:
            return None
        path = canonical(path)
        return self._at(path).finder.entry(path)

    def _entry(self, path: str) -> Entry:
        found = self._at(path).finder.entry(path)
        if found is None:
            raise PathNotFoundError(f"the zarr backend has nothing at {path!r}; check its spelling and case")
        return found


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
