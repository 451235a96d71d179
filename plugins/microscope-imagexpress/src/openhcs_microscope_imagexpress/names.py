"""The grammar of MetaXpress file names.

::

    <prefix>_<WELL>[_s<site>][_w<channel>][_z<plane>][_thumb][<GUID> | _<GUID> | _[<GUID>]].tif | .tiff

The microscope's database glues a GUID of 36 characters to the name with no separator: ``_s151E1E486E-…``
is site 15 and a GUID. The pattern is anchored at the end and a GUID has a fixed length, so the GUID is
taken off before any number is read. Only known tokens may follow the well, hence the last well token
counts and the prefix may hold anything, well-like tokens included.

Well, ``_s``, ``_w``, ``_z`` and ``_thumb`` are matched in the case that MetaXpress writes: a lower-case
``_a01`` is far more often a word of another program than a well. Extension and GUID may have any case.
Rows go to AF and columns to 48, the bounds of a 1536-well plate. ``._name.tif``, the shadow that macOS
leaves beside every file on a foreign disk, is no image.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

__all__ = ["ImageName", "NameFields", "name_fields", "parse_name"]

_GUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_WELL = r"(?:A[A-F]|[A-Z])(?:0[1-9]|[1-3][0-9]|4[0-8])"
# Six digits are more than any plate has; a bound keeps hostile names from becoming giant integers.
_NUMBER = r"([0-9]{1,6})"
_NAME: Final = re.compile(
    rf"(?!\._)(.*_)?({_WELL})(?:_s{_NUMBER})?(?:_z{_NUMBER})?(?:_w{_NUMBER})?(?:_z{_NUMBER})?"
    rf"(_thumb)?({_GUID}|_{_GUID}|_\[{_GUID}\])?\.[Tt][Ii][Ff]{{1,2}}",
    re.DOTALL,
)


NameFields: TypeAlias = tuple[str, str, str, int, int, int | None, bool, bool]
"""The fields of ``ImageName`` as a plain tuple."""


class ImageName(NamedTuple):
    """What the name of an image says."""

    file: str
    """The whole name."""
    prefix: str
    """Text before the well, usually the plate's name; empty when there is none."""
    well: str
    """Well as MetaXpress writes it: ``B02``, ``AF48``."""
    site: int
    """Number after ``_s``; 1 without it, for then the plate has one site."""
    channel: int
    """Number after ``_w``; 1 without it, for then the plate has one channel."""
    z_index: int | None
    """Number after ``_z``, which only custom exports write."""
    thumbnail: bool
    """Whether the file is a preview."""
    telling: bool
    """Whether site, channel or GUID stand in the name: ``9987_B02.TIF`` alone proves no microscope."""


def parse_name(name: str) -> ImageName | None:
    """Return what a MetaXpress image name says, or ``None`` for any other name.

    The grammar was collected from real plates and the vendor's documentation.
    """
    fields = name_fields(name)
    return None if fields is None else ImageName._make(fields)


def name_fields(name: str) -> NameFields | None:
    """Do the work of ``parse_name`` and return a plain tuple, in the order of ``ImageName``.

    The walk over a plate calls this once for every file. A plain tuple is quicker to make than a
    named one, and the garbage collector soon stops to look at it.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    prefix, well, site, z_before, channel, z_after, thumbnail, guid = match.groups()
    z_index = z_before or z_after
    if z_before and z_after:
        return None
    return (
        name,
        prefix[:-1] if prefix else "",
        well,
        int(site) if site else 1,
        int(channel) if channel else 1,
        int(z_index) if z_index else None,
        thumbnail is not None,
        (site or channel or guid) is not None,
    )
