"""The contract of microscope handlers: recognise a folder, read a plate, change nothing."""

from __future__ import annotations

import bisect
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, overload

import attrs

from openhcs_host.contracts.images import Coordinates, ImageMetadata, check_well
from openhcs_host.contracts.provided import Provided
from openhcs_host.contracts.storage import DataSink
from openhcs_host.errors import PlateConflictError

__all__ = [
    "Channel",
    "Evidence",
    "FolderListing",
    "MicroscopeHandler",
    "Objective",
    "Place",
    "Plane",
    "Planes",
    "PlateReading",
    "PlateStore",
    "Projection",
    "Skipped",
]


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


Place: TypeAlias = tuple[int, int, int, int]
"""Site, channel, z and time point of a plane within its well."""


@attrs.frozen(repr=False)
class Planes(Sequence[Plane]):
    """The planes of a plate in order of coordinates: by well, then site, channel, z, time.

    A plate may have a million planes, and the wells mostly have the same places. So only wells,
    places and paths are kept; a ``Plane`` is made when one is asked for.
    """

    by_well: Mapping[str, Mapping[Place, str]]
    """Well to the places of its planes, and these to paths; both in order."""
    places: Mapping[Place, int]
    """Every place, in order, to the number of wells that have a plane there."""
    _ends: tuple[int, ...] = attrs.field(init=False, eq=False)

    @_ends.default
    def _count(self) -> tuple[int, ...]:
        return tuple(itertools.accumulate(map(len, self.by_well.values())))

    @classmethod
    def ordered(cls, paths: Mapping[Place, Mapping[str, str]]) -> Planes:
        """Order planes that are given as place to wells, and these to paths.

        A name that is no well raises ``ValueError``.
        """
        wells = sorted(set().union(*paths.values()), key=check_well)
        by_well: dict[str, dict[Place, str]] = {well: {} for well in wells}
        for place in sorted(paths):
            for well, path in paths[place].items():
                by_well[well][place] = path
        return cls(by_well, {place: len(paths[place]) for place in sorted(paths)})

    @classmethod
    def of_wells(cls, paths: Mapping[str, Mapping[Place, str]]) -> Planes:
        """Order planes that are given as well to places, and these to paths.

        Wells whose places are in order already are kept as they are, which is much faster; wells without
        places are left out. A name that is no well raises ``ValueError``.
        """
        wells = sorted((well for well, places in paths.items() if places), key=check_well)
        by_well: dict[str, Mapping[Place, str]] = {}
        counts: dict[Place, int] = {}
        for places, alike in itertools.groupby(wells, lambda well: tuple(paths[well])):
            order = sorted(places)
            sort = order != list(places)
            before = len(by_well)
            for well in alike:
                by_well[well] = {place: paths[well][place] for place in order} if sort else paths[well]
            number = len(by_well) - before
            counts.update((place, counts.get(place, 0) + number) for place in order)
        return cls(by_well, dict(sorted(counts.items())))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Plane]:
        for well, places in self.by_well.items():
            for place, path in places.items():
                yield Plane(Coordinates(well, *place), path)

    @overload
    def __getitem__(self, index: int) -> Plane: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Plane, ...]: ...

    def __getitem__(self, index: int | slice) -> Plane | tuple[Plane, ...]:
        """Return one plane, or those of a slice."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number = range(len(self))[index]  # counts negative ones from the end, and refuses what is beyond
        nth = bisect.bisect_right(self._ends, number)
        well, places = next(itertools.islice(self.by_well.items(), nth, None))
        before = self._ends[nth] - len(places)
        place, path = next(itertools.islice(places.items(), number - before, None))
        return Plane(Coordinates(well, *place), path)

    def __repr__(self) -> str:
        return f"<{len(self)} planes in {len(self.by_well)} wells>"


def _planes(planes: Iterable[Plane]) -> Planes:
    if isinstance(planes, Planes):
        return planes
    paths: dict[str, dict[Place, str]] = {}
    for plane in planes:
        where = plane.coordinates
        of_well = paths.setdefault(where.well, {})
        if where.place in of_well:
            raise PlateConflictError(
                f"two planes have the coordinates {where}: {of_well[where.place]!r} and {plane.path!r}"
            )
        of_well[where.place] = plane.path
    return Planes.of_wells(paths)


def _no_planes() -> Planes:
    return Planes({}, {})


@attrs.frozen(kw_only=True)
class Channel:
    """What is known of one channel; ``None`` means unknown, never a default."""

    name: str | None = None
    """As the microscope shows it."""
    excitation_nm: float | None = None
    """Main excitation wavelength, nm."""
    emission_nm: float | None = None
    """Main emission wavelength, nm; unknown for transmitted light."""
    exposure_ms: float | None = None
    """Exposure time, ms."""
    color: str | None = None
    """Display colour, six hexadecimal digits without ``#``, if the microscope gives one."""


