"""What a writer wrote, so that whoever reads the plate can be compared with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import numpy.typing as npt

from openhcs_demo.plates.described import Plate
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_host.errors import PathExistsError

__all__ = ["ProjectionPlace", "Written", "WrittenImage", "digest", "empty_folder", "times"]

ProjectionPlace: TypeAlias = tuple[str, int, int, int]
"""Well, site, channel and time point of a projection."""


@attrs.frozen
class WrittenImage:
    """One image file."""

    path: str
    """Path relative to the plate, with ``/``."""
    digest: str
    """What ``digest`` gives for its pixels."""


@attrs.frozen(kw_only=True)
class Written:
    """A plate on disk: its files, and what its metadata tells; ``None`` or empty where it tells nothing."""

    microscope: str
    """Key of the handler that reads such plates."""
    root: Path
    """The plate's folder."""
    planes: Mapping[Coordinates, WrittenImage]
    """Every acquired plane that has a file."""
    projections: Mapping[ProjectionPlace, WrittenImage] = attrs.field(factory=dict)
    """Every projection of a stack."""
    missing: Mapping[Coordinates, str] = attrs.field(factory=dict)
    """Planes that the metadata lists and that have no file, to the file name listed, or ``""``."""
    copies: frozenset[Coordinates] = frozenset()
    """Planes that hold a copy of another, because nothing was acquired there."""
    names: tuple[str, ...]
    """What the plate is called: in metadata, file names or folders."""
    channels: Mapping[int, Channel]
    """Channels that have images, to what is told of them."""
    plate_shape: tuple[int, int] | None = None
    """Rows and columns of wells."""
    plate_type: str | None = None
    """Kind of plate in words."""
    objective: Objective | None = None
    """Objective."""
    started: datetime | None = None
    """Time of the first image."""
    time_offsets_s: Mapping[int, float] = attrs.field(factory=dict)
    """Time point to seconds since the first one began."""
    grid: tuple[int, int] | None = None
    """Sites per well as (rows, columns)."""
    pixel_size_um: float | None = None
    """Edge of a pixel, µm."""
    z_step_um: float | None = None
    """Distance of planes, µm."""
    site_positions_um: Mapping[int, tuple[float, float]] = attrs.field(factory=dict)
    """Site to its offset (x, y), µm, y downward."""
    well_site_positions_um: Mapping[tuple[str, int], tuple[float, float]] = attrs.field(factory=dict)
    """(well, site) to its offset, for those that lie elsewhere."""
    z_positions_um: Mapping[int, float] = attrs.field(factory=dict)
    """Plane to its height, µm, upward."""
    thumbnails: int = 0
    """Number of thumbnails."""
    unrecognised: int = 0
    """Number of files that are neither images nor metadata."""


def digest(pixels: npt.NDArray[Any]) -> str:
    """Return a digest of shape, type and values of an image."""
    head = f"{pixels.shape} {pixels.dtype.newbyteorder('=')} ".encode()
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return hashlib.sha256(head + native.tobytes()).hexdigest()


def empty_folder(folder: Path) -> None:
    """Make the folder, or raise ``PathExistsError`` if it has content."""
    if folder.exists() and any(folder.iterdir()):
        raise PathExistsError(f"{str(folder)!r} is not empty; name another folder for the synthetic plate")
    folder.mkdir(parents=True, exist_ok=True)


def times(plate: Plate, told: Iterable[Coordinates]) -> tuple[datetime, dict[int, float]]:
    """Return when the first of the images was taken, and when each time point began, seconds after it."""
    began: dict[int, datetime] = {}
    for coordinates in told:
        taken = plate.acquired(coordinates)
        began[coordinates.timepoint] = min(taken, began.get(coordinates.timepoint, taken))
    first = min(began.values())
    return first, {timepoint: (began[timepoint] - first).total_seconds() for timepoint in sorted(began)}
