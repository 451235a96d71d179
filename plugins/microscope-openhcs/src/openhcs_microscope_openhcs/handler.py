"""The microscope ``openhcsdata``: our own plates, and OME-Zarr plates of anybody."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from openhcs_host import Backend, Host, hookimpl
from openhcs_host.contracts.microscopes import (
    Channel,
    Evidence,
    FolderListing,
    MicroscopeHandler,
    Planes,
    PlateReading,
    PlateStore,
    Skipped,
)
from openhcs_host.contracts.storage import ReadableBackend
from openhcs_host.errors import OpenHCSError, PlateError, PluginError
from openhcs_host.plates.description import PlateDescription, describe_plate
from openhcs_host.plates.metadata import FILE_NAME, workspace_mapping
from openhcs_host.plates.records import acquisition_of
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_openhcs.detection import evidence
from openhcs_microscope_openhcs.folders import Contents, look
from openhcs_microscope_openhcs.recorded import Recorded, named, recorded

__all__ = ["OpenHCSHandler"]

OPENHCS_API = 1

_STORE: Final = ("zarr.json", ".zattrs", ".zgroup")


class OpenHCSHandler(MicroscopeHandler):
    """Reads what runs and conversions wrote; ``main`` and the preferred backend decide which images."""

    key = "openhcsdata"

    def __init__(self, host: Host) -> None:
        self._host = host

    def detect(self, listing: FolderListing) -> Evidence:
        """Say, from names alone, whether the folder is a plate of ours or an OME-Zarr plate."""
        return evidence(listing)

    def read(self, root: Path, *, deep: bool = False) -> PlateReading:
        """Read the plate below ``root``, writing nothing; ``deep`` loads every image.

        Raises ``PlateError`` when there is no image, ``MetadataError`` when the record decides nothing
        or is corrupt, ``PlateConflictError`` when two files are one plane, and ``PluginNotFoundError``
        when the backend that holds the images is not installed.
        """
        root = Path(root)
        if any((root / name).is_file() for name in _STORE):
            reading = self._store(root, Backend.ZARR, "")
        elif (root / FILE_NAME).is_file():
            reading = self._described(root, describe_plate(root))
        else:
            contents = look(root)
            reading = self._reading(root, named(contents.files), contents)
        if not reading.planes:
            more = f" Also: {'; '.join(reading.problems)}." if reading.problems else ""
            raise PlateError(f"{shown(root)} holds no image of a plate of ours.{more}")
        if deep:
            found = tuple(self._loaded(reading))
            reading = attrs.evolve(reading, problems=(*reading.problems, *found))
        return reading

    def _described(self, root: Path, plate: PlateDescription) -> PlateReading:
        where = f"{os.fspath(root / FILE_NAME)!r}, subdirectory {plate.subdirectory!r}"
        facts = acquisition_of(plate.record, where)
        if plate.backend == Backend.VIRTUAL_WORKSPACE:
            mapping, backend = workspace_mapping(plate.record, root)
            contents = look(root)
            files = contents.files if backend == Backend.DISK else None
            found = recorded(mapping.items(), files)
            return self._reading(root, found, contents, backend=backend, **facts)
        if plate.backend == Backend.DISK:
            contents = look(root)
            found = recorded(((path, path) for path in plate.images), contents.files)
            return self._reading(root, found, contents, **facts)
        reading = self._store(root, plate.backend, "" if plate.subdirectory == "." else plate.subdirectory)
        known = {name: value for name, value in facts.items() if name != "channels"}
        channels = {
            **reading.channels,
            **{n: c for n, c in facts["channels"].items() if n in reading.channels},
        }
        return attrs.evolve(reading, channels=channels, **known)

    def _reading(
        self,
        root: Path,
        found: Recorded,
        contents: Contents,
        *,
        backend: str = Backend.DISK.value,
        **facts: object,
    ) -> PlateReading:
        channels = {plane.coordinates.channel for plane in found.planes}
        channels |= {projection.channel for projection in found.projections}
        said = facts.pop("channels", {})
        assert isinstance(said, dict)
        used = {plane.path for plane in found.planes} | {p.path for p in found.projections}
        return PlateReading(
            microscope=self.key,
            root=root,
            backend=str(backend),
            **{"plate_name": Path(os.path.abspath(root)).name, **facts},  # type: ignore[arg-type]
            planes=found.planes,
            missing=found.missing,
            projections=found.projections,
            channels={number: said.get(number) or Channel() for number in sorted(channels)},
            skipped=Skipped(projections=len(found.projections), unrecognised=len(contents.files - used)),
            problems=(*contents.problems, *found.problems),
        )

    def _store(self, root: Path, key: str, folder: str) -> PlateReading:
        """Let the backend of a store read the plate, and make its paths relative to ``root``."""
        backend = self._host.backend(key)
        if not isinstance(backend, PlateStore):
            raise PlateError(f"the {key} backend, which holds the images of {shown(root)}, reads no plates")
        reading = backend.read_plate(os.path.join(root, folder) if folder else os.fspath(root))
        if folder:
            planes, missing = (_below(folder, found) for found in (reading.planes, reading.missing))
            reading = attrs.evolve(reading, planes=planes, missing=missing)
        return attrs.evolve(reading, microscope=self.key, root=root)

    def _loaded(self, reading: PlateReading) -> Iterator[str]:
        """Load every image and yield what is wrong: those that fail, are no planes, or differ in kind."""
        try:
            backend = self._host.backend(reading.backend)
        except PluginError as error:
            yield f"no image was loaded: {error}"
            return
        assert isinstance(backend, ReadableBackend)  # a reading names a backend that loads
        failed: list[str] = []
        kinds: Counter[str] = Counter()
        examples: dict[str, str] = {}
        for plane in reading.planes:
            try:
                image = backend.load(f"{reading.root.as_posix()}/{plane.path}")
            except (OSError, OpenHCSError) as error:
                failed.append(f"{shown(plane.path)} ({error})")
                continue
            kind = f"{getattr(image, 'dtype', type(image).__name__)} {getattr(image, 'shape', '')}"
            kinds[kind] += 1
            examples.setdefault(kind, plane.path)
        if failed:
            yield f"{counted(len(failed), 'image')} cannot be read: {listed(failed)}"
        if len(kinds) > 1:
            told = listed(
                f"{number} of {kind}, such as {shown(examples[kind])}" for kind, number in kinds.items()
            )
            yield f"the images differ in type or size: {told}"


def _below(folder: str, planes: Planes) -> Planes:
    return Planes.of_wells(
        {
            well: {place: f"{folder}/{path}" for place, path in paths.items()}
            for well, paths in planes.by_well.items()
        }
    )


@hookimpl
def openhcs_create_microscope(key: str, host: Host) -> OpenHCSHandler:
    """Create the handler of our own plates."""
    return OpenHCSHandler(host)
