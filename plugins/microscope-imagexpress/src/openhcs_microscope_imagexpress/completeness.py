"""What is missing: planes against planes, and images against what the HTD announced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, product

from openhcs_host.contracts.images import check_well
from openhcs_host.plates.wording import EXAMPLES, counted, listed, numbered, ranges, shown
from openhcs_microscope_imagexpress.htd import PlateDescription
from openhcs_microscope_imagexpress.images import Images

__all__ = ["against_description", "fits", "raggedness"]


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
    # A gap between the first and last plane is missing as well; one between time points may be meant.
    tall = {channel: range(min(stack), max(stack) + 1) for channel, stack in sorted(stacks.items())}
    whole = {channel: len(sites) * len(times[channel]) * len(tall[channel]) for channel in tall}
    in_a_well = sum(whole.values())
    number = in_a_well * len(by_well) - present.total()
    if not number:
        return
    # Lazy: the first few that are missing are enough, whatever numbers hostile names claim.
    absent = (
        f"{well} site {site} channel {channel} z {z} time point {timepoint}"
        for well, places in by_well.items()
        if len(places) < in_a_well
        for channel in tall
        for site, timepoint in product(sites, sorted(times[channel]))
        for z in tall[channel]
        if (site, channel, z, timepoint) not in places
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
    yield from _beyond(where, htd.plate_shape, wells)
    numbers = [place[:2] for place in planes] + [key[1:3] for key in projections]
    yield from _count_differs(where, "site", htd.site_count, (site for site, _ in numbers))
    yield from _waves_differ(where, htd, {channel for _, channel in numbers})
    if htd.has_z:
        yield from _count_differs(where, "z plane", htd.z_steps, (place[2] for place in planes))
        if htd.has_projection and not images.projections:
            yield f"{where} announces projections, and there are none"
    times = [place[3] for place in planes] + [key[3] for key in projections]
    yield from _count_differs(where, "time point", htd.timepoints, times)
    rows, columns = htd.site_rows or 0, htd.site_columns or 0
    if htd.has_sites and htd.site_count and htd.site_count < rows * columns:
        yield (
            f"only {counted(htd.site_count, 'site')} of the grid of {rows} x {columns} were selected in {where}; "
            "sites are numbered over the selected ones"
        )


def fits(shape: tuple[int, int], well: str) -> bool:
    """Return whether a plate of this many rows and columns has the well."""
    row, column = check_well(well)
    return row <= shape[0] and column <= shape[1]


def _beyond(where: str, shape: tuple[int, int] | None, wells: Iterable[str]) -> Iterator[str]:
    beyond = sorted(well for well in wells if shape and not fits(shape, well))
    if shape and beyond:
        yield (
            f"{where} says that the plate has {shape[0]} rows of {shape[1]} wells, and there are images of wells "
            f"beyond: {listed(beyond)}"
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
