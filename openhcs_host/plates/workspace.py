"""From a plate reading to the virtual workspace: which name shows which file."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, Final

from openhcs_host.contracts.images import image_name, place_name
from openhcs_host.contracts.microscopes import Plane, PlateReading, Projection
from openhcs_host.files.backends import Backend
from openhcs_host.plates.metadata import update_metadata
from openhcs_host.plates.records import acquisition_fields, component_fields

__all__ = ["PROJECTIONS", "prepare_workspace", "virtual_name", "virtual_paths"]

PROJECTIONS: Final = "projections"
"""Virtual folder of the projections, beside the planes and never among them."""


def virtual_name(plane: Plane) -> str:
    """Return the name under which the virtual workspace shows a plane; the extension is its file's."""
    return image_name(plane.coordinates, _extension(plane.path))


def virtual_paths(reading: PlateReading) -> dict[str, str]:
    """Return virtual path to plate-relative real path, for planes and projections."""
    mapping: dict[str, str] = {}
    # A place has one name in all wells; it is written once, not for each of a million planes.
    names = {place: place_name(*place) for place in reading.planes.places}
    for well, places in reading.planes.by_well.items():
        for place, path in places.items():
            mapping[f"{well}{names[place]}{_lower(path[path.rfind('.') :])}"] = path
    for projection in reading.projections:
        mapping[f"{PROJECTIONS}/{_projection_name(projection)}"] = projection.path
    return mapping


def prepare_workspace(reading: PlateReading, folder: str | os.PathLike[str]) -> None:
    """Write the plate's raw record into the ``openhcs_metadata.json`` of ``folder``.

    The plate itself is touched only if ``folder`` is the plate.
    """
    update_metadata(
        folder,
        ".",
        {
            "microscope_handler_name": reading.microscope,
            "source_filename_parser_name": reading.microscope,
            **acquisition_fields(reading),
            "available_backends": {reading.backend: True, "virtual_workspace": True},
            **component_fields(reading),
            "workspace_mapping": _mapping(reading),
        },
    )


def _mapping(reading: PlateReading) -> Mapping[str, Any]:
    """Return the mapping as the metadata holds it: plain paths for files, objects for other backends."""
    paths = virtual_paths(reading)
    if reading.backend == Backend.DISK:
        return paths
    return {virtual: {"backend": reading.backend, "backend_address": real} for virtual, real in paths.items()}


def _projection_name(projection: Projection) -> str:
    p = projection
    return f"{p.well}_s{p.site:03d}_w{p.channel}_t{p.timepoint:03d}{_extension(p.path)}"


def _extension(path: str) -> str:
    return _lower(path[path.rfind(".") :])


# A plate has a handful of extensions, and its images share these few strings.
@functools.lru_cache(maxsize=64)
def _lower(extension: str) -> str:
    """Return the extension in lower case; the end of a path that has none is none."""
    return "" if "/" in extension or extension[:1] != "." else extension.lower()
