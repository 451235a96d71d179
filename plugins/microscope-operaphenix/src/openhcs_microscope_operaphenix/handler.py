"""The microscope ``opera_phenix``: recognises the plates of Harmony microscopes and reads them."""

from __future__ import annotations

import os
from pathlib import Path

from openhcs_host.contracts.microscopes import (
    Channel,
    Evidence,
    FolderListing,
    MicroscopeHandler,
    Planes,
    PlateReading,
    Skipped,
)
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import counted, listed, shared_names, shown
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_microscope_operaphenix.detection import evidence
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.geometry import geometry
from openhcs_microscope_operaphenix.inspection import inspect
from openhcs_microscope_operaphenix.layout import Layout, walk
from openhcs_microscope_operaphenix.measurement import Measurement, read_measurement

__all__ = ["OperaPhenixHandler"]

OPENHCS_API = 1

_FOLDERS_OF_IMAGES = ("images", "index")


class OperaPhenixHandler(MicroscopeHandler):
    """Reads plates as Harmony exports them: Opera Phenix, Operetta, Sonata."""

    key = "opera_phenix"

    def detect(self, listing: FolderListing) -> Evidence:
        """Say, from names alone, whether the folder is a Harmony plate."""
        return evidence(listing)

    def read(self, root: Path, *, deep: bool = False) -> PlateReading:
        """Read the plate below ``root``, writing nothing.

        Raises ``PlateError`` when there is no plane or more than one measurement, and
        ``PlateConflictError`` naming both files when two claim one plane.
        """
        root = Path(root)
        layout = walk(root)
        measurement = read_measurement(root, layout)
        planes = Planes.ordered({place: wells for place, wells in measurement.planes.items() if wells})
        if not planes:
            raise PlateError(_nothing(root, layout, measurement))
        acquisition = measurement.acquisition
        shape = geometry(acquisition)
        channels = _channels(planes, acquisition)
        problems = [*layout.problems, *measurement.problems, *shared_names(channels), *shape.problems]
        if deep:
            problems += inspect(root, planes, acquisition)
        return PlateReading(
            microscope=self.key,
            root=root,
            plate_name=acquisition.plate_name or acquisition.plate_id or _folder_name(root, measurement),
            planes=planes,
            channels=channels,
            grid=shape.grid,
            pixel_size_um=shape.pixel_size_um,
            z_step_um=shape.z_step_um,
            site_positions_um=shape.site_positions_um,
            skipped=Skipped(unrecognised=layout.unrecognised + measurement.unclaimed),
            problems=tuple(problems),
        )


def _channels(planes: Planes, acquisition: Acquisition) -> dict[int, Channel]:
    """Return every channel that has files, named by the Index."""
    said = acquisition.channels
    return {
        channel: Channel(name=said[channel].name) if channel in said else Channel()
        for channel in sorted({channel for _, channel, _, _ in planes.places})
    }


def _folder_name(root: Path, measurement: Measurement) -> str:
    """Return the name of the folder above ``Images``, where Harmony writes the plate's name."""
    path = os.path.join(os.path.abspath(root), *measurement.folder.split("/"))
    parts = [part for part in Path(path).parts[1:] if part]
    while len(parts) > 1 and parts[-1].lower() in _FOLDERS_OF_IMAGES:
        parts.pop()
    return parts[-1] if parts else str(root)


def _nothing(root: Path, layout: Layout, measurement: Measurement) -> str:
    number = layout.unrecognised + measurement.unclaimed
    found = [*measurement.listings, *([counted(number, "other file")] if number else [])]
    more = "; ".join((*layout.problems, *measurement.problems))
    return (
        f"{shown(root)} holds no plane of a Harmony plate; planes are named like "
        f"'r01c01f01p01-ch1sk1fk1fl1.tiff'. Found: {listed(found) or 'nothing'}."
        + (f" Also: {more}." if more else "")
    )


@hookimpl
def openhcs_create_microscope(key: str) -> OperaPhenixHandler:
    """Create the handler of Harmony plates."""
    return OperaPhenixHandler()
