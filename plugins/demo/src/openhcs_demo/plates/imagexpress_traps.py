"""How ImageXpress plates differ: each trap that real plates have set for readers is one switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from openhcs_demo.plates.described import Plate

__all__ = ["STRAYS", "ImageXpressTraps"]

Guid: TypeAlias = Literal["upper", "lower", "bracketed"] | None
Announced: TypeAlias = Literal["wells", "waves", "z", "timepoints", "projections"]
STRAYS = ("Thumbs.db", "{prefix}_A01_w2-foregroun.tif", "measurements.csv", "overview.png")
"""Files of other programs that lie between the images."""


@attrs.frozen(kw_only=True)
class ImageXpressTraps:
    """The layout of a plate; as it comes, a plain MetaXpress export."""

    layout: Literal["export", "database", "flat"] = "export"
    """``TimePoint_<n>`` below the plate; a copy of the database, ``name/date/id``; or no folder at all."""
    parents: tuple[str, ...] = ()
    """Further folders between the plate's and its content."""
    date_level: bool = True
    """Whether a copy of the database has its folder with the date."""
    timepoint_folder: Literal["TimePoint", "Timepoint"] = "TimePoint"
    """Spelling of the folders of time points."""
    z: Literal["folders", "after", "before"] = "folders"
    """``ZStep_<n>`` folders, unpadded; or z in the names, ``_w1_z1`` or ``_z001_w1``."""
    projections: Literal["parent", "ZStep_0"] | None = None
    """Projections of stacks beside the ``ZStep`` folders, or in one of their own."""
    prefix: str | None = None
    """Text before the well, empty for none; the plate's name if it is not given."""
    site_token: bool = True
    """Whether names say ``_s<n>``; only a plate of one site can go without."""
    wave_token: bool = True
    """Whether names say ``_w<n>``; only a plate of one channel can go without."""
    guid: Guid = None
    """GUID at the end of each name: glued on, or ``_[GUID]``."""
    thumbnails: Literal["_thumb", "_thumb_"] | None = None
    """A thumbnail beside each image, the GUID glued to its name or after an underscore."""
    extension: Literal[".TIF", ".tif", ".tiff"] = ".TIF"
    """End of the names."""
    htd: Literal["top", "inside", "everywhere"] | None = "top"
    """HTD file at the top of the plate, only in its folders of time points, or at every level."""
    htd_extension: Literal[".HTD", ".htd"] = ".HTD"
    """End of the HTD file's name."""
    htd_stem: str | None = None
    """Name of the HTD file; the plate's name if it is not given."""
    htd_more: frozenset[Announced] = attrs.field(default=frozenset(), converter=frozenset)
    """What the HTD file announces beyond what is there."""
    htd_line_break: bool = False
    """Whether its description holds a line break, the raw bytes 82 81."""
    htd_encoding: Literal["utf-8", "cp1252"] = "utf-8"
    """Encoding of the HTD file."""
    headers: bool = True
    """Whether images carry MetaSeries XML in tag 270."""
    jitter_um: float = 0.0
    """How far the stage misses a position at most, µm."""
    single: frozenset[int] = attrs.field(default=frozenset(), converter=frozenset)
    """Channels of which only the first plane was acquired."""
    first_time_only: frozenset[int] = attrs.field(default=frozenset(), converter=frozenset)
    """Channels acquired at the first time point only."""
    projected: frozenset[int] = attrs.field(default=frozenset(), converter=frozenset)
    """Channels that exist as projections only; without ``ZStep`` folders these stand where planes stand."""
    filled: bool = False
    """Whether planes that were not acquired are filled with copies of those that were."""
    strays: bool = False
    """Whether files of other programs lie between the images."""

    def check(self, plate: Plate) -> None:
        """Raise ``ValueError`` if no such plate can exist."""
        for reason in self._impossible(plate):
            raise ValueError(f"this plate cannot be written: {reason}")

    def _impossible(self, plate: Plate) -> Iterator[str]:
        folders = self.z == "folders" and plate.planes > 1
        if self.layout == "flat" and plate.timepoints > 1:
            yield "a flat plate has no folders to tell time points apart"
        if self.layout == "flat" and folders:
            yield "a flat plate has no ZStep folders; z stands in the names"
        if self.layout == "flat" and self.htd == "inside":
            yield "a flat plate has no folder for its HTD file to lie in"
        if self.projections and not folders:
            yield "without ZStep folders nothing keeps projections apart from planes"
        if self.projected and folders and not self.projections:
            yield "channels that are projected need a place for projections"
        if self.projected and not folders and plate.planes > 1:
            yield "a channel of projections has no z for its names"
        if not self.projected < plate.channels.keys():
            yield "some channel must have planes"
        if self.projected & (self.single | self.first_time_only):
            yield "a channel of projections has no single plane"
        if not self.site_token and plate.grid != (1, 1):
            yield "names need _s where there are several sites"
        if not self.wave_token and list(plate.channels) != [1]:
            yield "names need _w where there are other channels than 1"
        if list(plate.cells) != sorted(plate.cells):
            yield "MetaXpress numbers sites in reading order"
