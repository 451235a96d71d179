"""Files that mark the plates of other microscopes, whose names and folders follow other grammars."""

from __future__ import annotations

import re
from typing import Final

from openhcs_host.plates.wording import shown

__all__ = ["foreign_mark"]

_AT_ROOT: Final = ("zarr.json", ".zattrs", ".zgroup")
_ANYWHERE: Final = {
    re.compile(r"index(\.idx)?\.xml", re.IGNORECASE): "a Harmony plate",
    re.compile(
        r".*\.(jdce|mxprotocol)", re.IGNORECASE | re.DOTALL
    ): "a plate of a newer ImageXpress system (HCS.ai)",
    re.compile(r".*\.(mlf|mes)", re.IGNORECASE | re.DOTALL): "a Yokogawa plate",
}


def foreign_mark(path: str) -> str | None:
    """Return a clause that says what the file at this plate-relative path marks, ``None`` if nothing."""
    if path.lower() in _AT_ROOT:
        return f"{shown(path)} marks a zarr store, which this handler does not read"
    name = path.rpartition("/")[2]
    for marker, kind in _ANYWHERE.items():
        if marker.fullmatch(name):
            return f"{shown(path)} marks {kind}, which this handler does not read"
    return None
