"""The header of a MetaXpress image: that of the TIFF, and the MetaSeries XML in tag 270.

::

    <MetaData><prop id="Description" type="string" value="Plate Name: …"/>
      <PlaneInfo><prop id="spatial-calibration-x" type="float" value="1.3668"/> …
                 <custom-prop id="Z Step" type="float" value="1"/> … </PlaneInfo></MetaData>

The names were collected from files of MetaXpress 6.5 and 6.7. A file may come from anybody: the XML is
bounded and a document type is refused, so no entity is ever expanded.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final
from xml.parsers import expat

import attrs

from openhcs_host.errors import FormatError
from openhcs_host.files.tiff_headers import TiffHeader, read_tiff_header

__all__ = ["ImageHeader", "MetaSeries", "parse_metaseries", "read_header"]

_DESCRIPTION: Final = 270
_LONGEST_XML: Final = 1 << 20
_MOST_PROPERTIES: Final = 10_000
_MICRONS = ("um", "µm", "μm")
_STAGE_LABEL: Final = re.compile(r"\s*([A-Z]{1,2}[0-9]{2})\s*:\s*Site\s+([0-9]{1,6})\s*\Z")
_EXPOSURE: Final = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(us|µs|μs|ms|msec|s|sec)\.?\s*\Z")
_MILLISECONDS: Final = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "msec": 1.0, "s": 1e3, "sec": 1e3}
_PLATE_NAME: Final = re.compile(r"Plate Name: *([^\r\n]+)")


@attrs.frozen(kw_only=True)
class MetaSeries:
    """What the XML says of one image; ``None`` where it says nothing usable."""

    pixel_size_x_um: float | None = None
    """Edge of a pixel along x, µm, binning included."""
    pixel_size_y_um: float | None = None
    """Edge of a pixel along y, µm."""
    channel_name: str | None = None
    """Illumination setting, else the image's own name."""
    stage_label: str | None = None
    """``B02 : Site 1``."""
    site_column: int | None = None
    """Column of the site in the grid, from 1 (``SiteX``)."""
    site_row: int | None = None
    """Row of the site in the grid, from 1 (``SiteY``)."""
    z_step: int | None = None
    """Number of the plane when it was acquired."""
    timepoint: int | None = None
    """Number of the time point when it was acquired."""
    projection: str | None = None
    """How a stack was projected into this image: ``Maximum``, ``Best Focus`` …"""
    projection_step_um: float | None = None
    """Distance of the planes that were projected, µm."""
    stage_x_um: float | None = None
    """Stage position x, µm."""
    stage_y_um: float | None = None
    """Stage position y, µm; grows downward."""
    z_um: float | None = None
    """Stage position z, µm."""
    offset_um: tuple[float, float] | None = None
    """Offset from the centre of the well (x, y), µm."""
    plate_name: str | None = None
    """``Plate Name`` of the description."""
    width: int | None = None
    """Pixels per row."""
    height: int | None = None
    """Rows."""
    bits: int | None = None
    """Bits per pixel."""
    exposure_ms: float | None = None
    """Exposure time, ms."""
    objective: str | None = None
    """Objective."""
    numerical_aperture: float | None = None
    """Numerical aperture of the objective."""
    wavelength_nm: float | None = None
    """Main emission wavelength, nm: 452 for DAPI, 520 for FITC; unknown where MetaXpress writes 0."""
    acquired: datetime | None = None
    """Local time of acquisition."""

    @property
    def pixel_size_um(self) -> float | None:
        """Edge of a pixel, µm, if pixels are square."""
        x, y = self.pixel_size_x_um, self.pixel_size_y_um
        return x if x and y and math.isclose(x, y, rel_tol=1e-3) else None

    @property
    def stage_position(self) -> tuple[str, int] | None:
        """Well and site as the stage label names them."""
        match = _STAGE_LABEL.match(self.stage_label or "")
        return (match[1], int(match[2])) if match else None


@attrs.frozen
class ImageHeader:
    """What the TIFF says of itself, and its MetaSeries XML if there is any."""

    tiff: TiffHeader
    """Size and type."""
    metaseries: MetaSeries
    """What the XML says; every value unknown if there is no XML."""
    problem: str | None = None
    """Why tags, or the XML in one of them, could not be read."""


