"""What an image is: where it belongs in the acquisition, and its physical meaning."""

from __future__ import annotations

import functools
import re
from typing import Final

import attrs

from openhcs_host.errors import InvalidPathError

__all__ = [
    "Coordinates",
    "ImageMetadata",
    "check_well",
    "image_name",
    "parse_image_name",
    "parse_well",
    "place_name",
    "well_name",
]

_WELL: Final = re.compile(r"([A-Z]{1,2})([0-9]{2,})\Z")
_NAME: Final = re.compile(
    r"(?P<well>[A-Z]{1,2}[0-9]{2,})_s(?P<site>[0-9]{3,})_w(?P<channel>[0-9]+)"
    r"_z(?P<z_index>[0-9]{3,})_t(?P<timepoint>[0-9]{3,})(?P<extension>\.[A-Za-z0-9.]+)\Z"
)


def well_name(row: int, column: int) -> str:
    """Name the well at 1-based ``row`` and ``column``: (1, 1) is ``A01``, (27, 5) is ``AA05``."""
    if not (1 <= row <= 702 and column >= 1):
        raise ValueError(f"no well has row {row}, column {column}; both count from 1, rows to 702 (ZZ)")
    high, low = divmod(row - 1, 26)
    letters = (chr(64 + high) if high else "") + chr(65 + low)
    return f"{letters}{column:02d}"


def parse_well(well: str) -> tuple[int, int]:
    """Return the 1-based (row, column) of a well name such as ``A01`` or ``AF48``."""
    match = _WELL.match(well)
    if match is None or int(match[2]) == 0:
        raise ValueError(f"{well!r} is not a well name; wells are named like 'A01', 'P24' or 'AF48'")
    row = 0
    for letter in match[1]:
        row = row * 26 + ord(letter) - 64
    return row, int(match[2])


# A plate has at most a few thousand wells and up to a million images: each well is checked once.
@functools.lru_cache(maxsize=8192)
def check_well(well: str) -> tuple[int, int]:
    """Return the 1-based (row, column) of a well written as it should be; ``A005`` is refused as well."""
    row, column = parse_well(well)
    if well_name(row, column) != well:
        raise ValueError(f"well {well!r} should be written {well_name(row, column)!r}")
    return row, column


@attrs.frozen
class Coordinates:
    """Where an image stands in an acquisition: the five components, as the vendor numbers them."""

    well: str = attrs.field()
    """Row letters and column of at least two digits: ``A01``, ``P24``, ``AF48``."""
    site: int
    """Field of view."""
    channel: int
    """Wavelength; its name is metadata, the number its identity."""
    z_index: int = 1
    """Plane of a z-stack."""
    timepoint: int = 1
    """Repetition in time."""

    @well.validator
    def _check_well(self, attribute: attrs.Attribute[str], value: str) -> None:
        check_well(value)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Site, channel, z and time point: the place within the well."""
        return self.site, self.channel, self.z_index, self.timepoint

    @property
    def order(self) -> tuple[int, int, int, int, int, int]:
        """Sort key: well by row and column, then site, channel, z, time."""
        return (*check_well(self.well), *self.place)


@attrs.frozen
class ImageMetadata:
    """What travels with an image into storage; ``None`` means unknown, never a default."""

    coordinates: Coordinates | None = None
    """Place in the acquisition."""
    pixel_size_um: float | None = None
    """Edge of a square pixel in the sample, µm, binning included."""
    z_step_um: float | None = None
    """Distance of neighbouring planes, µm."""
    channel_name: str | None = None
    """Name of the channel as the microscope gives it."""
    channel_color: str | None = None
    """Display colour, six hexadecimal digits without ``#``."""
    position_um: tuple[float, float] | None = None
    """Offset of the image's centre from the well's (x, y), µm; y grows downward, as rows of an image do."""


def image_name(coordinates: Coordinates, extension: str = ".tif") -> str:
    """Return the virtual name of a plane: ``A01_s001_w1_z001_t001.tif``."""
    c = coordinates
    return f"{c.well}{place_name(*c.place)}{extension}"


def place_name(site: int, channel: int, z_index: int, timepoint: int) -> str:
    """Return what a virtual name says after the well: ``_s001_w1_z001_t001``."""
    return f"_s{site:03d}_w{channel}_z{z_index:03d}_t{timepoint:03d}"


def parse_image_name(name: str) -> Coordinates:
    """Return the coordinates that a virtual name spells, or raise ``InvalidPathError``."""
    match = _NAME.match(name)
    if match is None:
        raise InvalidPathError(f"{name!r} is not an image name of the form 'A01_s001_w1_z001_t001.tif'")
    return Coordinates(
        well=match["well"],
        site=int(match["site"]),
        channel=int(match["channel"]),
        z_index=int(match["z_index"]),
        timepoint=int(match["timepoint"]),
    )
