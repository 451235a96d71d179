"""What an image's document says: sizes, position, channels, display windows, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs
import numpy as np

from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.fields import Field, Spot
from openhcs_backend_zarr.grid import Grid
from openhcs_backend_zarr.ngff.geometry import axes_of, levels_of
from openhcs_backend_zarr.ngff.model import Image, OmeroChannel, Recorded, Window
from openhcs_backend_zarr.ngff.writing import image_attributes
from openhcs_backend_zarr.objects import Range
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import BatchError

__all__ = ["LAYOUT_KEYS", "Known", "attributes_of", "known_of", "layout_of", "said_by"]

LAYOUT_KEYS: Final = ("chunk_strategy", "compressor", "compression_level", "shard_bytes")
"""Parts of the configuration that an image records, so that it grows as it was written."""

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Known:
    """What is known of an image besides its pixels; ``None`` means unknown."""

    pixel_size_um: float | None = None
    z_step_um: float | None = None
    position_um: tuple[float, float] | None = None
    names: Mapping[int, str] = attrs.field(factory=dict)
    """Channel to its name."""
    colors: Mapping[int, str] = attrs.field(factory=dict)
    """Channel to its colour."""
    windows: Mapping[int, Range] = attrs.field(factory=dict)
    """Channel to the range of its pixels."""

    def over(self, other: Known) -> Known:
        """Return what is known here, and what only ``other`` knows."""
        return Known(
            pixel_size_um=_first(self.pixel_size_um, other.pixel_size_um),
            z_step_um=_first(self.z_step_um, other.z_step_um),
            position_um=_first(self.position_um, other.position_um),
            names={**other.names, **self.names},
            colors={**other.colors, **self.colors},
            windows={**other.windows, **self.windows},
        )

    def widened(self, ranges: Mapping[int, Range]) -> Known:
        """Return the same with display windows that show these values as well."""
        windows = dict(self.windows)
        for channel, (low, high) in ranges.items():
            before = windows.get(channel, (low, high))
            windows[channel] = min(low, before[0]), max(high, before[1])
        return attrs.evolve(self, windows=windows)


def said_by(images: Sequence[tuple[Spot, ImageMetadata]], where: str) -> Known:
    """Return what the images of one field say; contradictions are a ``BatchError`` naming ``where``."""
    names: dict[int, str] = {}
    colors: dict[int, str] = {}
    for (channel, _, _), image in images:
        for known, said in ((names, image.channel_name), (colors, image.channel_color)):
            if said is not None and known.setdefault(channel, said) != said:
                raise BatchError(
                    f"{where} has {known[channel]!r} and {said!r} for channel {channel}; nothing was saved"
                )
    said_of = [image for _, image in images]
    return Known(
        pixel_size_um=_common([image.pixel_size_um for image in said_of], where, "pixel sizes"),
        z_step_um=_common([image.z_step_um for image in said_of], where, "z steps"),
        position_um=_common([image.position_um for image in said_of], where, "positions"),
        names=names,
        colors=colors,
    )


def known_of(field: Field) -> Known:
    """Return what the document of a stored field says."""
    names, colors, windows = {}, {}, {}
    shown = (field.image.channels if field.image is not None else None) or ()
    for number, channel in zip(field.recorded.channels, shown, strict=False):
        if channel.label is not None:
            names[number] = channel.label
        if channel.color is not None:
            colors[number] = channel.color
        if channel.window is not None:
            windows[number] = channel.window.start, channel.window.end
    return Known(
        pixel_size_um=field.length_um("x"),
        z_step_um=field.length_um("z"),
        position_um=field.position_um(),
        names=names,
        colors=colors,
        windows=windows,
    )


def attributes_of(
    known: Known,
    grid: Grid,
    absent: Sequence[tuple[int, int, int]],
    size: tuple[int, int],
    dtype: np.dtype[Any],
    levels: int,
    extension: str,
    name: str | None,
    config: ZarrConfig,
) -> dict[str, Any]:
    """Return the attributes of an image's group."""
    image = Image(
        axes=axes_of(known.pixel_size_um, known.z_step_um),
        datasets=levels_of(
            size, known.pixel_size_um, known.z_step_um, known.position_um, [1 << n for n in range(levels)]
        ),
        channels=tuple(_channel(known, number, dtype) for number in grid.channels),
        name=name,
        version=config.ngff_version,
        recorded=Recorded(
            channels=grid.channels,
            z_indexes=grid.z_indexes,
            timepoints=grid.timepoints,
            absent=tuple(sorted(absent)),
            extension=extension,
            size=size,
        ),
    )
    attributes = image_attributes(image)
    attributes["openhcs"]["layout"] = layout_of(dtype, config)
    return attributes


def layout_of(dtype: np.dtype[Any], config: ZarrConfig) -> dict[str, Any]:
    """Return what an image records of how it is written."""
    settings = attrs.asdict(config)
    return {"dtype": dtype.name, **{key: _plain(settings[key]) for key in LAYOUT_KEYS}}


def _channel(known: Known, number: int, dtype: np.dtype[Any]) -> OmeroChannel:
    window = None
    if dtype.kind in "biu":
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        start, end = known.windows.get(number, (low, high))
        window = Window(start, end, int(low), int(high))
    else:
        start, end = known.windows.get(number, (0.0, 1.0))
        window = Window(start, end, start, end)
    return OmeroChannel(label=known.names.get(number), color=known.colors.get(number), window=window)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _first(one: T | None, other: T | None) -> T | None:
    return other if one is None else one


def _common(values: Sequence[T | None], where: str, what: str) -> T | None:
    distinct = {value for value in values if value is not None}
    if len(distinct) > 1:
        one, other, *_ = sorted(distinct, key=str)
        raise BatchError(f"the images of {where} have different {what}: {one} and {other}; nothing was saved")
    return distinct.pop() if distinct else None