def read_header(path: str) -> ImageHeader:
    """Read the header of the image at ``path``; ``HeaderError`` if it is no readable TIFF."""
    tiff = read_tiff_header(path, [_DESCRIPTION])
    text = tiff.tags.get(_DESCRIPTION, "")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    # Without XML the file was written by another program, or by a MetaXpress of long ago.
    if not text.lstrip().startswith("<"):
        return ImageHeader(tiff, MetaSeries(), tiff.problem)
    try:
        return ImageHeader(tiff, parse_metaseries(text), tiff.problem)
    except FormatError as error:
        return ImageHeader(tiff, MetaSeries(), str(error))


def parse_metaseries(text: str) -> MetaSeries:
    """Return what a MetaSeries document says; ``FormatError`` if it is broken, too large or not plain."""
    if len(text) > _LONGEST_XML:
        raise FormatError(f"the MetaSeries XML is longer than {_LONGEST_XML} characters")
    values = _properties(text)
    microns = values.get("spatial-calibration-state") == "on" and (
        values.get("spatial-calibration-units", "") in _MICRONS
    )
    offset_x, offset_y = (_number(values, f"OffsetFromWellCenterUm{axis}") for axis in "XY")
    name = _PLATE_NAME.search(values.get("Description", ""))
    return MetaSeries(
        pixel_size_x_um=_positive(values, "spatial-calibration-x") if microns else None,
        pixel_size_y_um=_positive(values, "spatial-calibration-y") if microns else None,
        channel_name=values.get("_IllumSetting_") or values.get("image-name") or None,
        stage_label=values.get("stage-label"),
        site_column=_whole(values, "SiteX"),
        site_row=_whole(values, "SiteY"),
        z_step=_whole(values, "Z Step"),
        timepoint=_whole(values, "Timepoint"),
        projection=values.get("Z Projection Method") or None,
        projection_step_um=_positive(values, "Z Projection Step Size"),
        stage_x_um=_number(values, "stage-position-x"),
        stage_y_um=_number(values, "stage-position-y"),
        z_um=_number(values, "z-position"),
        offset_um=None if offset_x is None or offset_y is None else (offset_x, offset_y),
        plate_name=name[1].strip() or None if name else None,
        width=_whole(values, "pixel-size-x"),
        height=_whole(values, "pixel-size-y"),
        bits=_whole(values, "bits-per-pixel"),
        exposure_ms=_milliseconds(values.get("Exposure Time", "")),
        objective=values.get("_MagSetting_") or None,
        numerical_aperture=_positive(values, "_MagNA_"),
        wavelength_nm=_positive(values, "wavelength"),
        acquired=_time(values.get("acquisition-time-local", "")),
    )


def _properties(text: str) -> dict[str, str]:
    """Return id → value of every property; the first of equal ids counts."""
    values: dict[str, str] = {}
    count = 0

    def element(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > _MOST_PROPERTIES:
            raise FormatError(f"the MetaSeries XML has more than {_MOST_PROPERTIES} elements")
        if name in ("prop", "custom-prop"):
            values.setdefault(attributes.get("id", ""), attributes.get("value", ""))

    def refuse(*_: object) -> None:
        raise FormatError("the MetaSeries XML holds a document type, which MetaXpress never writes")

    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise FormatError(f"the MetaSeries XML is broken: {error}") from error
    return values


def _number(values: dict[str, str], key: str) -> float | None:
    try:
        number = float(values[key])
    except (KeyError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _positive(values: dict[str, str], key: str) -> float | None:
    number = _number(values, key)
    return number if number is not None and number > 0 else None


def _whole(values: dict[str, str], key: str) -> int | None:
    number = _number(values, key)
    return int(number) if number is not None and number == int(number) else None


def _milliseconds(text: str) -> float | None:
    match = _EXPOSURE.match(text)
    # Without a unit it is a number of nobody knows what; an exposure of 0 is none.
    return round(float(match[1]) * _MILLISECONDS[match[2]], 6) or None if match else None


def _time(text: str) -> datetime | None:
    for form in ("%Y%m%d %H:%M:%S.%f", "%Y%m%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
