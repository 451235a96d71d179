"""The two plates of a run: what it made, and what it read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from openhcs_host import Host
from openhcs_host.contracts.images import parse_image_name
from openhcs_host.contracts.microscopes import Plane, PlateReading
from openhcs_host.errors import InvalidPathError, PathNotFoundError
from openhcs_host.plates.metadata import read_metadata, workspace_mapping
from openhcs_host.plates.records import acquisition_of
from openhcs_host.plates.workspace import PROJECTIONS
from openhcs_report.run_record import Run

__all__ = ["input_plate", "output_plate"]

_HANDLER: Final = "openhcsdata"
_WORKSPACE: Final = "workspace"
_RAW: Final = "."


def output_plate(host: Host, run: Run) -> PlateReading:
    """Return the images that the run made; raises what the handler of our own plates raises."""
    return host.microscope(_HANDLER).read(run.folder)


def input_plate(run: Run) -> PlateReading:
    """Return the planes that the run read, as its output's workspace maps them.

    No handler is needed and nothing is detected again: these are the files that the run used. Raises
    ``PathNotFoundError`` when the plate or the mapping is gone, and ``MetadataError`` or
    ``InvalidPathError`` when the mapping cannot be followed.
    """
    root, folder = Path(run.plate), run.folder / _WORKSPACE
    if not run.plate or not root.is_dir():
        raise PathNotFoundError(f"the input plate {run.plate!r} is no longer there")
    record = read_metadata(folder).get(_RAW)
    if record is None:
        raise PathNotFoundError(f"the workspace {str(folder)!r} has no record of the input plate")
    mapping, backend = workspace_mapping(record, folder)
    planes = [
        Plane(parse_image_name(virtual), _inside(real))
        for virtual, real in mapping.items()
        if not virtual.startswith(f"{PROJECTIONS}/")
    ]
    facts = acquisition_of(record, f"{str(folder)!r}, subdirectory {_RAW!r}")
    return PlateReading(
        microscope=run.microscope,
        root=root,
        backend=backend,
        planes=planes,
        **{"plate_name": run.plate_name, **facts},
    )


def _inside(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts:
        raise InvalidPathError(f"the workspace maps to {path!r}, which is no path inside the plate")
    return path
