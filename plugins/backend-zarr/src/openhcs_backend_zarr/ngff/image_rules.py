"""What the specification asks of the document of an image, by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from openhcs_backend_zarr.ngff.axis_rules import check_axes
from openhcs_backend_zarr.ngff.draft_rules import check_draft_multiscale
from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_host.plates.wording import shown

__all__ = ["check_multiscales", "check_omero"]

_COLOR: Final = re.compile(r"[0-9A-Fa-f]{6}\Z")
_ALLOWED: Final = ("scale", "translation")


def check_multiscales(content: object, version: str | None, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``multiscales``."""
    if not isinstance(content, list) or not content:
        yield error(where, "an image is described by a list, of one entry at least")
        return
    for index, multiscale in enumerate(content):
        place = f"{where}[{index}]"
        if not isinstance(multiscale, dict):
            yield error(place, f"an image is described by an object, not by {shown(multiscale)}")
        elif version in (None, "0.4", "0.5"):
            yield from _check_multiscale(multiscale, version, place)
        else:
            yield from check_draft_multiscale(multiscale, place)


def check_omero(content: object, version: str | None, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``omero``."""
    channels = content.get("channels") if isinstance(content, dict) else None
    if not isinstance(channels, list):
        yield error(f"{where}.channels", "display settings list the channels")
        return
    required = version in (None, "0.4", "0.5")
    for index, entry in enumerate(channels):
        place = f"{where}.channels[{index}]"
        channel = entry if isinstance(entry, dict) else {}
        color = channel.get("color")
        if (required or "color" in channel) and not (isinstance(color, str) and _COLOR.match(color)):
            yield error(f"{place}.color", f"a channel's colour is six hexadecimal digits, not {shown(color)}")
        if required or "window" in channel:
            yield from _check_window(channel.get("window"), f"{place}.window")
        if "label" in channel and not isinstance(channel["label"], str):
            yield error(f"{place}.label", f"a channel's label is text, not {shown(channel['label'])}")


def _check_multiscale(multiscale: dict[str, Any], version: str | None, where: str) -> Iterator[Finding]:
    if not isinstance(multiscale.get("name"), str):
        yield warning(f"{where}.name", "an image should have a name")
    if version == "0.4" and not isinstance(multiscale.get("version"), str):
        yield warning(f"{where}.version", "an image should state the version of its description")
    axes = multiscale.get("axes")
    yield from check_axes(axes, f"{where}.axes")
    count = len(axes) if isinstance(axes, list) else 0
    datasets = multiscale.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        yield error(f"{where}.datasets", "an image lists its resolution levels, at least one")
        return
    scales = []
    for index, dataset in enumerate(datasets):
        place = f"{where}.datasets[{index}]"
        level = dataset if isinstance(dataset, dict) else {}
        if not isinstance(level.get("path"), str):
            yield error(f"{place}.path", f"a level has the path of its array, not {shown(level.get('path'))}")
        steps = level.get("coordinateTransformations")
        yield from _check_steps(steps, count, f"{place}.coordinateTransformations")
        scales.append(_scale(steps))
    for (index, large), small in zip(enumerate(scales), scales[1:], strict=False):
        if large and small and any(a > b for a, b in zip(large, small, strict=False)):
            yield error(
                f"{where}.datasets[{index + 1}]", "levels are listed from the largest to the smallest"
            )
    paths = [str(level.get("path")) for level in datasets if isinstance(level, dict)]
    if any(a == b for a, b in pairwise(sorted(paths))):
        yield error(f"{where}.datasets", "no two levels are one array")
    if "coordinateTransformations" in multiscale:
        place = f"{where}.coordinateTransformations"
        yield from _check_steps(multiscale["coordinateTransformations"], count, place)


def _check_steps(found: object, axes: int, where: str) -> Iterator[Finding]:
    """Check for one scale, then at most one translation, each with a number per axis."""
    steps = found if isinstance(found, list) else []
    kinds = [step.get("type") if isinstance(step, dict) else None for step in steps]
    if any(kind not in _ALLOWED for kind in kinds):
        yield error(where, f"a level is transformed by scale and translation only, not by {shown(kinds)}")
    elif kinds not in (["scale"], ["scale", "translation"]):
        yield error(
            where, f"there is exactly one scale, and at most one translation after it, not {shown(kinds)}"
        )
    for step, kind in zip(steps, kinds, strict=True):
        if kind not in _ALLOWED or "path" in step:
            continue
        values = step.get(kind)
        if not isinstance(values, list) or not all(map(_number, values)):
            yield error(where, f"a {kind} is a list of numbers, not {shown(values)}")
        elif axes and len(values) != axes:
            yield error(where, f"a {kind} has one number per axis: {axes}, not {len(values)}")
        elif kind == "scale" and any(value <= 0 for value in values):
            yield error(where, f"a scale is greater than zero, not {shown(values)}")


def _scale(found: object) -> list[float] | None:
    steps = found if isinstance(found, list) else []
    values = next((s.get("scale") for s in steps if isinstance(s, dict) and s.get("type") == "scale"), None)
    return values if isinstance(values, list) and all(map(_number, values)) else None


def _check_window(found: object, where: str) -> Iterator[Finding]:
    window = found if isinstance(found, dict) else {}
    wrong = [key for key in ("start", "end", "min", "max") if not _number(window.get(key))]
    if wrong:
        yield error(where, f"a window has the numbers start, end, min and max; {', '.join(wrong)} is none")


def _number(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
