"""Planes that the HTD file lists and that no file holds.

An HTD selects wells, sites and wavelengths, and gives one number of planes and of time points for all of
them. It cannot say that one channel was a stack and another a projection, or that one was taken at the
first time point only; so channel, z and time are taken as listed together where at least one file has them
together. Of these, what a selected well and site lacks is missing. A wavelength, plane or time point that no
file has at all is a sentence of ``completeness`` and no plane.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import attrs

from openhcs_host.contracts.images import check_well
from openhcs_host.contracts.microscopes import Place, Planes
from openhcs_host.plates.wording import EXAMPLES, counted, listed
from openhcs_microscope_imagexpress.htd import PlateDescription
from openhcs_microscope_imagexpress.images import Images

__all__ = ["Missing", "missing_planes"]

# About 100 bytes each; wells without any image share theirs.
_MOST_KEPT: Final = 500_000


@attrs.frozen
class Missing:
    """What was planned and is not there."""

    planes: Planes
    """The planes, without paths; none if they are too many to keep."""
    problems: tuple[str, ...] = ()
    """One sentence, if there are any."""


def missing_planes(images: Images, htd: PlateDescription, where: str) -> Missing:
    """Return what the HTD file ``where`` lists and ``images`` lack."""
    acquired = _acquired(images.planes, htd)
    sites = htd.site_count or 0
    if len(acquired) * sites > _MOST_KEPT:
        text = f"{where} lists {len(acquired) * sites} planes of each well, too many to be compared with the files"
        return Missing(Planes({}, {}), (text,))
    expected = {(site, *rest): "" for site in range(1, sites + 1) for rest in acquired}
    wells = sorted(set(htd.wells), key=check_well)
    number = sum(len(expected) - _held(expected, well, images.planes) for well in wells)
    if not number:
        return Missing(Planes({}, {}))
    examples = listed(islice(_sentences(expected, wells, images.planes), EXAMPLES), number)
    lists = f"{where} lists {counted(number, 'plane')} that no file holds: {examples}"
    if number > _MOST_KEPT:
        return Missing(Planes({}, {}), (f"{lists}; they are too many to be kept",))
    return Missing(_planes(expected, wells, images.planes), (lists,))


def _acquired(planes: Planes, htd: PlateDescription) -> list[tuple[int, int, int]]:
    """Return every channel, z and time that some file has together and that the HTD lists, in order."""
    waves = {1} if htd.has_waves is False else set(htd.wave_names) - htd.waves_left_out
    highest_z = (htd.z_steps if htd.has_z else 1) or 0
    latest = htd.timepoints or 0
    found = {place[1:] for place in planes.places}
    return sorted(
        (channel, z_index, timepoint)
        for channel, z_index, timepoint in found
        if channel in waves and 1 <= z_index <= highest_z and 1 <= timepoint <= latest
    )


def _held(expected: dict[Place, str], well: str, planes: Planes) -> int:
    return sum(place in expected for place in planes.by_well.get(well, ()))


def _lacking(expected: dict[Place, str], well: str, planes: Planes) -> dict[Place, str]:
    have = planes.by_well.get(well)
    return expected if have is None else {place: "" for place in expected if place not in have}


def _planes(expected: dict[Place, str], wells: list[str], planes: Planes) -> Planes:
    by_well = {well: lacking for well in wells if (lacking := _lacking(expected, well, planes))}
    counts: dict[Place, int] = {}
    for lacking in by_well.values():
        for place in lacking:
            counts[place] = counts.get(place, 0) + 1
    return Planes(by_well, dict(sorted(counts.items())))


def _sentences(expected: dict[Place, str], wells: list[str], planes: Planes) -> Iterator[str]:
    for well in wells:
        for site, channel, z_index, timepoint in _lacking(expected, well, planes):
            yield f"{well} site {site} channel {channel} z {z_index} time point {timepoint}"
