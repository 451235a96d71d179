"""Natural order: numbers inside names compare as numbers, everything else by code point."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["natural_key", "natural_sorted"]

# Longer runs of digits than Python converts in one go are compared piece by piece.
_DIGITS: Final = re.compile(r"([0-9]{1,4000})")


def natural_key(name: str) -> tuple[list[Any], str]:
    """Return the sort key of a name; equal keys mean equal names, so the order is total."""
    parts: list[Any] = _DIGITS.split(name)
    # Text and digits alternate, starting with (maybe empty) text: only like meets like.
    parts[1::2] = map(int, parts[1::2])
    return parts, name


def natural_sorted(names: Iterable[str]) -> list[str]:
    """Return the names in natural order: ``z2`` before ``z10``, ``z02`` before ``z2``."""
    return sorted(names, key=natural_key)