@attrs.frozen(kw_only=True)
class Objective:
    """The objective that a plate was imaged with."""

    name: str | None = None
    """As the microscope shows it: ``20X Plan Apo``."""
    magnification: float | None = None
    """Nominal magnification."""
    numerical_aperture: float | None = None
    """Numerical aperture."""


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
    backend: str = "disk"
    """Key of the backend that loads the planes, under ``root`` and their paths."""
    plate_name: str
    """The plate's name as the microscope wrote it, or the folder's name if it wrote none."""
    planes: Planes = attrs.field(converter=_planes)
    """Every acquired plane, in order of coordinates; two of one place are a ``PlateConflictError``."""
    projections: tuple[Projection, ...] = ()
    """Every projection the microscope left beside the planes."""
    missing: Planes = attrs.field(factory=_no_planes, converter=_planes)
    """Planes that the vendor's metadata lists and that have no file; their paths are as listed, or empty."""
    channels: Mapping[int, Channel]
    """Channel id to what is known of it; also channels that exist as projections only."""
    plate_shape: tuple[int, int] | None = None
    """Rows and columns of wells of the physical plate, imaged or not."""
    plate_type: str | None = None
    """Kind of plate as the microscope names it: ``384 PerkinElmer CellCarrier Ultra``."""
    objective: Objective | None = None
    """The objective, if all that is known of it agrees."""
    started: datetime | None = None
    """Time of the first image; without a zone where the microscope wrote local time."""
    time_offsets_s: Mapping[int, float] = attrs.field(factory=dict)
    """Time point to seconds since the first one began."""
    grid: tuple[int, int] | None = None
    """Sites per well as (rows, columns)."""
    pixel_size_um: float | None = None
    """Edge of a pixel in the sample, µm."""
    z_step_um: float | None = None
    """Distance of neighbouring planes, µm."""
    site_positions_um: Mapping[int, tuple[float, float]] = attrs.field(factory=dict)
    """Site to the offset of its centre from the well's (x, y), µm; y grows downward, as rows of an image do."""
    well_site_positions_um: Mapping[tuple[str, int], tuple[float, float]] = attrs.field(factory=dict)
    """(well, site) to its offset, for those that lie elsewhere than the site does in other wells."""
    z_positions_um: Mapping[int, float] = attrs.field(factory=dict)
    """Plane to its height, µm, upward, in one stack; differences hold for the plate, the origin need not."""
    skipped: Skipped = attrs.field(factory=Skipped)
    """Files that are not planes."""
    problems: tuple[str, ...] = ()
    """What is strange about this plate, one sentence each."""

    @property
    def wells(self) -> tuple[str, ...]:
        """Wells that have planes, ordered by row, then column."""
        return tuple(self.planes.by_well)

    @property
    def sites(self) -> tuple[int, ...]:
        """Sites that have planes."""
        return self._numbers(0)

    @property
    def z_indexes(self) -> tuple[int, ...]:
        """Planes of the z-stacks."""
        return self._numbers(2)

    @property
    def timepoints(self) -> tuple[int, ...]:
        """Time points that have planes."""
        return self._numbers(3)

    @property
    def channel_names(self) -> dict[int, str | None]:
        """Channel id to name, ``None`` if it is unknown."""
        return {number: channel.name for number, channel in self.channels.items()}

    def position_um(self, well: str, site: int) -> tuple[float, float] | None:
        """Return the offset of a site's centre from its well's (x, y), µm, ``None`` if unknown."""
        return self.well_site_positions_um.get((well, site)) or self.site_positions_um.get(site)

    def image_metadata(self, coordinates: Coordinates) -> ImageMetadata:
        """Return what is known of one image, to travel with it into storage."""
        channel = self.channels.get(coordinates.channel) or Channel()
        return ImageMetadata(
            coordinates=coordinates,
            pixel_size_um=self.pixel_size_um,
            z_step_um=self.z_step_um,
            channel_name=channel.name,
            channel_color=channel.color,
            position_um=self.position_um(coordinates.well, coordinates.site),
        )

    def _numbers(self, position: int) -> tuple[int, ...]:
        return tuple(sorted({place[position] for place in self.planes.places}))


class PlateStore(ABC):
    """What a storage backend is besides, if its format describes whole plates.

    Images saved below one folder are then a plate that handlers and other programs read.
    """

    @abstractmethod
    def prepare_plate(self, path: str, reading: PlateReading) -> None:
        """Write down, before its images are saved, what is known of the plate that ``path`` will hold.

        Of ``reading`` it takes what is not an image: name, physical rows and columns, channels, sizes,
        positions. Images say the rest when they are saved.
        """

    @abstractmethod
    def open_well(
        self, path: str, well: str, *, overwrite: bool = False, **options: Any
    ) -> AbstractContextManager[DataSink]:
        """Return a sink for the images of one well of the plate at ``path``.

        What is saved into it appears together when the context ends, replacing what the well held
        (``overwrite``, else ``PathExistsError`` at once); if it ends with an error, nothing has happened.
        Images may come site by site, so that a well need not fit into memory.
        """

    @abstractmethod
    def read_plate(self, path: str) -> PlateReading:
        """Read the plate at ``path``: planes under the paths with which this backend loads them.

        Raises ``PathNotFoundError``, or ``PlateError`` when what lies there is no plate.
        """


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
