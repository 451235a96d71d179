"""The header of one image: that of the TIFF, and what its private tag 65500 says.

::

    <TiffImageDescription xmlns="…/HarmonyV5"><MeasurementID>…</MeasurementID> …
      <Image><Row>3</Row><Col>3</Col><FieldID>2</FieldID><PlaneID>1</PlaneID> <ChannelID>1</ChannelID> …

Read from real files. The tag's ChannelID is always 1, and an image may carry the tag of another: it is the
last to be believed.
"""

from __future__ import annotations

import io
from typing import Final

import attrs

from openhcs_host.errors import FormatError
from openhcs_host.files.tiff_headers import TiffHeader, read_tiff_header
from openhcs_host.plates.wording import shown
from openhcs_microscope_operaphenix.facts import text_of, well_at
from openhcs_microscope_operaphenix.units import whole
from openhcs_microscope_operaphenix.xmlrecords import Path as XmlPath
from openhcs_microscope_operaphenix.xmlrecords import records

__all__ = ["ImageHeader", "read_header"]

_TAG: Final = 65500
_KINDS: Final[dict[XmlPath, str]] = {("MeasurementID",): "measurement", ("Image",): "image"}
_FIELDS: Final = ("Row", "Col", "FieldID", "PlaneID")


@attrs.frozen(kw_only=True)
class ImageHeader:
    """What the TIFF says of itself."""

    tiff: TiffHeader
    """Size and type."""
    well: str | None = None
    """Well by tag 65500."""
    site: int | None = None
    """Field by tag 65500."""
    z_index: int | None = None
    """Plane by tag 65500."""
    measurement_id: str | None = None
    """Measurement by tag 65500."""
    problem: str | None = None
    """Why tags, or the XML in tag 65500, could not be read."""


def read_header(path: str) -> ImageHeader:
    """Read the header of the image at ``path``; ``HeaderError`` if it is no readable TIFF."""
    tiff = read_tiff_header(path, [_TAG])
    header = ImageHeader(tiff=tiff, problem=tiff.problem)
    value = tiff.tags.get(_TAG)
    if value is None:
        return header
    content = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return _with_tag(header, content.rstrip(b"\0"))


def _with_tag(header: ImageHeader, content: bytes) -> ImageHeader:
    try:
        for record in records(io.BytesIO(content), _KINDS, _FIELDS, _accept):
            texts = record.texts
            if record.kind == "measurement":
                header = attrs.evolve(header, measurement_id=text_of(texts, ""))
            else:
                header = attrs.evolve(
                    header,
                    well=well_at(texts.get("Row"), texts.get("Col")),
                    site=whole(texts.get("FieldID")),
                    z_index=whole(texts.get("PlaneID")),
                )
    except FormatError as error:
        return attrs.evolve(header, problem=str(error))
    return header


def _accept(namespace: str, name: str) -> None:
    if name != "TiffImageDescription":
        raise FormatError(f"its root is {shown(name)}")
