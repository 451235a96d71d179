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

import functools
import re
import sys
from typing import Final, NamedTuple, TypeVar

import attrs

__all__ = ["ImageName", "NameReader", "Numbers", "parse_name"]

_GUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_WELL = r"(?:A[A-F]|[A-Z])(?:0[1-9]|[1-3][0-9]|4[0-8])"
# Six digits are more than any plate has; a bound keeps hostile names from becoming giant integers.
_NUMBER = r"([0-9]{1,6})"
# What stands between well and GUID is taken loosely here, for it is the same in many names; `_numbers`
# reads it strictly, once. No GUID fits into it, and no token in it looks like a well.
_NAME: Final = re.compile(
    rf"(?!\._)(.*_|)({_WELL})([_a-z0-9]*(?<!_))({_GUID}|_{_GUID}|_\[{_GUID}\])?\.[Tt][Ii][Ff]{{1,2}}",
    re.DOTALL,
)
_GLUED: Final = re.compile(rf"{_GUID}\.[Tt][Ii][Ff]\Z")
_GLUED_LENGTH: Final = 40
_MOST_KNOWN: Final = 65536
_TOKENS: Final = re.compile(rf"(?:_s{_NUMBER})?(?:_z{_NUMBER})?(?:_w{_NUMBER})?(?:_z{_NUMBER})?(_thumb)?")
T = TypeVar("T")


@attrs.frozen(eq=False)
class Numbers:
    """What the tokens between well and GUID say: one object, equal to itself only, for equal tokens."""

    site: int
    """Number after ``_s``; 1 without it, for then the plate has one site."""
    channel: int
    """Number after ``_w``; 1 without it, for then the plate has one channel."""
    z_index: int | None
    """Number after ``_z``, which only custom exports write."""
    thumbnail: bool
    """Whether the file is a preview."""


class ImageName(NamedTuple):
    """What the name of an image says."""

    file: str
    """The whole name."""
    prefix: str
    """Text before the well, usually the plate's name; empty when there is none."""
    well: str
    """Well as MetaXpress writes it: ``B02``, ``AF48``."""
    site: int
    """As in ``Numbers``."""
    channel: int
    """As in ``Numbers``."""
    z_index: int | None
    """As in ``Numbers``."""
    thumbnail: bool
    """As in ``Numbers``."""
    telling: bool
    """Whether site, channel or GUID stand in the name: ``9987_B02.TIF`` alone proves no microscope."""


def parse_name(name: str) -> ImageName | None:
    """Return what a MetaXpress image name says, or ``None`` for any other name.

    The grammar was collected from real plates and the vendor's documentation.
    """
    match = _NAME.fullmatch(name)
    numbers = _numbers(match[3]) if match else None
    if match is None or numbers is None:
        return None
    telling = bool(match[4]) or "_s" in match[3] or "_w" in match[3]
    return ImageName(
        name,
        match[1][:-1],
        match[2],
        numbers.site,
        numbers.channel,
        numbers.z_index,
        numbers.thumbnail,
        telling,
    )


@attrs.define
class NameReader:
    """Reads the names of a whole plate, of which most need no pattern.

    A name falls into three: what ends with the well, what follows it, and a GUID. The pattern takes
    the last well that may stand in a name, and whether one may does not depend on what is before it. So
    a beginning and an end that were each found in some name mean the same together. A GUID tells
    nothing and is only checked. ``parse_name`` says the same of every name, five times slower.
    """

    prefixes: set[str] = attrs.field(factory=set)
    """Every prefix that was read, thumbnails' included."""
    _beginnings: dict[str, str] = attrs.field(factory=dict)
    _ends: dict[str, Numbers] = attrs.field(factory=dict)
    _before_guid: dict[str, Numbers] = attrs.field(factory=dict)
    _cut: int = 0  # where the last name that was learnt has its well's end: others have it there as well

    def read(self, name: str) -> tuple[str, Numbers] | None:
        """Return well and numbers, or ``None`` for a name that is no image's."""
        cut = self._cut
        try:
            well = self._beginnings[name[:cut]]
        except KeyError:
            return self._learn(name)
        numbers = self._ends.get(name[cut:])
        if numbers is None:
            guid = len(name) - _GLUED_LENGTH
            if guid < cut or not _GLUED.match(name, guid):
                return self._learn(name)
            numbers = self._before_guid.get(name[cut:guid])
        return self._learn(name) if numbers is None else (well, numbers)

    def _learn(self, name: str) -> tuple[str, Numbers] | None:
        match = _NAME.fullmatch(name)
        numbers = _numbers(match[3]) if match else None
        if match is None or numbers is None:
            return None
        self.prefixes.add(match[1][:-1])
        well = sys.intern(match[2])
        cut = self._cut = match.end(2)
        _remember(self._beginnings, name[:cut], well)
        guid = len(name) - _GLUED_LENGTH
        if match[4] is None:
            _remember(self._ends, name[cut:], numbers)
        elif _GLUED.match(name, guid):
            _remember(self._before_guid, name[cut:guid], numbers)
        return well, numbers


def _remember(known: dict[str, T], key: str, value: T) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()  # no real plate comes near; a folder of invented names must not fill the memory
    known[key] = value


@functools.lru_cache(maxsize=65536)
def _numbers(tokens: str) -> Numbers | None:
    match = _TOKENS.fullmatch(tokens)
    if match is None:
        return None
    site, z_before, channel, z_after, thumbnail = match.groups()
    if z_before and z_after:
        return None
    z_index = z_before or z_after
    return Numbers(
        int(site) if site else 1,
        int(channel) if channel else 1,
        int(z_index) if z_index else None,
        thumbnail is not None,
    )
