"""One field of view of a plate: which planes it has, and where each lies in an array.

Ours say so themselves; of others' the array is asked for its shape, and channels, planes and time points
are counted from 1.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from openhcs_backend_zarr.ngff.documents import Documents
from openhcs_backend_zarr.ngff.geometry import centre
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.kinds import integers
from openhcs_backend_zarr.ngff.model import Axis, Image, Recorded
from openhcs_backend_zarr.ngff.units import micrometers
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import shown

__all__ = ["MOST_PLANES", "Field", "Spot", "array_shape", "field_of", "length_um"]

MOST_PLANES: Final = 4_000_000
"""Planes of one field; a document that claims more is refused before they are counted out."""

_PLANE_AXES: Final = ("y", "x")

Spot = tuple[int, int, int]
"""Channel, z and time point of a plane within its field."""


@attrs.frozen(kw_only=True)
class Field:
    """A field of view as it lies in a store."""

    site: int
    """Its number in the plate."""
    arrays: tuple[str, ...]
    """Arrays of its resolution levels, the full one first, relative to the store."""
    image: Image | None = None
    """Its document; none where the predecessor wrote an array instead of an image group."""
    recorded: Recorded
    """Numbers of its channels, planes and time points, and the planes that do not exist."""
    axes: str = "tczyx"
    """Letters of the array's axes, outermost first."""
    size: tuple[int, int] | None = None
    """Height and width in pixels."""
    named: Mapping[Spot, tuple[int, ...]] | None = None
    """Indices of planes that are found by name only: the predecessor's."""

    def spots(self) -> Iterator[Spot]:
        """Yield channel, z and time point of every plane, in order."""
        if self.named is not None:
            yield from sorted(self.named)
            return
        absent = set(self.recorded.absent)
        channels, heights, times = (
            sorted((number, index) for index, number in enumerate(numbers))
            for numbers in (self.recorded.channels, self.recorded.z_indexes, self.recorded.timepoints)
        )
        for (channel, c), (z_index, z), (timepoint, t) in itertools.product(channels, heights, times):
            if (t, c, z) not in absent:
                yield channel, z_index, timepoint

    def index(self, channel: int, z_index: int, timepoint: int) -> tuple[int, ...] | None:
        """Return where a plane lies along all axes but y and x, ``None`` if there is no such plane."""
        if self.named is not None:
            return self.named.get((channel, z_index, timepoint))
        recorded = self.recorded
        try:
            place = {
                "t": recorded.timepoints.index(timepoint),
                "c": recorded.channels.index(channel),
                "z": recorded.z_indexes.index(z_index),
            }
        except ValueError:
            return None
        if (place["t"], place["c"], place["z"]) in recorded.absent:
            return None
        return tuple(place.get(letter, 0) for letter in self.axes[:-2])

    def position_um(self) -> tuple[float, float] | None:
        """Return the offset of its centre (x, y), µm, ``None`` where nothing says it."""
        if self.image is None or self.size is None:
            return None
        translation, pixel = self.image.datasets[0].translation, self.length_um("x")
        if translation is None or pixel is None:
            return None
        x, y = (micrometers(self.image.axes[number].unit) for number in (-1, -2))
        if x is None or y is None:
            return None
        return centre((translation[-1] * x, translation[-2] * y), self.size, pixel)

    def length_um(self, letter: str) -> float | None:
        """Return the scale along an axis in µm, ``None`` where it or its unit is unknown."""
        return (
            None if self.image is None else length_um(self.image.axes, self.image.datasets[0].scale, letter)
        )


@functools.lru_cache(maxsize=1024)
def length_um(axes: tuple[Axis, ...], scale: tuple[float, ...] | None, letter: str) -> float | None:
    """Return the scale along the axis of a letter in µm, to 1e-9; ``None`` if it or its unit is unknown."""
    number = next((number for number, axis in enumerate(axes) if axis.name.lower() == letter), None)
    if number is None or scale is None:
        return None
    unit = micrometers(axes[number].unit)
    return None if unit is None else round(scale[number] * unit, 9)


def field_of(
    documents: Documents, parse: ImageParser, attributes: Mapping[str, Any], path: str, site: int
) -> Field:
    """Return the field whose group, at ``path``, has these attributes.

    One that describes no image, or has axes that cannot be read plane by plane, is a ``PlateError``.
    """
    image = parse(attributes, path)
    axes = _letters(image.axes)
    arrays = tuple(f"{path}/{dataset.path}" for dataset in image.datasets)
    recorded = image.recorded
    if recorded is not None:
        _refuse_absurd((recorded.channels, recorded.z_indexes, recorded.timepoints), path)
    if recorded is not None and axes == "tczyx":
        size = recorded.size or array_shape(documents, arrays[0], 5)[-2:]
        return Field(site=site, arrays=arrays, image=image, recorded=recorded, size=(size[0], size[1]))
    shape = array_shape(documents, arrays[0], len(axes))
    _refuse_further_axes(axes, shape, path)
    return Field(
        site=site,
        arrays=arrays,
        image=image,
        recorded=recorded or _counted_from_one(axes, shape, path),
        axes=axes,
        size=(shape[-2], shape[-1]),
    )


def _counted_from_one(axes: str, shape: tuple[int, ...], where: str) -> Recorded:
    """Return numbers from 1 along the axes of an array; one that it lacks has the number 1."""
    extents = {letter: shape[axes.index(letter)] if letter in axes else 1 for letter in "tcz"}
    times, channels, heights = (range(1, extents[letter] + 1) for letter in "tcz")
    _refuse_absurd((times, channels, heights), where)
    return Recorded(channels=tuple(channels), z_indexes=tuple(heights), timepoints=tuple(times))


def _refuse_absurd(numbers: Iterable[Sequence[int]], where: str) -> None:
    # By start and end: a range may be longer than what len can say.
    planes = math.prod(part[-1] - part[0] + 1 if isinstance(part, range) else len(part) for part in numbers)
    if planes > MOST_PLANES:
        raise PlateError(f"{where} claims {planes} planes; no field has so many")


def array_shape(documents: Documents, path: str, axes: int) -> tuple[int, ...]:
    """Return the shape of an array from its document; without one of that many axes, a ``PlateError``."""
    document = documents.array(path)
    if document is None:
        raise PlateError(f"{path} is named as an array and there is none")
    shape = integers(document.get("shape"), f"{path}: shape")
    if len(shape) != axes or min(shape) < 1:
        raise PlateError(f"{path} has the shape {shown(shape)} and its image {axes} axes")
    return shape


@functools.lru_cache(maxsize=256)  # the images of a plate mostly have the same
def _letters(axes: tuple[Axis, ...]) -> str:
    """Return one letter per axis; others that are neither t, c nor z are ``?``."""
    names = [axis.name.lower() for axis in axes]
    if tuple(names[-2:]) != _PLANE_AXES:
        raise PlateError(f"the axes are {' '.join(names)}; planes can be read where y and x come last")
    return "".join(name if name in ("t", "c", "z") else "?" for name in names[:-2]) + "yx"


def _refuse_further_axes(axes: str, shape: tuple[int, ...], where: str) -> None:
    further = [extent for letter, extent in zip(axes, shape, strict=True) if letter == "?"]
    if any(extent > 1 for extent in further):
        raise PlateError(f"{where} has an axis besides t, c, z, y and x; its images have no coordinates here")
