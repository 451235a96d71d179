"""Natural order: runs of digits compare as numbers, everything else by code point.

The order is total and knows no locale. Zeros are put in front of numbers until all that could meet have
one width; then text compares as it should. Names of one directory mostly share a few shapes
(``P_A01_s1_w1.TIF`` and ``P_A01_s10_w1.TIF`` are two), so the places for zeros are worked out once per
shape, and the directory itself, which all have in common, is not looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

__all__ = ["natural_sorted"]

_NUMBER: Final = re.compile(r"([0-9]+)")
_SHAPE: Final = str.maketrans("123456789", "000000000")
_END: Final = "\0"  # between names in one text: no name of a file holds it, and it is no digit


def natural_sorted(names: Iterable[str]) -> list[str]:
    """Return the names in natural order: ``z2`` before ``z10``, ``z02`` before ``z2``."""
    items = list(names)
    # By character, then cut after a slash, so that no number is cut in two; commonpath would normalise.
    common = os.path.commonprefix(items).rfind("/") + 1  # noqa: RUF071
    tails = [name[common:] for name in items] if common else items
    keys = _keys(tails)
    by_key = dict(zip(keys, items, strict=True))
    if len(by_key) == len(items):
        return [by_key[key] for key in sorted(by_key)]
    return [name for _, name in sorted(zip(keys, items, strict=True))]  # z2 and z02: the name decides


def _keys(names: list[str]) -> list[str]:
    """Return for each name a text that stands to the others as the name does in natural order."""
    text = _END.join(names)
    shapes = text.translate(_SHAPE).split(_END)
    if len(shapes) != len(names):  # a name of an object in memory may hold anything
        return [_padded(name, _width(names)) for name in names]
    distinct = set(shapes)
    if len(distinct) == 1:
        return names
    if len(distinct) > len(names) // 4:  # random parts in the names: shapes spare nothing
        return _padded(text, _width(distinct)).split(_END)
    pads = _pads(distinct)
    return [
        _insert(name, pads[shape]) if pads[shape] else name for name, shape in zip(names, shapes, strict=True)
    ]


def _width(names: Iterable[str]) -> int:
    return max((len(run) for name in names for run in _NUMBER.findall(name)), default=0)


def _padded(text: str, width: int) -> str:
    pieces = _NUMBER.split(text)
    pieces[1::2] = [run.zfill(width) for run in pieces[1::2]]
    return "".join(pieces)


# A digit stands in one place among all other characters, whichever digit it is; so zeros in front of a
# number change how it compares to other numbers and to nothing else. Two names come to compare their
# third numbers only if all before is equal, their first two numbers included: a width for all first
# numbers, one for all second numbers and so on is enough.
def _pads(shapes: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    """Return for each shape where which zeros go, the last place first."""
    spans = {shape: [run.span() for run in _NUMBER.finditer(shape)] for shape in shapes}
    lengths = ([end - start for start, end in places] for places in spans.values())
    widths = [max(column) for column in zip_longest(*lengths, fillvalue=0)]
    return {
        shape: [
            (start, "0" * (width - end + start))
            for (start, end), width in reversed(list(zip(places, widths, strict=False)))
            if end - start < width
        ]
        for shape, places in spans.items()
    }


def _insert(name: str, pads: Sequence[tuple[int, str]]) -> str:
    for place, zeros in pads:
        name = name[:place] + zeros + name[place:]
    return name
