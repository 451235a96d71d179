"""The HTD file of MetaXpress: how the acquisition was set up, as text.

::

    "HTSInfoFile", Version 1.0
    "XWells", 12
    "WellsSelection1", FALSE, TRUE, …      one line per row, one value per column
    "SiteSelection1", TRUE, TRUE           one line per row of sites
    "WaveName1", "DAPI"
    "EndFile"

The keys were collected from real exports and the vendor's documentation. The bytes are not always UTF-8,
and a line break inside the description is the pair 82 81. An HTD tells what was planned: the files on
disk decide which images exist, this one gives them names and geometry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import attrs

from openhcs_host.contracts.images import well_name
from openhcs_host.errors import FormatError
from openhcs_host.plates.wording import listed, shown

__all__ = ["LARGEST_HTD", "PlateDescription", "parse_htd", "read_htd"]

LARGEST_HTD: Final = 1 << 20
"""Bytes. Real ones have one or two kilobytes, a 1536-well plate with every field about twenty."""
_LINE: Final = re.compile(r'"([^"]*)"(?:\s*,(.*))?', re.DOTALL)
_NUMBERED: Final = re.compile(r"(wellsselection|siteselection|wavename|wavecollect)([0-9]{1,4})\Z")
_INTEGER: Final = re.compile(r"[0-9]{1,6}\Z")
_MOST_ROWS, _MOST_COLUMNS = 32, 48
_MOST_SITES = 999  # along one side of a well
_MOST_PROBLEMS = 10
_LONGEST_PLATE_TYPE = 200
_LINE_BREAK = b"\x82\x81"
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class PlateDescription:
    """What an HTD file says; ``None`` and empty where it says nothing."""

    description: str | None = None
    """Free text of whoever set up the acquisition."""
    plate_type: str | None = None
    """Kind of plate (``PlateType``), a number or a name, as written."""
    wells: tuple[str, ...] = ()
    """Wells selected for acquisition, row by row."""
    plate_rows: int | None = None
    """Rows of the plate (``YWells``)."""
    plate_columns: int | None = None
    """Columns of the plate (``XWells``)."""
    has_sites: bool | None = None
    """Whether wells have several sites; if not, names have no ``_s``."""
    site_rows: int | None = None
    """Rows of the grid of sites (``YSites``)."""
    site_columns: int | None = None
    """Columns of the grid of sites (``XSites``)."""
    site_cells: tuple[tuple[int, int], ...] = ()
    """Selected (row, column) of the grid from 0; site n is the n-th, counted in reading order."""
    has_waves: bool | None = None
    """Whether there are several channels; if not, names have no ``_w``."""
    wave_names: Mapping[int, str] = attrs.field(factory=dict)
    """Channel number to name."""
    waves_left_out: frozenset[int] = frozenset()
    """Channels that are set up but not collected (``WaveCollect`` 0)."""
    timepoints: int | None = None
    """Number of time points."""
    has_z: bool | None = None
    """Whether z-stacks were acquired (``ZSeries``)."""
    z_steps: int | None = None
    """Planes of a stack."""
    has_projection: bool | None = None
    """Whether projections of stacks were to be made."""
    identifier: str | None = None
    """``UniquePlateIdentifier``."""
    problems: tuple[str, ...] = ()
    """What is wrong with the file itself."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """Sites per well as (rows, columns), if every cell of the grid was selected."""
        if self.has_sites is False:
            return 1, 1
        if not self.site_rows or not self.site_columns:
            return None
        full = len(self.site_cells) in (0, self.site_rows * self.site_columns)
        return (self.site_rows, self.site_columns) if full else None

    @property
    def plate_shape(self) -> tuple[int, int] | None:
        """Rows and columns of wells."""
        return (self.plate_rows, self.plate_columns) if self.plate_rows and self.plate_columns else None

    @property
    def site_count(self) -> int | None:
        """Number of sites per well that were selected."""
        if self.has_sites is False:
            return 1
        return len(self.site_cells) or None


def read_htd(path: str) -> PlateDescription:
    """Read the HTD file at ``path``; ``OSError`` if that fails, ``FormatError`` if it cannot be one."""
    with open(path, "rb") as stream:
        data = stream.read(LARGEST_HTD + 1)
    if len(data) > LARGEST_HTD:
        raise FormatError(f"{shown(path)} is larger than {LARGEST_HTD} bytes and is no HTD file")
    return parse_htd(data)


def parse_htd(data: bytes) -> PlateDescription:
    """Return what the bytes of an HTD file say; whatever is malformed becomes a problem."""
    problems: list[str] = []
    table = _table(data, problems)
    get = _Getter(table, problems)
    rows, columns = get("YWells", _up_to(_MOST_ROWS)), get("XWells", _up_to(_MOST_COLUMNS))
    site_rows, site_columns = get("YSites", _up_to(_MOST_SITES)), get("XSites", _up_to(_MOST_SITES))
    return PlateDescription(
        description=get("Description", _text),
        plate_type=get("PlateType", _written),
        plate_rows=rows,
        plate_columns=columns,
        wells=tuple(well_name(row + 1, column + 1) for row, column in get.cells("WellsSelection", columns)),
        has_sites=get("Sites", _flag),
        site_rows=site_rows,
        site_columns=site_columns,
        site_cells=tuple(get.cells("SiteSelection", site_columns)),
        has_waves=get("Waves", _flag),
        wave_names={n: name for n, name in get.numbered("WaveName", _text) if name},
        waves_left_out=frozenset(n for n, value in get.numbered("WaveCollect", _integer) if value == 0),
        timepoints=get("TimePoints", _integer),
        has_z=get("ZSeries", _flag),
        z_steps=get("ZSteps", _integer),
        has_projection=get("ZProjection", _flag),
        identifier=get("UniquePlateIdentifier", _text),
        problems=_bounded(problems),
    )


def _bounded(problems: list[str]) -> tuple[str, ...]:
    rest = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], f"and {rest} more of this kind") if rest > 0 else tuple(problems)


def _table(data: bytes, problems: list[str]) -> dict[str, tuple[str, str]]:
    """Return the lines as lower-case key to (key as written, value); the first of equal keys counts."""
    decode = _decoder(data)
    table: dict[str, tuple[str, str]] = {}
    strange = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        line = decode(raw).strip()
        if match := _LINE.fullmatch(line):
            table.setdefault(match[1].strip().lower(), (match[1].strip(), (match[2] or "").strip()))
        elif line:
            strange.append(f"line {number}, {shown(line)}")
    if strange:
        problems.append(f"lines that are not of the form '\"Key\", value': {listed(strange)}")
    if "htsinfofile" not in table:
        problems.append("the line 'HTSInfoFile' is missing, so this may be no HTD file")
    if "endfile" not in table:
        problems.append("the line 'EndFile' is missing, so the file seems cut off")
    return table


def _decoder(data: bytes) -> Callable[[bytes], str]:
    """Return the first decoding that fits the whole file; the last one fits every file."""
    try:
        data.decode("utf-8")
        return lambda line: line.decode("utf-8")
    except UnicodeDecodeError:
        rest = data.replace(_LINE_BREAK, b"")
    for encoding in ("utf-8", "cp1252", "latin-1"):
        try:
            rest.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    return lambda line: "\n".join(part.decode(encoding) for part in line.split(_LINE_BREAK))


def _text(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1]
    raise ValueError("no text in quotes")


def _written(value: str) -> str | None:
    return value.strip().strip('"').strip()[:_LONGEST_PLATE_TYPE] or None


def _integer(value: str) -> int:
    if _INTEGER.match(value.strip()):
        return int(value)
    raise ValueError("no number")


def _up_to(most: int) -> Callable[[str], int]:
    def bounded(value: str) -> int:
        number = _integer(value)
        if number <= most:
            return number
        raise ValueError(f"more than {most}")

    return bounded


def _flag(value: str) -> bool:
    try:
        return {"TRUE": True, "FALSE": False}[value.strip().upper()]
    except KeyError:
        raise ValueError("neither TRUE nor FALSE") from None


@attrs.frozen
class _Getter:
    """Typed access to the lines of the file; a value of the wrong type is a problem and unknown."""

    table: Mapping[str, tuple[str, str]]
    problems: list[str]

    def __call__(self, key: str, convert: Callable[[str], T]) -> T | None:
        written, value = self.table.get(key.lower(), (key, None))
        if value is None:
            return None
        try:
            return convert(value)
        except ValueError as error:
            self.problems.append(f"the value of {written!r}, {shown(value)}, is {error}")
            return None

    def numbered(self, stem: str, convert: Callable[[str], T]) -> Iterable[tuple[int, T]]:
        # Goes by the lines that exist, never by a count that the file claims.
        for key in self.table:
            match = _NUMBERED.match(key)
            if match and match[1] == stem.lower() and (value := self(key, convert)) is not None:
                yield int(match[2]), value

    def cells(self, stem: str, columns: int | None) -> Iterable[tuple[int, int]]:
        """Return the (row, column) from 0 of every TRUE of a table with one line per row."""
        for row, flags in sorted(self.numbered(stem, _flags)):
            if not (1 <= row <= _MOST_ROWS and len(flags) <= _MOST_COLUMNS):
                self.problems.append(
                    f"'{stem}{row}' lies beyond {_MOST_ROWS} rows of {_MOST_COLUMNS} columns"
                )
                continue
            if columns is not None and len(flags) != columns:
                self.problems.append(f"'{stem}{row}' has {len(flags)} values for {columns} columns")
            yield from ((row - 1, column) for column, flag in enumerate(flags) if flag)


def _flags(value: str) -> list[bool]:
    return [_flag(part) for part in value.split(",")]
