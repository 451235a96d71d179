"""Converting a plate: well by well, whole or not at all, every image written or reported."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import attrs

from openhcs_convert.destination import Destination
from openhcs_convert.journal import Journal, fingerprint, journal_path
from openhcs_convert.reading_ahead import PlanesAhead
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Place, PlateReading
from openhcs_host.contracts.storage import ReadableBackend
from openhcs_host.errors import OpenHCSError, PathExistsError, PlateError

__all__ = ["Conversion", "convert_plate"]

_AHEAD: Final = 8  # images loaded ahead of the writer, whatever the plate
OnWell = Callable[[str, int, int], None]


@attrs.frozen
class Conversion:
    """How a conversion ended: every image found is written or reported."""

    destination: Path
    """The new plate."""
    found: int
    """Images of the plate: planes and projections."""
    written: int
    """Planes written now, in wells that are finished."""
    resumed: int
    """Planes that an earlier, interrupted conversion had written."""
    projections: int
    """Projections, which have no place in a plate of planes and are left where they are."""
    failures: Mapping[str, str]
    """Well to what went wrong; nothing of it was written."""
    unwritten: int
    """Planes of the wells that failed."""
    missing: int
    """Planes that the microscope's metadata lists and that have no file."""
    seconds: float
    """Wall time."""

    @property
    def adds_up(self) -> bool:
        """Whether found = written + reported."""
        return self.found == self.written + self.resumed + self.projections + self.unwritten


def convert_plate(
    host: Host,
    reading: PlateReading,
    destination: Path,
    *,
    backend: str = "zarr",
    options: Mapping[str, Any] | None = None,
    resume: bool = False,
    workers: int = 2,
    on_well: OnWell | None = None,
) -> Conversion:
    """Write every plane of ``reading`` to ``destination`` through ``backend``, unchanged.

    ``options`` go to the backend with each well. A well that fails leaves nothing and stops no other.
    The plate itself is never written to. Raises ``PathExistsError`` when the destination has content and
    ``resume`` was not asked for, ``PlateError`` when it lies inside the plate, ``MetadataError`` when
    the journal beside it is that of a conversion with other options.
    """
    start = time.perf_counter()
    destination = destination.absolute()
    target = Destination(host, backend, destination, dict(options or {}))
    _check(reading, target, resume)
    settings = {"plate": str(reading.root.absolute()), "backend": backend, "options": _plain(target.options)}
    journal = Journal(journal_path(destination), settings)
    if resume:
        journal.resume()
    target.prepare(reading)
    journal.start()
    done: dict[str, int] = {}
    resumed: dict[str, int] = {}
    failures: dict[str, str] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="convert") as pool:
        for number, (well, places) in enumerate(reading.planes.by_well.items(), start=1):
            source = fingerprint(reading, dict(places))
            if journal.has(well, source):
                resumed[well] = len(places)
            else:
                try:
                    _convert_well(host, reading, target, well, places, pool)
                except (OSError, OpenHCSError) as error:
                    failures[well] = str(error) or type(error).__name__
                else:
                    journal.finish(well, source)
                    done[well] = len(places)
            if on_well is not None:
                on_well(well, number, len(reading.planes.by_well))
    target.describe(reading, {*done, *resumed})
    if not failures:
        journal.remove()
    return Conversion(
        destination=destination,
        found=len(reading.planes) + len(reading.projections),
        written=sum(done.values()),
        resumed=sum(resumed.values()),
        projections=len(reading.projections),
        failures=failures,
        unwritten=sum(len(reading.planes.by_well[well]) for well in failures),
        missing=len(reading.missing),
        seconds=time.perf_counter() - start,
    )


def _convert_well(
    host: Host,
    reading: PlateReading,
    target: Destination,
    well: str,
    places: Mapping[Place, str],
    pool: Executor,
) -> None:
    source = host.backend(reading.backend)
    assert isinstance(source, ReadableBackend)  # a handler names a backend that loads
    root = reading.root.absolute().as_posix()
    with target.well(well) as sink:
        for of_site in _by_site(places):
            coordinates = [Coordinates(well, *place) for place in of_site]
            data = PlanesAhead(source, [f"{root}/{path}" for path in of_site.values()], pool, _AHEAD)
            with contextlib.ExitStack() as stack:
                stack.callback(data.discard)
                metadata = [reading.image_metadata(where) for where in coordinates]
                sink.save_batch(
                    data, [target.path(where) for where in coordinates], images=metadata, **target.each
                )


def _by_site(places: Mapping[Place, str]) -> Iterator[dict[Place, str]]:
    """Yield the planes of each site, time point by time point: the order in which stores lay them down."""
    sites: dict[int, dict[Place, str]] = {}
    for place, path in places.items():
        sites.setdefault(place[0], {})[place] = path
    for of_site in sites.values():
        yield dict(sorted(of_site.items(), key=lambda item: (item[0][3], item[0][1], item[0][2])))


def _check(reading: PlateReading, target: Destination, resume: bool) -> None:
    root, where = reading.root.resolve(), target.folder.resolve()
    # A plate of ours may get a second copy of its images inside; a microscope's folder is never touched.
    if where.is_relative_to(root) and (where == root or reading.microscope != "openhcsdata"):
        raise PlateError(
            f"the destination {str(target.folder)!r} lies inside the plate {str(root)!r}, which is never written to"
        )
    begun = journal_path(target.folder).exists()
    if not begun and target.has_content():
        raise PathExistsError(
            f"{str(target.folder)!r} is not empty and no conversion was interrupted there; name another destination"
        )
    if begun and not resume:
        raise PathExistsError(
            f"a conversion to {str(target.folder)!r} was interrupted; pass --resume to go on with it, or delete both "
            f"it and {journal_path(target.folder).name!r}"
        )


def _plain(options: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in sorted(options.items())}
