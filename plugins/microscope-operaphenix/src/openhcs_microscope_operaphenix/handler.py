"""The microscope ``opera_phenix``: recognises the plates of Harmony microscopes and reads them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.images import check_well
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
from openhcs_microscope_operaphenix.claims import ByPlace
from openhcs_microscope_operaphenix.detection import evidence
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.geometry import Geometry, geometry, tolerance_um
from openhcs_microscope_operaphenix.inspection import inspect
from openhcs_microscope_operaphenix.layout import Layout, walk
from openhcs_microscope_operaphenix.measurement import Measurement, read_measurement
from openhcs_microscope_operaphenix.numbering import OperaPhenixConfig, by_stage, renumbered
from openhcs_microscope_operaphenix.optics import channel, objective

__all__ = ["OperaPhenixHandler"]

OPENHCS_API = 1

_FOLDERS_OF_IMAGES = ("images", "index")


class OperaPhenixHandler(MicroscopeHandler):
    """Reads plates as Harmony exports them: Opera Phenix, Operetta, Sonata."""

    key = "opera_phenix"

    def __init__(self, config: OperaPhenixConfig | None = None) -> None:
        self._config = config or OperaPhenixConfig()

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration as plain values."""
        return attrs.asdict(self._config)

    def detect(self, listing: FolderListing) -> Evidence:
        """Say, from names alone, whether the folder is a Harmony plate."""
        return evidence(listing)

    def read(self, root: Path, *, deep: bool = False) -> PlateReading:
        """Read the plate below ``root``, writing nothing.

        Raises ``PlateError`` when there is no plane or more than one measurement, and
        ``PlateConflictError`` naming both files when two claim one plane, or both fields when two that
        are to be numbered by place lie at one.
        """
        root = Path(root)
        layout = walk(root)
        measurement = read_measurement(root, layout)
        if not any(measurement.planes.values()):
            raise PlateError(_nothing(root, layout, measurement))
        acquisition = measurement.acquisition
        shape = geometry(acquisition)
        optics, differing = objective(acquisition.channels)
        problems = [*layout.problems, *measurement.problems, *shape.problems, *differing]
        if deep:  # before fields are renumbered, which the headers know nothing of
            problems += inspect(root, _ordered(measurement.planes), acquisition)
        if self._config.site_numbering == "stage":
            measurement, shape, why = _numbered_by_stage(measurement, shape)
            problems += why
        planes = _ordered(measurement.planes)
        channels = _channels(planes, acquisition)
        plate_shape, why = _plate_shape(planes, acquisition)
        problems += [*shared_names(channels), *why]
        return PlateReading(
            microscope=self.key,
            root=root,
            plate_name=acquisition.plate_name or acquisition.plate_id or _folder_name(root, measurement),
            planes=planes,
            missing=_ordered(measurement.missing),
            channels=channels,
            plate_shape=plate_shape,
            plate_type=acquisition.plate_type,
            objective=optics,
            started=acquisition.first_image,
            time_offsets_s=_time_offsets(measurement),
            grid=shape.grid,
            pixel_size_um=shape.pixel_size_um,
            z_step_um=shape.z_step_um,
            site_positions_um=shape.site_positions_um,
            well_site_positions_um=shape.well_site_positions_um,
            z_positions_um=shape.z_positions_um,
            skipped=Skipped(unrecognised=layout.unrecognised + measurement.unclaimed),
            problems=tuple(problems),
        )


def _channels(planes: Planes, acquisition: Acquisition) -> dict[int, Channel]:
    """Return every channel that has files, named by the Index."""
    numbers = sorted({number for _, number, _, _ in planes.places})
    return {number: channel(acquisition.channels.get(number)) for number in numbers}


def _ordered(planes: ByPlace) -> Planes:
    return Planes.ordered({place: wells for place, wells in planes.items() if wells})


def _numbered_by_stage(measurement: Measurement, shape: Geometry) -> tuple[Measurement, Geometry, list[str]]:
    by_place = (*measurement.planes.items(), *measurement.missing.items())
    sites = {place[0] for place, wells in by_place if wells}
    tolerance = tolerance_um(measurement.acquisition)
    numbers, problems = by_stage(shape.site_positions_um, sites, tolerance)
    common = {numbers[site]: at for site, at in shape.site_positions_um.items()}
    elsewhere = {(well, numbers[site]): at for (well, site), at in shape.well_site_positions_um.items()}
    return (
        attrs.evolve(
            measurement,
            planes=renumbered(measurement.planes, numbers),
            missing=renumbered(measurement.missing, numbers),
        ),
        attrs.evolve(shape, site_positions_um=dict(sorted(common.items())), well_site_positions_um=elsewhere),
        problems,
    )


def _plate_shape(planes: Planes, acquisition: Acquisition) -> tuple[tuple[int, int] | None, list[str]]:
    """Return rows and columns of the plate, unless there are images of wells beyond them."""
    rows, columns = acquisition.plate_rows, acquisition.plate_columns
    if not rows or not columns:
        return None, []
    beyond = [well for well in planes.by_well if check_well(well)[0] > rows or check_well(well)[1] > columns]
    if beyond:
        return None, [
            f"the Index says {rows} x {columns} wells, and there are images beyond: {listed(beyond)}"
        ]
    return (rows, columns), []


def _time_offsets(measurement: Measurement) -> dict[int, float]:
    """Return seconds since the first time point, whatever number the Index begins with."""
    offsets = measurement.acquisition.time_offsets_s
    first = min(offsets, default=0)
    return {
        number + measurement.timepoint_offset: float(f"{seconds - offsets[first]:.12g}")
        for number, seconds in offsets.items()
        if number + measurement.timepoint_offset > 0
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
def openhcs_create_microscope(key: str, config: Mapping[str, Any]) -> OperaPhenixHandler:
    """Create the handler of Harmony plates."""
    return OperaPhenixHandler(configured(OperaPhenixConfig, config, f"microscope {key!r}"))
