"""What the specification asks of the axes of an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_backend_zarr.ngff.units import SPACE_UNITS, TIME_UNITS
from openhcs_host.plates.wording import shown

__all__ = ["check_axes", "check_axis_entries"]

_UNITS: Final = {"space": SPACE_UNITS, "time": TIME_UNITS}


def check_axes(found: object, where: str) -> Iterator[Finding]:
    """Yield what is wrong with a list of axes."""
    if not isinstance(found, list) or not 2 <= len(found) <= 5:
        yield error(where, "an image has two to five axes")
        return
    yield from check_axis_entries(found, where)
    axes = [entry for entry in found if isinstance(entry, dict)]
    kinds = [axis.get("type") for axis in axes]
    if not 2 <= kinds.count("space") <= 3:
        yield error(where, f"two or three axes are of type space, not {kinds.count('space')}")
    if kinds.count("time") > 1:
        yield error(where, "at most one axis is of type time")
    if len([kind for kind in kinds if kind not in ("space", "time")]) > 1:
        yield error(where, "at most one axis is of type channel, or of a type of its own instead")
    ranks = [{"time": 0, "space": 2}.get(kind, 1) if isinstance(kind, str) else 1 for kind in kinds]
    if ranks != sorted(ranks):
        yield error(where, "time comes first, then channel, then space")
    spatial = [axis.get("name") for axis in axes if axis.get("type") == "space"]
    if spatial not in (["z", "y", "x"], ["y", "x"]):
        yield warning(where, f"spatial axes should be z y x, or y x, not {shown(spatial)}")


def check_axis_entries(axes: list[Any], where: str) -> Iterator[Finding]:
    """Yield what is wrong with each axis by itself, and with their names together."""
    names = [axis.get("name") if isinstance(axis, dict) else None for axis in axes]
    for index, (axis, name) in enumerate(zip(axes, names, strict=True)):
        place = f"{where}[{index}]"
        if not isinstance(axis, dict) or not isinstance(name, str) or not name:
            yield error(f"{place}.name", f"an axis has a name, not {shown(name)}")
            continue
        kind, unit = axis.get("type"), axis.get("unit")
        if kind is not None and not isinstance(kind, str):
            yield error(f"{place}.type", f"the type of an axis is text, not {shown(kind)}")
        elif kind not in ("space", "time", "channel"):
            yield warning(f"{place}.type", f"the type should be space, time or channel, not {shown(kind)}")
        if unit is not None and not isinstance(unit, str):
            yield error(f"{place}.unit", f"the unit of an axis is text, not {shown(unit)}")
        elif unit is not None and isinstance(kind, str) and unit not in _UNITS.get(kind, {unit}):
            yield warning(f"{place}.unit", f"the unit of {kind} should be one of UDUNITS, not {shown(unit)}")
    if len(set(map(str, names))) != len(names):
        yield error(where, "no two axes have one name")
