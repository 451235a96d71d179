"""What an image of the Index says of its file: which file it is, and which place it holds.

Numbers and wells repeat over the images of a plate, so each combination of texts is read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

import attrs

from openhcs_host.contracts.microscopes import Place
from openhcs_microscope_operaphenix.facts import well_at
from openhcs_microscope_operaphenix.units import whole

__all__ = ["Listed", "PlaceReader", "Said", "file_name"]

Said: TypeAlias = tuple[int | None, int | None, int | None]
"""Site, channel and z as the Index says them."""
# What was read is kept for other wells; a plate of one well would keep it for every plane.
_MOST_KEPT: Final = 1 << 16


class Listed(NamedTuple):
    """A file that the Index lists."""

    path: str
    """Plate-relative path, or the listed name of a file that is not there; empty if that leads away."""
    named: tuple[str, Place] | None
    """Well and place by its name."""
    well: str | None
    """Well by the Index."""
    said: Said
    """Place by the Index."""
    timepoint_id: int | None
    """``TimepointID``, from 0 or from 1."""

    def target(self, timepoint_offset: int) -> tuple[str | None, Place | None]:
        """Return well and place: by the Index, else by its name, else nothing; time by its name first."""
        named = self.named
        well = self.well or (named[0] if named else None)
        site, channel, z_index = (
            value if value is not None else named[1][position] if named else None
            for position, value in enumerate(self.said)
        )
        timepoint = 1 if self.timepoint_id is None else self.timepoint_id + timepoint_offset
        if named:
            timepoint = named[1][3]
        if site is None or channel is None or z_index is None or timepoint < 1:
            return well, None
        return well, (site, channel, z_index, timepoint)


@attrs.define
class PlaceReader:
    """Reads the places that images of an Index state."""

    _wells: dict[tuple[str | None, str | None], str | None] = attrs.field(factory=dict)
    _numbers: dict[tuple[str | None, ...], tuple[Said, int | None]] = attrs.field(factory=dict)

    def read(self, texts: Mapping[str, str]) -> tuple[str | None, Said, int | None]:
        """Return well, place and ``TimepointID``; this runs for every plane of the plate."""
        get = texts.get
        row_column = (get("Row"), get("Col"))
        if row_column not in self._wells:
            if len(self._wells) >= _MOST_KEPT:
                self._wells.clear()
            self._wells[row_column] = well_at(*row_column)
        numbers = (get("FieldID"), get("ChannelID"), get("PlaneID"), get("TimepointID"))
        said = self._numbers.get(numbers)
        if said is None:
            if len(self._numbers) >= _MOST_KEPT:
                self._numbers.clear()
            site, channel, z_index, timepoint_id = map(whole, numbers)
            said = self._numbers[numbers] = ((site, channel, z_index), timepoint_id)
        return self._wells[row_column], *said


def file_name(url: str) -> str | None:
    """Return the file name of a relative URL, which Harmony writes with either slash; ``None`` if it leads away."""
    parts = url.replace("\\", "/").split("/")
    if parts[0] == "" or ".." in parts or any(":" in part for part in parts) or not parts[-1]:
        return None
    return parts[-1]
