"""Whether a listing of names is a plate of ours, or an OME-Zarr plate."""

from __future__ import annotations

import re
from typing import Final

from openhcs_host.contracts.images import parse_image_name
from openhcs_host.contracts.microscopes import Evidence, FolderListing
from openhcs_host.errors import InvalidPathError
from openhcs_host.plates.metadata import FILE_NAME
from openhcs_host.plates.wording import shown

__all__ = ["evidence", "is_plane_name"]

_STORE: Final = ("zarr.json", ".zattrs", ".zgroup")
_WELL_FOLDER: Final = re.compile(r"[A-Z]{1,2}/[0-9]{1,3}")


def evidence(listing: FolderListing) -> Evidence:
    """Say whether the folder is a plate of this kind, and which name shows it.

    A folder described by ``openhcs_metadata.json`` counts if images of ours or a zarr store lie in it:
    the same file may stand beside the raw images of a microscope, whose handler then reads them.
    """
    at_root = set(listing.files)
    marker = next((name for name in _STORE if name in at_root), None)
    if marker is not None:
        well = next((path for path in listing.directories if _WELL_FOLDER.fullmatch(path)), None)
        if well is None:
            return Evidence(
                False, f"{shown(marker)} marks a zarr store, and no folder such as 'A/01' is a well"
            )
        return Evidence(True, f"{shown(marker)} and {shown(well)} are those of an OME-Zarr plate")
    plane = next((path for path in listing.files if is_plane_name(path)), None)
    if plane is not None:
        return Evidence(True, f"{shown(plane)} is a name that openhcs-host gives")
    if FILE_NAME not in at_root:
        return Evidence(False, f"there is no {FILE_NAME}, no zarr store and no name of ours")
    store = next((path for path in listing.files if path.rpartition("/")[2] in _STORE), None)
    if store is not None:
        return Evidence(True, f"{FILE_NAME} stands beside the zarr store of {shown(store)}")
    return Evidence(False, f"{FILE_NAME} describes images of a microscope, not of ours")


def is_plane_name(path: str) -> bool:
    """Whether the last part of a path is a name that we give to planes."""
    try:
        parse_image_name(path.rpartition("/")[2])
    except (InvalidPathError, ValueError):
        return False
    return True
