"""What is missing: planes against planes, and images against what the HTD announced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, product

from openhcs_host.plates.wording import EXAMPLES, counted, listed, numbered, ranges, shown
from openhcs_microscope_imagexpress.htd import PlateDescription
from openhcs_microscope_imagexpress.images import Images

__all__ = ["against_description", "raggedness"]


def raggedness(images: Images) -> Iterator[str]:
    """Say where channels differ in z or time, exist as projections only, or lack single planes."""
    stacks: dict[int, set[int]] = {}
    times: dict[int, set[int]] = {}
    present: Counter[int] = Counter()
    for (_, channel, z_index, timepoint), number in images.planes.places.items():
        stacks.setdefault(channel, set()).add(z_index)
        times.setdefault(channel, set()).add(timepoint)
        present[channel] += number
    yield from _differing("z", stacks)
    yield from _differing("time point", times)
    only_projected = {channel for _, _, channel, _ in images.projections} - stacks.keys()
    if only_projected:
        verb = "exists" if len(only_projected) == 1 else "exist"
        yield f"{numbered('channel', only_projected)} {verb} as projections only"
    yield from _missing(images, present, stacks, times)


def _differing(what: str, numbers: dict[int, set[int]]) -> Iterator[str]:
    """Return one sentence if the channels do not all have the same numbers."""
    groups: dict[frozenset[int], list[int]] = {}
    for channel, have in sorted(numbers.items()):
        groups.setdefault(frozenset(have), []).append(channel)
    if len(groups) > 1:
        parts = [
            f"{numbered('channel', channels)} {'has' if len(channels) == 1 else 'have'} {what} {ranges(have)}"
            for have, channels in groups.items()
        ]
        yield f"channels differ in what was acquired: {listed(parts)}"


def _missing(
    images: Images, present: Counter[int], stacks: dict[int, set[int]], times: dict[int, set[int]]
) -> Iterator[str]:
    by_well = images.planes.by_well
    sites = sorted({place[0] for place in images.planes.places})
    number = 0
    incomplete = []
    for channel, stack in sorted(stacks.items()):
        expected = len(by_well) * len(sites) * len(times[channel]) * (max(stack) - min(stack) + 1)
        if present[channel] < expected:
            number += expected - present[channel]
            incomplete.append(channel)
    if not incomplete:
        return
    # Lazy: the first few that are missing are enough, whatever numbers hostile names claim.
    absent = (
        f"{well} site {site} channel {channel} z {z} time point {timepoint}"
        for channel in incomplete
        for well, site, timepoint in product(by_well, sites, sorted(times[channel]))
        for z in range(min(stacks[channel]), max(stacks[channel]) + 1)
        if (site, channel, z, timepoint) not in by_well[well]
    )
    share = f"{counted(number, 'plane is', 'planes are')} missing of {number + len(images.planes)}"
    yield f"{share}: {listed(islice(absent, EXAMPLES), number)}"


def against_description(images: Images, htd: PlateDescription, where: str) -> Iterator[str]:
    """Say where the images and the HTD file ``where`` differ; the files decide."""
    planes, projections = images.planes.places, images.projections
    wells = images.planes.by_well.keys() | {well for well, *_ in projections}
    if htd.wells and wells != set(htd.wells):
        selected = set(htd.wells)
        yield f"{where} selects {counted(len(selected), 'well')}, of which {len(wells & selected)} with images"
        if wells - selected:
            yield f"{where} does not select wells that have images: {listed(sorted(wells - selected))}"
    numbers = [place[:2] for place in planes] + [key[1:3] for key in projections]
    yield from _count_differs(where, "site", htd.site_count, (site for site, _ in numbers))
    yield from _waves_differ(where, htd, {channel for _, channel in numbers})
    if htd.has_z:
        yield from _count_differs(where, "z plane", htd.z_steps, (place[2] for place in planes))
        if htd.has_projection and not images.projections:
            yield f"{where} announces projections, and there are none"
    times = [place[3] for place in planes] + [key[3] for key in projections]
    yield from _count_differs(where, "time point", htd.timepoints, times)
    if htd.grid and htd.site_count and htd.site_count < htd.grid[0] * htd.grid[1]:
        rows, columns = htd.grid
        yield (
            f"only {counted(htd.site_count, 'site')} of the grid of {rows} x {columns} were selected in {where}; "
            "sites are numbered over the selected ones"
        )


def _count_differs(where: str, what: str, announced: int | None, numbers: Iterable[int]) -> Iterator[str]:
    present = set(numbers)
    # No set of what was announced is built: the number comes from a file.
    complete = len(present) == announced and min(present) == 1 and max(present) == announced
    if announced and not complete:
        expected = f"{what}s 1..{announced}" if announced > 1 else f"{what} 1 alone"
        yield f"{where} announces {expected}; there are images of {numbered(what, present)}"


def _waves_differ(where: str, htd: PlateDescription, present: set[int]) -> Iterator[str]:
    announced = {1} if htd.has_waves is False else set(htd.wave_names) - htd.waves_left_out
    if announced and announced - present:
        absent = sorted(announced - present)
        names = listed(
            f"{wave} ({shown(htd.wave_names[wave])})" if wave in htd.wave_names else str(wave)
            for wave in absent
        )
        yield f"{where} announces channels that no file has: {names}"
    if announced and present - announced:
        yield f"{where} does not announce channels that have images: {ranges(present - announced)}"
