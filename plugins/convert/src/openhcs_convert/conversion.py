"""Converting a plate: well by well, whole or not at all, every image written or reported."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self

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

_AHEAD: Final = 4  # images loaded ahead of the writer of each well
_AT_ONCE: Final = 64 << 20  # bytes of images given to a sink at once, if a time point has less
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

    ``options`` go to the backend with each well; ``workers`` wells are written at once. A well that
    fails leaves nothing and stops no other. The plate itself is never written to. Raises
    ``PathExistsError`` when the destination has content and ``resume`` was not asked for,
    ``PlateError`` when it lies inside the plate, ``MetadataError`` when
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
    journal.start()  # before anything lies at the destination: then a kill at any moment can be resumed
    target.prepare(reading)
    done: dict[str, int] = {}
    resumed: dict[str, int] = {}
    failures: dict[str, str] = {}
    wells = reading.planes.by_well
    with _Wells(host, reading, target, journal, workers) as converting:
        for number, (well, source, error) in enumerate(converting.all(), start=1):
            if error is not None:
                failures[well] = str(error) or type(error).__name__
            elif source is None:
                resumed[well] = len(wells[well])
            else:
                journal.finish(well, source)
                done[well] = len(wells[well])
            if on_well is not None:
                on_well(well, number, len(wells))
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


Ended = tuple[str, str | None, Exception | None]
"""A well, the fingerprint of its images unless it was finished before, and what went wrong."""


class _Wells:
    """Converts wells, a few at once: while one waits for a medium, another is compressed."""

    def __init__(
        self, host: Host, reading: PlateReading, target: Destination, journal: Journal, workers: int
    ) -> None:
        source = host.backend(reading.backend)
        assert isinstance(source, ReadableBackend)  # a handler names a backend that loads
        self._source, self._reading, self._target, self._journal = source, reading, target, journal
        self._workers = workers
        self._writing = ThreadPoolExecutor(workers, thread_name_prefix="convert-well")
        self._loading = ThreadPoolExecutor(workers, thread_name_prefix="convert-load")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the wells that are being written end, and begin no other."""
        self._writing.shutdown(cancel_futures=True)
        self._loading.shutdown(cancel_futures=True)

    def all(self) -> Iterator[Ended]:
        """Yield every well of the plate, in order, when it has ended."""
        waiting: deque[tuple[str, str | None, Future[None] | None]] = deque()
        for well, places in self._reading.planes.by_well.items():
            source = fingerprint(self._reading, dict(places))
            if self._journal.has(well, source):
                waiting.append((well, None, None))
            else:
                waiting.append((well, source, self._writing.submit(self._convert, well, places)))
            if len(waiting) > self._workers:
                yield _ended(*waiting.popleft())
        while waiting:
            yield _ended(*waiting.popleft())

    def _convert(self, well: str, places: Mapping[Place, str]) -> None:
        root = self._reading.root.absolute().as_posix()
        with self._target.well(well) as sink, contextlib.ExitStack() as stack:
            ordered = sorted(places.items(), key=lambda item: _order(item[0]))
            paths = [f"{root}/{path}" for _, path in ordered]
            data = PlanesAhead(self._source, paths, self._loading, _AHEAD)
            stack.callback(data.discard)
            for part in _parts([place for place, _ in ordered], data):
                coordinates = [Coordinates(well, *place) for place, _ in ordered[part]]
                sink.save_batch(
                    data[part],
                    [self._target.path(where) for where in coordinates],
                    images=[self._reading.image_metadata(where) for where in coordinates],
                    **self._target.each,
                )


def _ended(well: str, source: str | None, future: Future[None] | None) -> Ended:
    if future is not None:
        try:
            future.result()
        except (OSError, OpenHCSError) as error:
            return well, source, error
    return well, source, None


def _order(place: Place) -> tuple[int, int, int, int]:
    """Site by site, time point by time point: the order in which stores lay planes down."""
    site, channel, z_index, timepoint = place
    return site, timepoint, channel, z_index


def _parts(places: Sequence[Place], data: PlanesAhead) -> Iterator[slice]:
    """Yield what is given to the sink at once: a site, or as many whole time points of it as memory allows."""
    start = 0
    while start < len(places):
        most = start + _AT_ONCE // max(1, int(getattr(data.peek(start), "nbytes", 1)))
        stop = start
        for (site, _), planes in groupby(places[start:], key=lambda place: (place[0], place[3])):
            end = stop + len(list(planes))
            if stop > start and (site != places[start][0] or end > most):
                break
            stop = end
        yield slice(start, stop)
        start = stop


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
