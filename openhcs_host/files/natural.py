"""Natural order: runs of digits compare as numbers, everything else by code point.

The order is total and knows no locale. Names of one directory mostly share a few shapes
(``P_A01_s1_w1.TIF`` and ``P_A01_s10_w1.TIF`` are two), so the places where zeros must be put in to
compare numbers as text are worked out once per shape, not once per name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["natural_sorted"]

_DIGITS: Final = re.compile(r"[0-9]+")
_SHAPE: Final = str.maketrans("123456789", "000000000")


def natural_sorted(names: Iterable[str]) -> list[str]:
    """Return the names in natural order: ``z2`` before ``z10``, ``z02`` before ``z2``."""
    items = list(names)
    shapes = [name.translate(_SHAPE) for name in items]
    distinct = set(shapes)
    if len(distinct) < 2:
        return sorted(items)  # numbers stand at the same places with the same widths
    width = max((len(run) for shape in distinct for run in _DIGITS.findall(shape)), default=0)
    if len(distinct) > len(items) // 4:  # random parts in the names: shapes spare nothing
        keys = [_DIGITS.sub(lambda run: run[0].zfill(width), name) for name in items]
    else:
        pads = {shape: _pads(shape, width) for shape in distinct}
        keys = [_padded(name, pads[shape]) for name, shape in zip(items, shapes, strict=True)]
    return [name for _, name in sorted(zip(keys, items, strict=True))]


# A digit stands in one place among all other characters, whichever digit it is; so zeros in front of
# a number change how it compares to other numbers and to nothing else.
def _pads(shape: str, width: int) -> list[tuple[int, str]]:
    spans = [run.span() for run in _DIGITS.finditer(shape)]
    return [(start, "0" * (width - end + start)) for start, end in reversed(spans) if end - start < width]


def _padded(name: str, pads: list[tuple[int, str]]) -> str:
    for place, zeros in pads:
        name = name[:place] + zeros + name[place:]
    return name
