"""What NGFF documents say, version 0.4 and 0.5 alike.

The classes name what the specification names (https://ngff.openmicroscopy.org/0.5/). Optional parts are
``None`` where a document leaves them out.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = [
    "DEFAULT_EXTENSION",
    "Acquisition",
    "Axis",
    "Dataset",
    "Image",
    "ImageRef",
    "LabelImage",
    "OmeroChannel",
    "Plate",
    "Recorded",
    "Well",
    "WellRef",
    "Window",
]

DEFAULT_EXTENSION = ".tif"
"""Ends the logical names of images that were saved under no name of ours."""


@attrs.frozen
class WellRef:
    """One well in the list of its plate."""

    path: str
    """Row and column: ``B/02``."""
    row_index: int
    """Place of its row in the plate's rows, from 0."""
    column_index: int
    """Place of its column in the plate's columns, from 0."""


@attrs.frozen
class Acquisition:
    """One run of the microscope over the plate."""

    id: int
    """From 0, unique in the plate."""
    name: str | None = None
    """For people."""
    maximum_field_count: int | None = None
    """Most fields that any well has of it."""


@attrs.frozen(kw_only=True)
class Plate:
    """The document of a plate."""

    name: str | None = None
    """The plate's name."""
    rows: tuple[str, ...]
    """Names of all rows of the physical plate, imaged or not."""
    columns: tuple[str, ...]
    """Names of all columns of the physical plate, imaged or not."""
    wells: tuple[WellRef, ...]
    """The wells that hold images."""
    field_count: int | None = None
    """Most fields of any well."""
    acquisitions: tuple[Acquisition, ...] = ()
    """Runs of the microscope; empty where the document lists none."""
    version: str | None = None
    """NGFF version that the document states."""


@attrs.frozen
class ImageRef:
    """One field of view in the list of its well."""

    path: str
    """Name of its group in the well's."""
    acquisition: int | None = None
    """Identifier of the acquisition."""


@attrs.frozen
class Well:
    """The document of a well."""

    images: tuple[ImageRef, ...]
    """The fields of view."""
    version: str | None = None
    """NGFF version that the document states."""


@attrs.frozen(cache_hash=True)
class Axis:
    """One dimension of an image."""

    name: str
    """``t``, ``c``, ``z``, ``y``, ``x`` in ours."""
    type: str | None = None
    """``time``, ``channel`` or ``space``."""
    unit: str | None = None
    """A name from UDUNITS-2, ``micrometer``; ``None`` where the scale means nothing physical."""


@attrs.frozen
class Dataset:
    """One resolution level."""

    path: str
    """Array, relative to the image's group."""
    scale: tuple[float, ...] | None
    """Distance of neighbouring pixels along each axis, in its unit."""
    translation: tuple[float, ...] | None = None
    """Place of the first pixel's centre along each axis, in its unit."""


@attrs.frozen
class Window:
    """Display range of a channel, in pixel values."""

    start: float
    """Value shown black."""
    end: float
    """Value shown brightest."""
    min: float
    """Least value that may be chosen."""
    max: float
    """Greatest value that may be chosen."""


@attrs.frozen(kw_only=True, cache_hash=True)
class OmeroChannel:
    """How a channel is called and shown."""

    label: str | None = None
    """Name of the channel."""
    color: str | None = None
    """Six hexadecimal digits."""
    window: Window | None = None
    """Display range."""
    active: bool = True
    """Whether viewers show it at first."""


@attrs.frozen(kw_only=True, cache_hash=True)
class Recorded:
    """What NGFF has no place for: the attribute ``openhcs`` beside ``ome``."""

    channels: tuple[int, ...]
    """Channel number of each index along c."""
    z_indexes: tuple[int, ...]
    """Plane number of each index along z."""
    timepoints: tuple[int, ...]
    """Time point of each index along t."""
    absent: tuple[tuple[int, int, int], ...] = ()
    """Indices (t, c, z) of planes that were never saved."""
    extension: str = DEFAULT_EXTENSION
    """Ends the logical names of the planes."""
    size: tuple[int, int] | None = None
    """Height and width in pixels, so that no array need be opened to know where the field's centre is."""


@attrs.frozen(kw_only=True)
class Image:
    """The document of an image group."""

    axes: tuple[Axis, ...]
    """Dimensions, outermost first."""
    datasets: tuple[Dataset, ...]
    """Resolution levels, the full one first."""
    channels: tuple[OmeroChannel, ...] | None = None
    """One entry per index along c; ``None`` where the document says nothing of display."""
    name: str | None = None
    """For people."""
    version: str | None = None
    """NGFF version that the document states."""
    recorded: Recorded | None = None
    """Numbers and gaps, if we wrote it."""


@attrs.frozen(kw_only=True)
class LabelImage:
    """What a label image says besides being an image: ``image-label``."""

    colors: Mapping[int, tuple[int, int, int, int] | None] = attrs.field(factory=dict)
    """Label value to red, green, blue, alpha; ``None`` where only the value is listed."""
    source: str | None = None
    """Path to the image that it labels, relative to the label image's group."""
    version: str | None = None
    """NGFF version that the document states."""
