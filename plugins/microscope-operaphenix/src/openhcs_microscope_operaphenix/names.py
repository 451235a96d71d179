"""The grammar of Harmony's image names.

::

    r<row>c<column>f<field>p<plane>-ch<channel>sk<time>fk<…>fl<…>.tiff     Harmony 4 and 5
    r<row>c<column>f<field>p<plane>-ch<channel>t<time>.tiff                Harmony 6 and 7
    <row><column>-<field>-<plane><time><channel>.tif, three digits each     older

Collected from real plates and other readers. ``sk`` and ``t`` count time from 1. ``fk`` and ``fl``, the
counters of fast kinetics and of lifetimes, have no place among the coordinates: files that differ in
nothing else claim one image. The extension may have any case.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from openhcs_host.contracts.images import well_name
from openhcs_host.contracts.microscopes import Place

__all__ = ["halves", "name_parts"]

# Six digits are more than any plate has; a bound keeps hostile names from becoming giant integers.
# The look-aheads keep the halves of the two grammars apart.
_NAME: Final = re.compile(
    r"(r[0-9]{2,4}c[0-9]{2,4}(?=f)|[0-9]{6}(?=-))"
    r"(f[0-9]{2,6}p[0-9]{2,6}-ch[0-9]{1,6}(?:sk[0-9]{1,6}fk[0-9]{1,6}fl[0-9]{1,6}|t[0-9]{1,6})"
    r"|-[0-9]{1,6}-[0-9]{9})"
    r"\.[Tt][Ii][Ff]{1,2}"
)


def name_parts(name: str) -> tuple[str, Place] | None:
    """Return well and place that an image's name tells, or ``None`` for any other name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    position, rest = match.groups()
    well, place = _well(position), _place(rest)
    return None if well is None or place is None else (well, place)


def halves(name: str) -> tuple[str, str] | None:
    """Return two pieces of an image's name: names of equal first pieces have one well, of equal second ones one place.

    Any first and any second piece of two image names that make a name together make that of an image: they
    share a character, which keeps the grammars apart. ``None`` if row or column of a newer name have more
    than two digits.
    """
    return (name[:7], name[6:]) if name[6] in "f-" else None


# Both halves repeat over the files of a plate: each is read once.
@functools.lru_cache(maxsize=8192)
def _well(text: str) -> str | None:
    row, column = text[1:].split("c") if text.startswith("r") else (text[:3], text[3:])
    try:
        return well_name(int(row), int(column))
    except ValueError:
        return None  # row or column 0, or a row beyond ZZ


@functools.lru_cache(maxsize=65536)
def _place(text: str) -> Place | None:
    numbers = [int(number) for number in re.findall("[0-9]+", text)]
    if text.startswith("f"):
        site, z_index, channel, timepoint = numbers[:4]
    else:
        site, rest = numbers[0], text[-9:]
        z_index, timepoint, channel = int(rest[:3]), int(rest[3:6]), int(rest[6:])
    return (site, channel, z_index, timepoint) if timepoint else None
