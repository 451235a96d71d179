"""The physical plate: names of its rows and columns, and the usual sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from openhcs_backend_zarr.ngff.model import Plate, WellRef
from openhcs_host.contracts.images import check_well, well_name
from openhcs_host.errors import PlateError

__all__ = ["USUAL_PLATES", "column_names", "physical_shape", "plate_of", "row_names", "well_of", "well_path"]

USUAL_PLATES: Final = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
"""Rows and columns of plates with 6, 12, 24, 48, 96, 384 and 1536 wells."""

_PATH: Final = re.compile(r"([A-Za-z]{1,2})/([0-9]{1,4})\Z")


def row_names(rows: int) -> tuple[str, ...]:
    """Return ``A`` … ``Z``, ``AA`` … for that many rows."""
    return tuple(well_name(row, 1)[:-2] for row in range(1, rows + 1))


def column_names(columns: int) -> tuple[str, ...]:
    """Return ``01``, ``02`` … for that many columns."""
    return tuple(f"{column:02d}" for column in range(1, columns + 1))


def well_path(well: str) -> str:
    """Return where the group of a well lies in its plate: ``B/02`` for ``B02``."""
    row, column = check_well(well)
    return f"{well_name(row, 1)[:-2]}/{column:02d}"


def well_of(path: str) -> str | None:
    """Return the well at a path such as ``B/02`` or ``b/2``; ``None`` if it does not spell one."""
    match = _PATH.match(path)
    if match is None or int(match[2]) == 0:
        return None
    row = 0
    for letter in match[1].upper():
        row = row * 26 + ord(letter) - 64
    return well_name(row, int(match[2]))


def plate_of(
    wells: Iterable[str],
    *,
    shape: tuple[int, int] | None = None,
    name: str | None = None,
    field_count: int | None = None,
    version: str,
) -> Plate:
    """Return the plate with these wells, of ``shape`` (rows, columns) or the smallest usual one.

    A well that does not lie on a plate of that shape, or on any usual one, is a ``PlateError``.
    """
    places = sorted((check_well(well), well) for well in set(wells))
    rows = max((row for (row, _), _ in places), default=1)
    columns = max((column for (_, column), _ in places), default=1)
    fits = shape or next((usual for usual in USUAL_PLATES if usual[0] >= rows and usual[1] >= columns), None)
    height, width = fits or USUAL_PLATES[-1]
    outside = next((well for (row, column), well in places if row > height or column > width), None)
    if outside is not None:
        raise PlateError(
            f"well {outside} does not lie on a plate of {height} rows and {width} columns; "
            "say how many rows and columns the plate has"
        )
    return Plate(
        name=name,
        rows=row_names(height),
        columns=column_names(width),
        wells=tuple(WellRef(well_path(well), row - 1, column - 1) for (row, column), well in places),
        field_count=field_count,
        version=version,
    )


def physical_shape(plate: Plate) -> tuple[int, int] | None:
    """Return rows and columns of the physical plate, ``None`` if the document lists only what was imaged.

    The specification wants every row and column. Many writers list only those with images; such a list
    begins elsewhere than at A and 1, has gaps, or is full and of no usual size.
    """
    shape = len(plate.rows), len(plate.columns)
    rows = tuple(name.upper() for name in plate.rows)
    columns = tuple(int(name) if name.isascii() and name.isdigit() else 0 for name in plate.columns)
    if rows != row_names(shape[0]) or columns != tuple(range(1, shape[1] + 1)):
        return None
    imaged = {well.row_index for well in plate.wells}, {well.column_index for well in plate.wells}
    if shape not in USUAL_PLATES and (len(imaged[0]), len(imaged[1])) == shape:
        return None
    return shape
