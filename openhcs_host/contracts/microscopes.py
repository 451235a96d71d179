"""The contract of microscope handlers: recognise a folder, read a plate, change nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from openhcs_host.contracts.images import Coordinates, parse_well
from openhcs_host.contracts.provided import Provided

__all__ = ["Evidence", "FolderListing", "MicroscopeHandler", "Plane", "PlateReading", "Projection", "Skipped"]


@attrs.frozen
class FolderListing:
    """A bounded look into a folder: what every handler is shown to say whether the plate is its own."""

    root: Path
    """The folder."""
    files: tuple[str, ...]
    """Paths of files relative to the root, with ``/``, breadth first."""
    directories: tuple[str, ...]
    """Paths of directories relative to the root, with ``/``, breadth first."""
    complete: bool
    """False when the bound was reached before the end of the folder."""


@attrs.frozen
class Evidence:
    """A handler's answer: whether it reads this folder, and what made it think so."""

    recognised: bool
    """Whether the handler will read the folder."""
    reason: str
    """One clause for people: ``'9987_B02_s1_w1.TIF' is a MetaXpress name``."""


@attrs.frozen
class Plane:
    """One acquired plane and the file that holds it."""

    coordinates: Coordinates
    """Where the plane stands in the acquisition."""
    path: str
    """Real path, relative to the plate, with ``/``."""


@attrs.frozen
class Projection:
    """An image computed from a z-stack by the microscope; it has no z and is never mixed with planes."""

    well: str
    """Well name."""
    site: int
    """Field of view."""
    channel: int
    """Wavelength."""
    timepoint: int
    """Repetition in time."""
    path: str
    """Real path, relative to the plate, with ``/``."""


@attrs.frozen
class Skipped:
    """How many files of the folder are not planes, by reason."""

    thumbnails: int = 0
    """Preview images."""
    projections: int = 0
    """Projections of z-stacks; listed in ``PlateReading.projections``."""
    unrecognised: int = 0
    """Files that are neither images of the plate nor its metadata."""


def _sorted_planes(planes: Iterable[Plane]) -> tuple[Plane, ...]:
    return tuple(sorted(planes, key=lambda plane: plane.coordinates.order))


@attrs.frozen(kw_only=True)
class PlateReading:
    """All that a handler knows of a plate: the files that exist and what they mean.

    Files decide which images exist; vendor metadata gives them names and geometry. Whatever is
    unknown is ``None``; whatever is strange is a sentence in ``problems``.
    """

    microscope: str
    """Key of the handler."""
    root: Path
    """The folder that was read; every path is relative to it."""
    plate_name: str
    """The plate's name as the microscope wrote it, or the folder's name if it wrote none."""
    planes: tuple[Plane, ...] = attrs.field(converter=_sorted_planes)
    """Every acquired plane, in order of coordinates; coordinates are unique."""
    projections: tuple[Projection, ...] = ()
    """Every projection the microscope left beside the planes."""
    channels: Mapping[int, str | None]
    """Channel id to name; also channels that exist as projections only."""
    grid: tuple[int, int] | None = None
    """Sites per well as (rows, columns)."""
    pixel_size_um: float | None = None
    """Edge of a pixel in the sample, µm."""
    z_step_um: float | None = None
    """Distance of neighbouring planes, µm."""
    site_positions_um: Mapping[int, tuple[float, float]] = attrs.field(factory=dict)
    """Site to its offset from the well centre (x, y), µm, in the vendor's axes."""
    skipped: Skipped = attrs.field(factory=Skipped)
    """Files that are not planes."""
    problems: tuple[str, ...] = ()
    """What is strange about this plate, one sentence each."""

    @property
    def wells(self) -> tuple[str, ...]:
        """Wells that have planes, ordered by row, then column."""
        return tuple(sorted({plane.coordinates.well for plane in self.planes}, key=parse_well))

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites that have planes."""
        return tuple(sorted({plane.coordinates.site for plane in self.planes}))

    @property
    def z_indexes(self) -> tuple[int, ...]:
        """Planes of the z-stacks."""
        return tuple(sorted({plane.coordinates.z_index for plane in self.planes}))

    @property
    def timepoints(self) -> tuple[int, ...]:
        """Time points that have planes."""
        return tuple(sorted({plane.coordinates.timepoint for plane in self.planes}))


class MicroscopeHandler(Provided, ABC):
    """Reads the plates of one vendor's layout. Its module imports the standard library and the host only."""

    @abstractmethod
    def detect(self, listing: FolderListing) -> Evidence:
        """Say, from names alone, whether the folder is a plate of this kind. Opens no file."""

    @abstractmethod
    def read(self, root: Path, *, deep: bool = False) -> PlateReading:
        """Read the plate without writing anything into it.

        ``deep`` opens every image header and reports what contradicts the names. Raises
        ``PlateError`` when the folder is no plate of this kind, ``PlateConflictError`` when two
        files claim one image.
        """
