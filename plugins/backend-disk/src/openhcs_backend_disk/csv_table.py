"""The format ``.csv``: a table of rows, or a string that is a table already."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO

import numpy as np

from openhcs_backend_disk.checks import decoded, encoded, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import FormatError, UnsupportedDataError

__all__ = ["CsvFormat"]

OPENHCS_API = 1


class CsvFormat(Format):
    """Rows as dictionaries of one set of keys; CSV has no types, so every value comes back as a string.

    Values are strings, numbers, booleans or ``None``; numbers are written so that ``int`` and ``float`` read
    them exactly, ``None`` is written empty. A string instead of rows is written verbatim.
    """

    key = ".csv"

    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write rows under a header line, or a string as it stands."""
        refuse_options(self.key, "writing", options)
        stream.write(encoded(data if isinstance(data, str) else _table(data), self.key))

    def read(self, stream: BinaryIO, *, raw: bool = False, **options: Any) -> Any:
        """Return the rows as dictionaries of strings, or with ``raw`` the text as it stands."""
        refuse_options(self.key, "reading", options, ("raw",))
        text = decoded(stream, self.key)
        return text if raw else _rows(text)


def _table(data: Any) -> str:
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise UnsupportedDataError(
            f"format '.csv' holds a string or a list of dictionaries, not {type(data).__name__}; "
            "make one dictionary of each row"
        )
    if not data:
        return ""
    header = list(data[0])
    if not header or not all(isinstance(name, str) for name in header):
        raise UnsupportedDataError(f"the columns of a '.csv' table have strings as names, not {header!r}")
    if header[0].startswith("\ufeff"):
        raise UnsupportedDataError(
            f"the first column cannot be named {header[0]!r}: its first character would be read as a byte order "
            "mark; remove it"
        )
    for number, row in enumerate(data, 1):
        if row.keys() != data[0].keys():
            raise UnsupportedDataError(
                f"row {number} has the columns {list(row)!r} and row 1 has {header!r}; "
                "give every row the same, with None where there is no value"
            )
    cells = [header, *([_cell(row[name]) for name in header] for row in data)]
    # The csv module leaves a lone carriage return unquoted, and then refuses to read it.
    lone = any("\r" in cell for row in cells for cell in row)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL).writerows(
        cells
    )
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return ""
    if not isinstance(value, (str, int, float)):
        raise UnsupportedDataError(
            f"a cell of a '.csv' table holds a string, a number, a boolean or None, not {type(value).__name__}"
        )
    # str() of a member of a string enumeration would be its name, not its value.
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if len(text) > csv.field_size_limit():
        raise UnsupportedDataError(
            f"a cell of {len(text)} characters could not be read again; csv.field_size_limit() allows "
            f"{csv.field_size_limit()}"
        )
    return text


def _rows(text: str) -> list[dict[str, str]]:
    # Spreadsheets begin a file with a byte order mark; it is no part of the first column's name.
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[dict[str, str]] = []
    try:
        header = next(reader, [])
        if len(set(header)) != len(header):
            raise FormatError(
                f"its header names a column twice: {header!r}; rename one, or load it with raw=True"
            )
        for cells in reader:
            if not cells:
                continue  # an empty line
            if len(cells) != len(header):
                raise FormatError(
                    f"line {reader.line_num} has {len(cells)} values and the header has {len(header)} columns; "
                    "correct it, or load it with raw=True"
                )
            rows.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise FormatError(f"it is not a CSV table: {error} at line {reader.line_num}") from error
    return rows


@hookimpl
def openhcs_create_format(key: str) -> CsvFormat:
    """Create the CSV format."""
    return CsvFormat()
