"""Where the sites lie, by the offsets from the well's centre that headers give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeAlias

import attrs

from openhcs_host.contracts.microscopes import Planes
from openhcs_host.plates.wording import counted, listed
from openhcs_microscope_imagexpress.sampling import Sampler, few_of_each

__all__ = ["Positions", "site_positions"]

# Enough to see that wells differ, where they do so throughout; a plate of few wells is compared whole.
_COMPARED: Final = 24
# The stage misses by about 0.1 µm; sites that were placed apart are apart by far more.
_TOLERANCE_UM: Final = 2.0
Offset: TypeAlias = tuple[float, float]


@attrs.frozen
class Positions:
    """Offsets of sites from the centres of their wells (x, y), µm; y grows downward."""

    sites: dict[int, Offset]
    """Site to where it lies, in most wells if they differ."""
    elsewhere: dict[tuple[str, int], Offset]
    """Well and site to where that one lies instead."""
    problems: tuple[str, ...] = ()
    """What is strange."""


def site_positions(sampler: Sampler, planes: Planes, every: bool) -> Positions:
    """Return the position of every site, and compare a few wells, or all if they differ or ``every``."""
    known = {}
    for site, paths in sorted(few_of_each(planes, 0).items()):
        header = sampler.first(paths)
        offset = _rounded(header.metaseries.offset_um) if header else None
        if offset is not None:
            known[site] = offset
    if not known:
        return Positions({}, {})
    few = not every and len(planes.by_well) * len(known) > _COMPARED
    if few:
        compared = _offsets(sampler, _spread(planes, sorted(known)))
        if all(_near(offset, known[site]) for (_, site), offset in compared.items()):
            return Positions(known, {})
    return _differing(known, _offsets(sampler, _all(planes)), sampler.exhausted)


def _differing(known: dict[int, Offset], found: dict[tuple[str, int], Offset], exhausted: bool) -> Positions:
    of_site: dict[int, list[Offset]] = {}
    for (_, site), offset in found.items():
        of_site.setdefault(site, []).append(offset)
    common = known | {site: _commonest(offsets) for site, offsets in of_site.items()}
    elsewhere = {pair: offset for pair, offset in found.items() if not _near(offset, common[pair[1]])}
    if not elsewhere:
        return Positions(known, {})
    if exhausted:
        # Where the others lie is unknown, and the place of most is no better than a guess.
        number = counted(len(found), "position")
        text = f"sites lie at different places in different wells, and only {number} of them were read"
        return Positions({}, found, (text,))
    examples = listed(f"{well} site {site}" for well, site in elsewhere)
    return Positions(common, elsewhere, (f"sites that lie elsewhere than in most wells: {examples}",))


def _spread(planes: Planes, sites: list[int]) -> Iterator[tuple[str, int, str]]:
    """Return a bounded number of wells all over the plate, each with a site and its first image."""
    step = -(-len(planes.by_well) // _COMPARED)
    for number, well in enumerate(islice(planes.by_well, 0, None, step)):
        site = sites[number % len(sites)]
        for place, path in planes.by_well[well].items():
            if place[0] == site:
                yield well, site, path
                break


def _all(planes: Planes) -> Iterator[tuple[str, int, str]]:
    for well, places in planes.by_well.items():
        first: dict[int, str] = {}
        for (site, *_), path in places.items():
            first.setdefault(site, path)
        yield from ((well, site, path) for site, path in first.items())


def _offsets(sampler: Sampler, images: Iterable[tuple[str, int, str]]) -> dict[tuple[str, int], Offset]:
    found = {}
    for well, site, path in images:
        offset = _rounded(sampler.metaseries(path).offset_um)
        if offset is not None:
            found[well, site] = offset
    return found


def _rounded(offset: Offset | None) -> Offset | None:
    # "+ 0.0" turns the -0.0 of rounding into 0.0.
    return None if offset is None else (round(offset[0], 3) + 0.0, round(offset[1], 3) + 0.0)


def _near(one: Offset, other: Offset | None) -> bool:
    return other is not None and math.dist(one, other) <= _TOLERANCE_UM


def _commonest(offsets: list[Offset]) -> Offset:
    """Return the first of the offsets that have the most others near them."""
    cells = [(round(x / _TOLERANCE_UM), round(y / _TOLERANCE_UM)) for x, y in offsets]
    return offsets[cells.index(Counter(cells).most_common(1)[0][0])]
