"""When the images were taken, by the local times in their headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

import attrs

from openhcs_host.contracts.microscopes import Planes
from openhcs_microscope_imagexpress.sampling import Sampler

__all__ = ["Times", "read_times"]


@attrs.frozen
class Times:
    """When the acquisition began, and its time points."""

    started: datetime | None
    """Local time of the earliest image whose header was opened."""
    offsets_s: dict[int, float]
    """Time point to seconds since the first one began; only those that are known."""
    problems: tuple[str, ...] = ()
    """What is strange."""


def read_times(sampler: Sampler, planes: Planes) -> Times:
    """Open one image of every time point: the first by name, which the microscope takes first."""
    began = {
        timepoint: time
        for timepoint, paths in sorted(_candidates(planes).items())
        if (time := _begin(sampler, timepoint, paths)) is not None
    }
    told = (header.metaseries.acquired for _, header in sampler.opened())
    started = min((time for time in told if time is not None), default=None)
    first = min({timepoint for *_, timepoint in planes.places})
    if first not in began:
        return Times(started, {})
    offsets = {t: round((time - began[first]).total_seconds(), 3) for t, time in began.items()}
    if all(later > earlier for earlier, later in pairwise(offsets.values())):
        return Times(started, offsets)
    return Times(started, offsets, ("the times in the headers do not follow the numbers of the time points",))


def _candidates(planes: Planes) -> dict[int, list[str]]:
    """Return for each time point the first image of every channel in the first well that has it."""
    missing = {timepoint for *_, timepoint in planes.places}
    found: dict[int, dict[int, str]] = {}
    for places in planes.by_well.values():
        if not missing:
            break
        for (_, channel, _, timepoint), path in places.items():
            if timepoint in missing:
                found.setdefault(timepoint, {}).setdefault(channel, path)
        missing -= found.keys()
    return {timepoint: list(paths.values()) for timepoint, paths in found.items()}


def _begin(sampler: Sampler, timepoint: int, paths: Iterable[str]) -> datetime | None:
    return next(_own_times(sampler, timepoint, paths), None)


def _own_times(sampler: Sampler, timepoint: int, paths: Iterable[str]) -> Iterator[datetime]:
    for path in paths:
        series = sampler.metaseries(path)
        # A filled copy keeps the time at which its original was taken.
        if series.acquired is not None and series.timepoint in (None, timepoint):
            yield series.acquired
