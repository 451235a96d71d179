"""The rows and columns of the physical plate that wells stand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from openhcs_host.contracts.images import parse_well

__all__ = ["USUAL_SHAPES", "places_of", "shape_of_plate"]

USUAL_SHAPES: Final = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
"""Rows and columns of plates of 6, 12, 24, 48, 96, 384 and 1536 wells."""


def places_of(wells: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the 1-based row and column of each name that is a well's."""
    places = {}
    for well in wells:
        try:
            places[well] = parse_well(well)
        except ValueError:
            continue  # whoever lists wells names those that have no place
    return places


def shape_of_plate(wells: Iterable[str], declared: tuple[int, int] | None) -> tuple[int, int]:
    """Return the plate's rows and columns: as declared, else the smallest usual plate with all wells.

    A declared shape that has no room for a well is not believed.
    """
    places = places_of(wells).values()
    rows = max((row for row, _ in places), default=1)
    columns = max((column for _, column in places), default=1)
    candidates = (declared, *USUAL_SHAPES) if declared else USUAL_SHAPES
    fitting = (shape for shape in candidates if shape[0] >= rows and shape[1] >= columns)
    return next(fitting, (rows, columns))
