"""Numbers by well out of the tables of a run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from openhcs_host import Backend, FileManager
from openhcs_host.errors import OpenHCSError
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_report.plate_layout import places_of

__all__ = ["Measurement", "Tables", "measurements_of", "read_tables", "unit_of"]

Rows: TypeAlias = Sequence[Mapping[str, str]]

_GROUPS: Final = ("channel", "timepoint")
"""Columns whose values are told apart; rows of several sites or planes of one well are averaged."""
_PLACES: Final = frozenset({"well", "site", "channel", "z_index", "timepoint", "label"})
"""Columns that say what a row is about, and are no results."""
_MOST_GROUPS: Final = 6
_WELL: Final = re.compile(r"([A-Za-z]{1,2})([0-9]{1,4})")
_UNITS: Final = {
    "um": "µm", "um2": "µm²", "um3": "µm³", "nm": "nm", "px": "px", "s": "s", "ms": "ms", "percent": "%",
}  # fmt: skip


@attrs.frozen
class Measurement:
    """One number per well."""

    table: str
    """Name of the file."""
    name: str
    """Name of the column, or ``rows``."""
    group: str
    """Which rows: ``channel 2, timepoint 1``, or empty for all."""
    values: Mapping[str, float]
    """Well to value; wells without a finite one are absent."""
    texts: Mapping[str, str]
    """Well to the value as the table writes it, or to a mean and of how many rows."""

    @property
    def label(self) -> str:
        """What is measured, in words."""
        return f"{self.name}, {self.group}" if self.group else self.name


@attrs.frozen
class Tables:
    """What the tables of a run hold."""

    measurements: tuple[Measurement, ...]
    """Every number by well."""
    problems: tuple[str, ...]
    """Tables and rows that could not be used, and why."""


def read_tables(files: FileManager, folder: str) -> Tables:
    """Read every CSV in ``folder``, which need not exist."""
    measurements: list[Measurement] = []
    problems: list[str] = []
    if not files.is_dir(folder, Backend.DISK):
        return Tables((), ())
    for path in files.list_files(folder, Backend.DISK, extensions="csv"):
        name = path.rpartition("/")[2]
        try:
            rows = files.load(path, Backend.DISK)
        except (OpenHCSError, OSError) as error:
            problems.append(f"the table {shown(name)} cannot be read: {error}")
            continue
        found, problem = measurements_of(name, rows)
        measurements += found
        problems += problem
    return Tables(tuple(measurements), tuple(problems))


def measurements_of(name: str, rows: Rows) -> tuple[list[Measurement], list[str]]:
    """Return the numbers by well of a table's rows, and sentences on what cannot be used."""
    if not rows:
        return [], [f"the table {shown(name)} has no rows"]
    columns = {column.strip().lower(): column for column in rows[0]}
    if "well" not in columns:
        return [], [f"the table {shown(name)} has no column 'well', so its numbers have no place on a plate"]
    placed, lost = _by_well(rows, columns["well"])
    problems = (
        [f"{counted(len(lost), 'row')} of the table {shown(name)} name no well: {listed(map(shown, lost))}"]
        if lost
        else []
    )
    numeric = [
        column
        for column in rows[0]
        if column.strip().lower() not in _PLACES and _is_numeric([row[column] for row in rows])
    ]
    measurements: list[Measurement] = []
    for group, by_well in _grouped(placed, columns).items():
        measurements += [_measured(name, column, group, by_well) for column in numeric]
        counts = {well: len(found) for well, found in by_well.items()}
        if max(counts.values()) > 1:
            texts = {well: str(count) for well, count in counts.items()}
            measurements.append(
                Measurement(name, "rows", group, {w: float(c) for w, c in counts.items()}, texts)
            )
    return measurements, problems


def unit_of(name: str) -> str:
    """Return the unit that the last part of a column's name says: ``area_um2`` is in µm²; or nothing."""
    return _UNITS.get(name.rpartition("_")[2], "") if "_" in name else ""


def _by_well(rows: Rows, column: str) -> tuple[list[tuple[str, Mapping[str, str]]], list[str]]:
    placed, lost = [], []
    for row in rows:
        match = _WELL.fullmatch(row[column].strip())
        well = f"{match[1].upper()}{int(match[2]):02d}" if match else ""
        if well in places_of([well]):
            placed.append((well, row))
        else:
            lost.append(row[column])
    return placed, lost


def _grouped(
    placed: list[tuple[str, Mapping[str, str]]], columns: Mapping[str, str]
) -> dict[str, dict[str, list[Mapping[str, str]]]]:
    """Return group to well to rows; groups are told apart only if they are few."""
    telling = [
        name for name in _GROUPS if name in columns and len({row[columns[name]] for _, row in placed}) > 1
    ]
    keys = [", ".join(f"{name} {row[columns[name]]}" for name in telling) for _, row in placed]
    if len(set(keys)) > _MOST_GROUPS:
        keys = [""] * len(placed)
    groups: dict[str, dict[str, list[Mapping[str, str]]]] = {}
    for key, (well, row) in zip(keys, placed, strict=True):
        groups.setdefault(key, {}).setdefault(well, []).append(row)
    return groups


def _measured(table: str, column: str, group: str, by_well: Mapping[str, Rows]) -> Measurement:
    values: dict[str, float] = {}
    texts: dict[str, str] = {}
    for well, rows in by_well.items():
        cells = [row[column] for row in rows if row[column].strip()]
        numbers = [number for number in map(float, cells) if math.isfinite(number)]
        if numbers:
            values[well] = math.fsum(numbers) / len(numbers)
            single = cells[0].strip() if len(rows) == 1 else None
            texts[well] = single or f"{values[well]:.6g} (mean of {counted(len(numbers), 'row')})"
    return Measurement(table, column, group, values, texts)


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether every cell with content is a number, and one of them finite."""
    numbers = []
    for cell in cells:
        if not cell.strip():
            continue
        if "_" in cell:
            return False  # Python would read 1_000 as a number; no table means that
        try:
            numbers.append(float(cell))
        except ValueError:
            return False
    return any(map(math.isfinite, numbers))
