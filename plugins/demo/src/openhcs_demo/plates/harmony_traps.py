"""How Harmony plates differ: each trap that real plates have set for readers is one switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from openhcs_demo.plates.described import Plate
from openhcs_host.contracts.images import Coordinates

__all__ = ["HarmonyTraps"]

_LAST_WITH_OLD_NAME = 5


@attrs.frozen(kw_only=True)
class HarmonyTraps:
    """The layout of a plate; as it comes, a complete measurement of Harmony 5."""

    version: Literal[4, 5, 6, 7] = 5
    """Version of Harmony: namespace of the Index, and where the channels are described."""
    index: Literal["beside", "parent"] | None = "beside"
    """Index beside the images, in their parent, or none at all."""
    index_name: Literal["Index.idx.xml", "Index.xml"] = attrs.field()
    """Name of the Index; as the version has it, if not given."""
    images_folder: Literal["Images", "images"] = "Images"
    """Spelling of the folder of the images."""
    measurement_folder: bool = False
    """Whether a folder ``<name>__<time>-Measurement 1`` stands between the plate's and its content."""
    names: Literal["sk", "t", "digits"] = attrs.field()
    """``r01c01f01p01-ch1sk1fk1fl1.tiff``, ``…-ch01t01.tiff`` or ``001001-1-001001001.tif``; as the version has it."""
    bom: bool = True
    """Whether the Index begins with a byte order mark."""
    timepoint_ids_from: Literal[0, 1] = attrs.field()
    """Where ``TimepointID`` begins to count; as the version has it, if not given."""
    jitter_nm: int = 0
    """How far positions differ from well to well at most, nm."""
    shuffled: bool = False
    """Whether images and entries of channels stand in any order in the Index."""
    decoy_map: Literal["first", "last"] = "first"
    """Where a map of flat fields stands, which tells nothing of the channels' optics."""
    missing: frozenset[Coordinates] = attrs.field(default=frozenset(), converter=frozenset)
    """Planes that the Index lists and that have no file."""
    unrecorded: frozenset[Coordinates] = attrs.field(default=frozenset(), converter=frozenset)
    """Planes that the Index lists with an empty URL."""
    unlisted: frozenset[Coordinates] = attrs.field(default=frozenset(), converter=frozenset)
    """Planes that the Index does not list and that have a file."""
    compression: Literal["lzw", "deflate", "mixed"] | None = "lzw"
    """Compression of the images; mixed are these two and none, in turn."""
    tag: bool = True
    """Whether images carry tag 65500."""
    tag_contradicts: bool = False
    """Whether that tag tells another field than the Index and the name."""
    assay_layout: bool = False
    """Whether ``Assaylayout`` with its XML lies beside the images' folder."""
    strays: bool = False
    """Whether a file of another program lies between the images."""

    @index_name.default
    def _index_name(self) -> Literal["Index.idx.xml", "Index.xml"]:
        return "Index.idx.xml" if self.version <= _LAST_WITH_OLD_NAME else "Index.xml"

    @names.default
    def _names(self) -> Literal["sk", "t"]:
        return "sk" if self.version <= _LAST_WITH_OLD_NAME else "t"

    @timepoint_ids_from.default
    def _timepoint_ids_from(self) -> Literal[0, 1]:
        return 0 if self.version <= _LAST_WITH_OLD_NAME else 1

    @property
    def channels_in_maps(self) -> bool:
        """Whether channels are described in a map, and not with every image."""
        return self.version > _LAST_WITH_OLD_NAME

    def check(self, plate: Plate) -> None:
        """Raise ``ValueError`` if no such plate can exist."""
        for reason in self._impossible(plate):
            raise ValueError(f"this plate cannot be written: {reason}")

    def _impossible(self, plate: Plate) -> Iterator[str]:
        if self.index is None and (self.missing or self.unrecorded or self.unlisted):
            yield "without an Index nothing is listed, missing or unlisted"
        if (self.missing | self.unrecorded) & self.unlisted or self.missing & self.unrecorded:
            yield "a plane is missing, not recorded or unlisted, but not two of these"
        if (self.missing | self.unrecorded | self.unlisted) & plate.absent:
            yield "an absent plane is not in the Index and has no file"
        if self.tag_contradicts and not self.tag:
            yield "a tag that is not there contradicts nothing"
