"""OME-XML for one plane: what an image is, in the words that other programs read."""

from __future__ import annotations

import math
import re
from typing import Final
from xml.sax.saxutils import quoteattr

from openhcs_host.contracts.images import ImageMetadata, image_name
from openhcs_host.errors import UnsupportedDataError

__all__ = ["PIXEL_TYPES", "length_um", "ome_xml"]

PIXEL_TYPES: Final = {
    "bool": "bit",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "float32": "float",
    "float64": "double",
    "complex64": "complex",
    "complex128": "double-complex",
}
"""NumPy's name of a dtype to that of OME; other dtypes have none."""

_SCHEMA: Final = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_COLOR: Final = re.compile(r"[0-9A-Fa-f]{6}\Z")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def ome_xml(image: ImageMetadata, shape: tuple[int, ...], dtype: str, extension: str) -> str:
    """Return the document for a plane of ``shape`` (Y, X).

    It is the same for the same arguments: no identifier is drawn, no time is written. What is unknown is
    left out.
    """
    length, width = shape
    name = image_name(image.coordinates, extension) if image.coordinates is not None else None
    size = length_um("pixel_size_um", image.pixel_size_um)
    step = length_um("z_step_um", image.z_step_um)
    pixels = _attributes(
        ID="Pixels:0",
        DimensionOrder="XYCZT",
        Type=PIXEL_TYPES[dtype],
        SizeX=str(width),
        SizeY=str(length),
        SizeC="1",
        SizeZ="1",
        SizeT="1",
        **_micrometres("PhysicalSizeX", size),
        **_micrometres("PhysicalSizeY", size),
        **_micrometres("PhysicalSizeZ", step),
    )
    channel = _attributes(
        ID="Channel:0:0",
        SamplesPerPixel="1",
        Name=image.channel_name,
        Color=_color(image.channel_color),
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<OME xmlns="{_SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{_SCHEMA} {_SCHEMA}/ome.xsd" Creator="openhcs-backend-disk">'
        f"<Image{_attributes(ID='Image:0', Name=name)}><Pixels{pixels}><Channel{channel}/>"
        f'<TiffData IFD="0" PlaneCount="1"/>{_plane(image)}</Pixels></Image></OME>'
    )


def length_um(field: str, value: float | None) -> float | None:
    """Return a length of an image as a float, or raise ``UnsupportedDataError`` if it is none."""
    if value is None:
        return None
    if not (math.isfinite(value) and value > 0):
        raise UnsupportedDataError(f"{field} of the image is {value!r}, not a length; pass None if unknown")
    return float(value)


def _plane(image: ImageMetadata) -> str:
    if image.position_um is None:
        return ""
    given: dict[str, str] = {}
    for axis, value in zip("XY", image.position_um, strict=True):
        if not math.isfinite(value):
            raise UnsupportedDataError(
                f"the position {image.position_um!r} of the image is not finite; pass None if unknown"
            )
        given |= _micrometres(f"Position{axis}", float(value))
    return f"<Plane{_attributes(TheC='0', TheZ='0', TheT='0', **given)}/>"


def _attributes(**given: str | None) -> str:
    parts = []
    for name, value in given.items():
        if value is None:
            continue
        if (wrong := _NOT_XML.search(value)) is not None:
            raise UnsupportedDataError(f"{value!r} holds {wrong[0]!r}, which XML cannot; rename it")
        parts.append(f" {name}={quoteattr(value)}")
    return "".join(parts)


def _micrometres(name: str, value: float | None) -> dict[str, str]:
    return {} if value is None else {name: repr(value), f"{name}Unit": "µm"}


def _color(value: str | None) -> str | None:
    if value is None:
        return None
    if _COLOR.match(value) is None:
        raise UnsupportedDataError(
            f"channel_color of the image is {value!r}; it is six hexadecimal digits such as '00FF7F'"
        )
    # RGBA in one signed integer of 32 bits, as OME has it; opaque.
    rgba = int(value, 16) << 8 | 0xFF
    return str(rgba - (1 << 32) if rgba >= 1 << 31 else rgba)
