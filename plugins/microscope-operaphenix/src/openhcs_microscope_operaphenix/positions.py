"""Where the fields of a well lie: in most wells, and where else in some."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from openhcs_host.contracts.images import check_well
from openhcs_host.plates.wording import listed, numbered

__all__ = ["Positions", "line", "lines", "positions"]

_DECIMALS: Final = 3  # nanometres

Offset: TypeAlias = tuple[float, float]


@attrs.frozen
class Positions:
    """Positions of fields, offsets (x, y) from the well's centre in µm, y downward as in an image."""

    common: dict[int, Offset] = attrs.field(factory=dict)
    """Site to where it lies in most wells."""
    elsewhere: dict[tuple[str, int], Offset] = attrs.field(factory=dict)
    """(well, site) to where it lies, if that is another place."""
    problems: tuple[str, ...] = ()
    """Which fields do not lie at one place."""


def positions(said: Mapping[int, Mapping[Offset, Collection[str]]], tolerance: float) -> Positions:
    """Group the offsets of each site, y upward, that lie within the tolerance of one another.

    Where most wells have a field is its common position; of equally many, the one that is said first. A
    field that one well has at two places has no position.
    """
    common: dict[int, Offset] = {}
    elsewhere: dict[tuple[str, int], Offset] = {}
    unsteady: list[int] = []
    for site, offsets in said.items():
        groups = [_of_wells(offsets, group) for group in _groups(offsets, tolerance)]
        if sum(map(len, groups)) > len(set().union(*groups)):
            unsteady.append(site)
            continue
        most = max(groups, key=len)
        common[site] = _middle(at for of_well in most.values() for at in of_well)
        for group in groups:
            if group is not most:
                elsewhere |= {(well, site): _middle(of_well) for well, of_well in group.items()}
    problems = []
    if unsteady:
        verb = "lies" if len(unsteady) == 1 else "lie"
        problems.append(
            f"{numbered('field', unsteady)} {verb} at several places of one well: no position, no grid"
        )
    if elsewhere:
        elsewhere = dict(sorted(elsewhere.items(), key=lambda item: (check_well(item[0][0]), item[0][1])))
        text = listed(f"field {site} in {well}" for well, site in elsewhere)
        verb = "field lies" if len(elsewhere) == 1 else "fields lie"
        problems.append(
            f"{len(elsewhere)} {verb} elsewhere than in most wells, so there is no common grid: {text}"
        )
    return Positions(common, elsewhere, tuple(problems))


def lines(values: Iterable[float], tolerance: float) -> list[float]:
    """Return the lowest of each group of values that lie within the tolerance of it."""
    lowest: list[float] = []
    for value in sorted(values):
        if not lowest or value - lowest[-1] > tolerance:
            lowest.append(value)
    return lowest


def line(lowest: list[float], value: float) -> int:
    """Return the number of the group that holds the value; ``lowest`` as ``lines`` returns them."""
    return bisect.bisect_right(lowest, value) - 1


def _groups(offsets: Iterable[Offset], tolerance: float) -> list[list[Offset]]:
    offsets = list(offsets)
    columns = lines((x for x, _ in offsets), tolerance)
    rows = lines((y for _, y in offsets), tolerance)
    groups: dict[tuple[int, int], list[Offset]] = {}
    for x, y in offsets:
        groups.setdefault((line(columns, x), line(rows, y)), []).append((x, y))
    return list(groups.values())


def _of_wells(offsets: Mapping[Offset, Collection[str]], group: Iterable[Offset]) -> dict[str, list[Offset]]:
    wells: dict[str, list[Offset]] = {}
    for at in group:
        for well in offsets[at]:
            wells.setdefault(well, []).append(at)
    return wells


def _middle(offsets: Iterable[Offset]) -> Offset:
    """Return what stands for all of them, y downward; "+ 0.0" turns a -0.0 into 0.0."""
    offsets = list(offsets)
    x, y = (_between([at[axis] for at in offsets]) for axis in (0, 1))
    return round(x, _DECIMALS) + 0.0, round(-y, _DECIMALS) + 0.0


def _between(values: list[float]) -> float:
    low, high = min(values), max(values)
    return low if low == high else (low + high) / 2
