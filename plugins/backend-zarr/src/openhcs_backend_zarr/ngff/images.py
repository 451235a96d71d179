"""Documents of images, to the model: axes, levels, display, and what we recorded.

The images of a plate mostly say the same but for their positions, so an ``ImageParser`` keeps the parts it
has parsed and gives them again while the JSON stays equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from openhcs_backend_zarr.ngff.coordinate_systems import intrinsic_axes, single_steps
from openhcs_backend_zarr.ngff.documents import check_key
from openhcs_backend_zarr.ngff.kinds import as_list, as_object, as_text, integers, numbers, section
from openhcs_backend_zarr.ngff.model import (
    DEFAULT_EXTENSION,
    Axis,
    Dataset,
    Image,
    OmeroChannel,
    Recorded,
    Window,
)
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import shown

__all__ = ["ImageParser", "parse_recorded"]

_COLOR: Final = re.compile(r"#?([0-9A-Fa-f]{6})\Z")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9.]+\Z")
_LONGEST_EDGE: Final = 1 << 31  # pixels; no array library counts further along one axis of an image
_MOST_AXES: Final = 8  # more than any version allows; others are refused before they are understood
_T = TypeVar("_T")


class _Last(Generic[_T]):
    """Parses, or gives the last result again if the same was given."""

    def __init__(self, parse: Callable[[Any, str], _T]) -> None:
        self._parse = parse
        self._raw: Any = self  # equal to no JSON
        self._parsed: _T

    def __call__(self, raw: Any, where: str) -> _T:
        if raw != self._raw:
            self._parsed = self._parse(raw, where)
            self._raw = raw
        return self._parsed


class ImageParser:
    """Parses the attributes of image groups; one per plate and thread.

    With ``brief`` only what the reading of a plate needs: the full level, and channels without windows.
    """

    def __init__(self, *, brief: bool = False) -> None:
        self._brief = brief
        self._axes = _Last(_axes)
        self._channels = _Last(_channels)
        self._recorded = _Last(parse_recorded)

    def __call__(self, attributes: Mapping[str, Any], where: str) -> Image:
        """Return the first image of a group; a document that describes none is a ``PlateError``."""
        found, version = section(attributes, "multiscales")
        if found is None:
            raise PlateError(f"{where} describes no image")
        if not isinstance(found, list) or not found:
            raise PlateError(f"{where}: multiscales is {shown(found)} and should be a list of images")
        multiscale = as_object(found[0], where)
        axes = self._axes(intrinsic_axes(multiscale, where), where)
        omero, _ = section(attributes, "omero")
        ours = attributes.get("openhcs")
        recorded, white = (None, ()) if ours is None else self._recorded(ours, where)
        return Image(
            axes=axes,
            datasets=_datasets(multiscale, len(axes), where, only_first=self._brief),
            channels=None if omero is None else self._channels((self._shown(omero, where), white), where),
            name=as_text(multiscale.get("name"), where),
            version=version,
            recorded=recorded,
        )

    def _shown(self, omero: object, where: str) -> list[Any]:
        """Return the raw channels; windows differ from image to image, so that no two were equal with them."""
        listed = as_list(as_object(omero, where).get("channels"), where)
        if not self._brief:
            return listed
        return [
            {"label": entry.get("label"), "color": entry.get("color")} if isinstance(entry, dict) else entry
            for entry in listed
        ]


def _axes(found: object, where: str) -> tuple[Axis, ...]:
    items = as_list(found, f"{where}: axes")
    if not 2 <= len(items) <= _MOST_AXES:
        raise PlateError(f"{where} describes an image of {len(items)} axes; there are 2 to 5")
    axes = []
    for index, entry in enumerate(items):
        place = f"{where}: axes[{index}]"
        content = {"name": entry} if isinstance(entry, str) else as_object(entry, place)  # 0.3 had names only
        name = as_text(content.get("name"), f"{place}.name")
        if not name:
            raise PlateError(f"{place} has no name")
        kind, unit = (as_text(content.get(key), f"{place}.{key}") for key in ("type", "unit"))
        axes.append(Axis(name, kind, unit))
    if len({axis.name.lower() for axis in axes}) != len(axes):
        raise PlateError(f"{where}: two axes have one name")
    return tuple(axes)


def _datasets(multiscale: dict[str, Any], axes: int, where: str, *, only_first: bool) -> tuple[Dataset, ...]:
    listed = multiscale.get("datasets")
    if not isinstance(listed, list) or not listed:
        raise PlateError(f"{where}: datasets is {shown(listed)} and should be a list of levels")
    after = None
    if "coordinateTransformations" in multiscale and "coordinateSystems" not in multiscale:
        after = _steps(multiscale["coordinateTransformations"], axes, f"{where}: multiscales[0]")
    place = f"{where}: datasets"
    datasets = []
    for entry in listed[:1] if only_first else listed:
        content = as_object(entry, place)
        path = content.get("path")
        if not isinstance(path, str):
            raise PlateError(f"{place}: {shown(path)} is no path of a level")
        scale, translation = _steps(single_steps(content), axes, place)
        if after is not None:
            scale, translation = _composed(scale, translation, *after)
        datasets.append(Dataset(check_key(path, place), scale, translation))
    return tuple(datasets)


_Vector = tuple[float, ...] | None


def _steps(found: object, axes: int, where: str) -> tuple[_Vector, _Vector]:
    """Return scale and translation; one that is left out, or kept in an array, is unknown."""
    scale: _Vector = None
    translation: _Vector = None
    for step in () if found is None else as_list(found, where):
        content = as_object(step, where)
        kind = content.get("type")
        if kind == "scale" and "scale" in content:
            scale = numbers(content["scale"], where, axes)
        elif kind == "translation" and "translation" in content:
            translation = numbers(content["translation"], where, axes)
        elif kind == "identity":
            scale = (1.0,) * axes
    return scale, translation


def _composed(scale: _Vector, shift: _Vector, scale2: _Vector, shift2: _Vector) -> tuple[_Vector, _Vector]:
    """Return what two pairs of scale and translation do one after the other."""
    if scale is None and scale2 is None:
        return None, shift if shift2 is None else shift2
    axes = len(scale or scale2 or ())
    one, none = (1.0,) * axes, (0.0,) * axes
    total = tuple(a * b for a, b in zip(scale or one, scale2 or one, strict=True))
    if shift is None and shift2 is None:
        return total, None
    moved = zip(shift or none, scale2 or one, shift2 or none, strict=True)
    return total, tuple(a * b + c for a, b, c in moved)


def _channels(found: tuple[list[Any], tuple[int, ...]], where: str) -> tuple[OmeroChannel, ...]:
    listed, white = found
    channels = []
    for index, entry in enumerate(listed):
        place = f"{where}: omero.channels[{index}]"
        content = as_object(entry, place)
        color = as_text(content.get("color"), f"{place}.color")
        match = _COLOR.match(color) if color is not None else None
        label = content.get("label")
        if isinstance(label, int):
            label = str(label)  # wavelengths, written as numbers
        channels.append(
            OmeroChannel(
                label=as_text(label, f"{place}.label"),
                color=match[1].upper() if match and index not in white else None,
                window=_window(content.get("window"), f"{place}.window"),
                active=content.get("active") is not False,
            )
        )
    return tuple(channels)


def _window(found: object, where: str) -> Window | None:
    if found is None:
        return None
    content = as_object(found, where)
    ends = [content.get(key) for key in ("start", "end", "min", "max")]
    if None in ends:  # written half by some; nothing but display depends on it
        return None
    return Window(*numbers(ends, where, 4))


def parse_recorded(found: object, where: str) -> tuple[Recorded, tuple[int, ...]]:
    """Return what we recorded of an image, and the indices of channels that are white for want of a colour."""
    place = f"{where}: openhcs"
    content = as_object(found, place)
    counts = [
        _distinct(content.get(key), f"{place}.{key}") for key in ("channels", "z_indexes", "timepoints")
    ]
    extension = content.get("extension", DEFAULT_EXTENSION)
    if not isinstance(extension, str) or not _EXTENSION.match(extension):
        raise PlateError(f"{place}.extension is {shown(extension)} and should be like '.tif'")
    absent = [
        integers(entry, f"{place}.absent[{index}]", 3)
        for index, entry in enumerate(as_list(content.get("absent", []), f"{place}.absent"))
    ]
    size = None if "size" not in content else integers(content["size"], f"{place}.size", 2)
    if size is not None and not all(1 <= extent < _LONGEST_EDGE for extent in size):
        raise PlateError(f"{place}.size is {shown(content['size'])}, which is no size of an image")
    recorded = Recorded(
        channels=counts[0],
        z_indexes=counts[1],
        timepoints=counts[2],
        absent=tuple((t, c, z) for t, c, z in absent),
        extension=extension,
        size=None if size is None else (size[0], size[1]),
    )
    return recorded, integers(content.get("uncolored", []), f"{place}.uncolored")


def _distinct(found: object, where: str) -> tuple[int, ...]:
    items = integers(found, where)
    if not items or len(set(items)) != len(items) or min(items) < 0:
        raise PlateError(f"{where} is {shown(found)} and should be distinct numbers")
    return items
