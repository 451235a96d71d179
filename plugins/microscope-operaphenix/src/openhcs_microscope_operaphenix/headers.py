"""The header of one image: size and type of the TIFF, and what its private tag 65500 says.

::

    <TiffImageDescription xmlns="…/HarmonyV5"><MeasurementID>…</MeasurementID> …
      <Image><Row>3</Row><Col>3</Col><FieldID>2</FieldID><PlaneID>1</PlaneID> <ChannelID>1</ChannelID> …

Read from real files. The tag's ChannelID is always 1, and an image may carry the tag of another: it is the
last to be believed. A file may come from anybody, so what reads the TIFF cannot be made to read more than a
bounded piece of it at a time.
"""

from __future__ import annotations

import io
from typing import Any, Final

import attrs

from openhcs_host.errors import FormatError
from openhcs_host.files.bounded import BoundedFile
from openhcs_host.plates.wording import shown
from openhcs_microscope_operaphenix.facts import text_of, well_at
from openhcs_microscope_operaphenix.units import whole
from openhcs_microscope_operaphenix.xmlrecords import Path as XmlPath
from openhcs_microscope_operaphenix.xmlrecords import records

__all__ = ["HeaderError", "ImageHeader", "read_header"]

_TAG: Final = 65500
_KINDS: Final[dict[XmlPath, str]] = {("MeasurementID",): "measurement", ("Image",): "image"}
_FIELDS: Final = ("Row", "Col", "FieldID", "PlaneID")
_LARGEST_READ: Final = 1 << 23
_LONGEST_REASON: Final = 120


class HeaderError(FormatError):
    """An image whose header cannot be read as TIFF."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{shown(path)} cannot be read as TIFF: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.path, self.reason)


@attrs.frozen(kw_only=True)
class ImageHeader:
    """What the TIFF says of itself."""

    width: int
    """Pixels per row."""
    height: int
    """Rows."""
    dtype: str
    """NumPy's name of the pixel type."""
    samples: int
    """Values per pixel; a plane has one."""
    pages: int
    """1, or 2 when there are more; a plane is one page."""
    well: str | None = None
    """Well by tag 65500."""
    site: int | None = None
    """Field by tag 65500."""
    z_index: int | None = None
    """Plane by tag 65500."""
    measurement_id: str | None = None
    """Measurement by tag 65500."""
    problem: str | None = None
    """Why tag 65500 could not be read, if there is one that could not."""


def read_header(path: str) -> ImageHeader:
    """Read the header of the image at ``path``; ``HeaderError`` if it is no readable TIFF."""
    import tifffile  # here, because a handler's module imports the standard library and the host only

    try:
        with BoundedFile(path, _LARGEST_READ) as stream, tifffile.TiffFile(stream, name=path) as tiff:
            page = tiff.pages[0]
            header = ImageHeader(
                width=int(page.imagewidth),  # type: ignore[union-attr]
                height=int(page.imagelength),  # type: ignore[union-attr]
                dtype=str(page.dtype),
                samples=int(page.samplesperpixel),  # type: ignore[union-attr]
                pages=1 if _is_last(tiff) else 2,
            )
            tag = page.tags.get(_TAG)  # type: ignore[union-attr]
            value = None if tag is None else tag.value
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise HeaderError(path, " ".join(reason.split())[:_LONGEST_REASON]) from error
    content = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if not isinstance(content, bytes):
        return header
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


def _is_last(tiff: Any) -> bool:
    try:
        tiff.pages[1]  # looks for the second page only, however many a hostile file chains
    except IndexError:
        return True
    return False
