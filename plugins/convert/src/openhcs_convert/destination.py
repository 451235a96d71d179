"""Where a plate is converted to: a store of plates, or a folder of images with a record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import PlateReading, PlateStore
from openhcs_host.contracts.storage import DataSink, StorageBackend
from openhcs_host.errors import UnsupportedOperationError
from openhcs_host.plates.metadata import FILE_NAME, read_metadata, update_metadata
from openhcs_host.plates.records import acquisition_fields, component_fields

__all__ = ["Destination"]


class Destination:
    """The new plate, in the backend that holds it."""

    def __init__(self, host: Host, backend: str, folder: Path, options: dict[str, Any]) -> None:
        found = host.backend(backend)
        if not isinstance(found, StorageBackend):
            raise UnsupportedOperationError(f"the {backend} backend stores nothing; convert to another one")
        self.key, self.folder, self.options = backend, folder, options
        self._backend = found
        self._files = FileManager(host)

    @property
    def each(self) -> dict[str, Any]:
        """Options that go with every save; a store of plates takes them once per well instead."""
        return {} if isinstance(self._backend, PlateStore) else {**self.options, "overwrite": True}

    def path(self, coordinates: Coordinates) -> str:
        """Return the path of a plane."""
        return f"{self.folder.as_posix()}/{image_name(coordinates)}"

    def has_content(self) -> bool:
        """Whether anything lies there, for the backend or in the folder of that name."""
        folder = self.folder.as_posix()
        stored = self._files.exists(folder, self.key) and bool(self._files.list_dir(folder, self.key))
        return stored or (self.folder.is_dir() and any(self.folder.iterdir())) or self.folder.is_file()

    def prepare(self, reading: PlateReading) -> None:
        """Write down what is known of the plate before its images come."""
        if isinstance(self._backend, PlateStore):
            self._backend.prepare_plate(self.folder.as_posix(), reading)

    @contextlib.contextmanager
    def well(self, well: str) -> Iterator[DataSink]:
        """Give the sink for one well; what goes into it counts only if the context ends without error."""
        if isinstance(self._backend, PlateStore):
            place = self.folder.as_posix()
            with self._backend.open_well(place, well, overwrite=True, **self.options) as sink:
                yield sink
            return
        try:
            yield self._backend
        except BaseException:
            # Half a well must not pass for one.
            for path in self._of_well(well):
                self._backend.delete(path)
            raise

    def describe(self, reading: PlateReading, wells: set[str]) -> None:
        """Record which images there are, and make them the main ones of a plate of ours around them."""
        images = [
            image_name(plane.coordinates) for plane in reading.planes if plane.coordinates.well in wells
        ]
        if not isinstance(self._backend, PlateStore):
            update_metadata(self.folder, ".", self._record(reading, images, ""))
        if (self.folder.parent / FILE_NAME).is_file():
            for name in read_metadata(self.folder.parent):
                update_metadata(self.folder.parent, name, {"main": False})
            update_metadata(
                self.folder.parent, self.folder.name, self._record(reading, images, f"{self.folder.name}/")
            )

    def _record(self, reading: PlateReading, images: list[str], prefix: str) -> dict[str, Any]:
        return {
            "microscope_handler_name": "openhcsdata",
            "source_filename_parser_name": "openhcsdata",
            **acquisition_fields(reading),
            "available_backends": {self.key: True},
            **component_fields(reading),
            "image_files": [prefix + name for name in images],
            "main": True,
        }

    def _of_well(self, well: str) -> list[str]:
        folder = self.folder.as_posix()
        if not self._backend.is_dir(folder):
            return []
        return [
            path
            for path in self._backend.list_files(folder)
            if path.rpartition("/")[2].startswith(f"{well}_s")
        ]
