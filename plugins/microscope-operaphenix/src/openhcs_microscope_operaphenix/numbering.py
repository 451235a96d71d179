"""Fields numbered by where they lie, instead of in the order of acquisition, if that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count, islice
from typing import Final, Literal, TypeAlias

import attrs

from openhcs_host.errors import PlateConflictError
from openhcs_host.plates.wording import listed, numbered
from openhcs_microscope_operaphenix.claims import ByPlace
from openhcs_microscope_operaphenix.positions import line, lines

__all__ = ["OperaPhenixConfig", "by_stage", "renumbered"]

SiteNumbering: TypeAlias = Literal["vendor", "stage"]
_NUMBERINGS: Final = ("vendor", "stage")


@attrs.frozen
class OperaPhenixConfig:
    """Configuration of the microscope ``opera_phenix``."""

    site_numbering: SiteNumbering = attrs.field(default="vendor", validator=attrs.validators.in_(_NUMBERINGS))
    """``vendor``: Harmony's field numbers. ``stage``: 1, 2 … in reading order of the fields' positions."""


def by_stage(
    positions: Mapping[int, tuple[float, float]], sites: Iterable[int], tolerance: float
) -> tuple[dict[int, int], list[str]]:
    """Return vendor's number to new number of every site, and what is to be said of it.

    Sites count from 1 by rows from the top, each from the left; positions (x, y) in µm, y downward, are of
    one row or column within the tolerance. A site without position keeps its number, which no other gets.
    Two sites at one place are a ``PlateConflictError``: nothing says which comes first.
    """
    columns = lines((x for x, _ in positions.values()), tolerance)
    rows = lines((y for _, y in positions.values()), tolerance)
    cells: dict[tuple[int, int], int] = {}
    for site, (x, y) in sorted(positions.items()):
        cell = (line(rows, y), line(columns, x))
        if cell in cells:
            raise PlateConflictError(
                f"fields {cells[cell]} and {site} lie at one place, {x:g} µm right of and {y:g} µm below the "
                "centre of their well, and cannot be numbered by place. Read the plate with site_numbering = "
                "'vendor'."
            )
        cells[cell] = site
    orphans = sorted({*sites} - {*positions})
    kept = frozenset(orphans)
    free = (number for number in count(1) if number not in kept)
    numbers = dict(zip((cells[cell] for cell in sorted(cells)), islice(free, len(cells)), strict=True))
    problems = []
    if any(site != number for site, number in numbers.items()):
        text = listed(f"{site} is now {number}" for site, number in sorted(numbers.items()) if site != number)
        problems.append(f"fields are numbered by their place, as configured: {text}")
    if orphans:
        verb = (
            "has no position and keeps its number"
            if len(orphans) == 1
            else "have no position and keep theirs"
        )
        problems.append(f"{numbered('field', orphans)} {verb}")
    return numbers | {site: site for site in orphans}, problems


def renumbered(planes: ByPlace, numbers: Mapping[int, int]) -> ByPlace:
    """Return the same planes under the new numbers of their sites."""
    return {(numbers[site], channel, z, t): wells for (site, channel, z, t), wells in planes.items() if wells}
