"""What killed writers left in a plate's folder: finished where it can be, removed where not."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from typing import Final

from openhcs_backend_zarr.config import NgffVersion
from openhcs_backend_zarr.groups import Groups
from openhcs_backend_zarr.held_asides import remove_abandoned
from openhcs_backend_zarr.locking import LockedError, locked
from openhcs_backend_zarr.ngff.physical import well_path
from openhcs_backend_zarr.plate_documents import register, version_of
from openhcs_backend_zarr.wells import OLD, holder_prefix, lock_of
from openhcs_host.files.atomic import is_temporary

__all__ = ["recover"]

_OURS: Final = re.compile(r"\.([A-Z]{1,2}[0-9]{2,})-(?:lock|[0-9a-f]{12})\.openhcs-part\Z")


def recover(groups: Groups, root: str) -> None:
    """Finish or remove what writers of wells, images and files left that live no more.

    What others are writing at this moment is left alone, and so is everything in a folder that may
    be read only.
    """
    try:
        names = os.listdir(root)
    except (FileNotFoundError, NotADirectoryError):
        return
    remove_abandoned(root, names)
    wells = {match[1] for name in names if (match := _OURS.match(name))}
    for well in sorted(wells):
        with contextlib.suppress(LockedError, PermissionError), locked(lock_of(root, well), wait=False):
            _recover_well(groups, root, well)


def _recover_well(groups: Groups, root: str, well: str) -> None:
    place = f"{root}/{well_path(well)}"
    for name in os.listdir(root):
        if not name.startswith(holder_prefix(well)) or f"{root}/{name}" == lock_of(root, well):
            continue
        old = f"{root}/{name}/{OLD}"
        if os.path.isdir(old) and not os.path.isdir(place):
            os.rename(old, place)  # the writer died between its two renames
        shutil.rmtree(f"{root}/{name}")
    for folder, _, names in os.walk(place):
        for name in filter(is_temporary, names):
            os.unlink(f"{folder}/{name}")
    if groups.get(root) is not None or os.path.isdir(place):
        register(groups, root, well, version_of(groups, root, _version_at(groups, place)), power=False)


def _version_at(groups: Groups, place: str) -> NgffVersion:
    found = groups.get(place)
    return "0.4" if found is not None and found.zarr_format == 2 else "0.5"
