"""What a logical path is the name of, by its last part."""

from __future__ import annotations

import os
import re
from typing import Final

import attrs

from openhcs_backend_zarr.addresses import address_of, canonical, is_url
from openhcs_backend_zarr.groups import DOCUMENT_NAMES
from openhcs_host.contracts.images import Coordinates, check_well, parse_image_name
from openhcs_host.errors import BatchError, InvalidPathError

__all__ = ["PlaneName", "checked", "normal", "plane_name", "split", "well_of_chunk"]

_CHUNK: Final = re.compile(r"(?:well[_ -]?)?([A-Z]{1,2}[0-9]{2,})\Z")


@attrs.frozen
class PlaneName:
    """The name of a plane of a plate."""

    folder: str
    """The folder of the plate."""
    coordinates: Coordinates
    extension: str


def split(path: str) -> tuple[str, str]:
    """Return folder and name; the folder of a bare name is ``.``, and a bucket or server has no name."""
    if "://" in path and is_url(path) and not address_of(path).key:
        return path, ""
    folder, separator, name = path.rstrip("/").rpartition("/")
    return (folder or separator or "."), name


def plane_name(path: str) -> PlaneName | None:
    """Return the plane that a path names, ``None`` if its last part does not follow the plate grammar."""
    folder, name = split(path)
    try:
        here = parse_image_name(name)
    except (InvalidPathError, ValueError):  # B00 has the form of a well and is none
        return None
    return PlaneName(folder, here, name[name.index(".") :])


def checked(path: str) -> str:
    """Return a path as stores know it, or raise ``InvalidPathError`` for what can name nothing here."""
    if not path or "\0" in path:
        raise InvalidPathError(
            f"{path!r} cannot be a path; give one such as '/run/images/A01_s001_w1_z001_t001.tif'"
        )
    path = canonical(path)
    if split(path)[1] in DOCUMENT_NAMES:
        raise InvalidPathError(f"{path!r} is the name of a document of Zarr itself; give another name")
    return path


def normal(path: str) -> str:
    """Return one and the same for all spellings of a path."""
    path = canonical(path)
    return path if is_url(path) else os.path.normpath(path)


def well_of_chunk(chunk_name: str | None) -> str | None:
    """Return the well that ``chunk_name`` spells (``A01``, ``well_A01``), ``None`` if it is another name."""
    if chunk_name is not None and not isinstance(chunk_name, str):
        raise BatchError(f"chunk_name is a text such as 'A01', not {chunk_name!r}")
    match = _CHUNK.match(chunk_name or "")
    if match is None:
        return None
    try:
        check_well(match[1])
    except ValueError:
        return None
    return match[1]
