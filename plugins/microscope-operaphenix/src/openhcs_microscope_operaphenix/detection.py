"""Whether a listing of names is a Harmony plate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from openhcs_host.contracts.microscopes import Evidence, FolderListing
from openhcs_host.plates.wording import shown
from openhcs_microscope_operaphenix.index import INDEX_NAMES
from openhcs_microscope_operaphenix.names import name_parts

__all__ = ["evidence"]

_AT_ROOT: Final = {
    "zarr.json": "a zarr store",
    ".zattrs": "a zarr store",
    ".zgroup": "a zarr store",
}
_ANYWHERE: Final = {
    re.compile(r".*\.htd", re.IGNORECASE): "an ImageXpress plate",
    re.compile(r".*\.jdce", re.IGNORECASE): "a plate of a newer ImageXpress system (HCS.ai)",
    re.compile(r".*\.(mlf|mes)", re.IGNORECASE): "a Yokogawa plate",
    re.compile(r".*\.columbusidx\.xml", re.IGNORECASE): "an export of Columbus",
}


def evidence(listing: FolderListing) -> Evidence:
    """Say whether the folder is a plate of this kind, and which name shows it."""
    for foreign in _foreign(listing):
        return Evidence(False, foreign)
    index = None
    for path in listing.files:
        name = path.rpartition("/")[2]
        if name_parts(name) is not None:
            return Evidence(True, f"{shown(path)} is a Harmony name")
        if index is None and name.lower() in INDEX_NAMES:
            index = path
    if index is not None:
        return Evidence(True, f"{shown(index)} is named like a Harmony index")
    return Evidence(False, "no name is a Harmony image name such as 'r01c01f01p01-ch1sk1fk1fl1.tiff'")


def _foreign(listing: FolderListing) -> Iterator[str]:
    for path in listing.files:
        if path.lower() in _AT_ROOT:
            yield f"{shown(path)} marks {_AT_ROOT[path.lower()]}"
        name = path.rpartition("/")[2]
        yield from (
            f"{shown(path)} marks {kind}" for marker, kind in _ANYWHERE.items() if marker.fullmatch(name)
        )
