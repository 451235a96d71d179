"""What a plate of ours records besides its NGFF document: the attribute ``openhcs`` of its group.

NGFF has no place for objective, exposure, times or the grid of sites. They stand beside the plate as they were
read from the microscope, so that the reading of a converted plate says all that the first one did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from openhcs_backend_zarr.ngff.kinds import as_list, as_object, as_text, integers, numbers
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Objective, Place, Plane, Planes, PlateReading
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import shown

__all__ = ["PlateRecord", "record_of", "recorded_facts"]


@attrs.frozen(kw_only=True)
class PlateRecord:
    """What is recorded; what is unknown is ``None`` or empty."""

    plate_shape: tuple[int, int] | None = None
    plate_type: str | None = None
    objective: Objective | None = None
    started: datetime | None = None
    time_offsets_s: Mapping[int, float] = attrs.field(factory=dict)
    grid: tuple[int, int] | None = None
    channels: Mapping[int, Channel] = attrs.field(factory=dict)
    pixel_size_um: float | None = None
    z_step_um: float | None = None
    site_positions_um: Mapping[int, tuple[float, float]] = attrs.field(factory=dict)
    well_site_positions_um: Mapping[tuple[str, int], tuple[float, float]] = attrs.field(factory=dict)
    z_positions_um: Mapping[int, float] = attrs.field(factory=dict)
    missing: tuple[Plane, ...] = ()
    problems: tuple[str, ...] = attrs.field(default=(), eq=False)
    """Facts that cannot be read, one sentence each; they count as unknown."""

    def position_um(self, well: str, site: int) -> tuple[float, float] | None:
        """Return the offset of a site's centre from its well's (x, y), µm, ``None`` if unknown."""
        return self.well_site_positions_um.get((well, site)) or self.site_positions_um.get(site)


def recorded_facts(reading: PlateReading) -> dict[str, Any]:
    """Return what is to be recorded of a plate, as JSON has it."""
    own: dict[str, dict[str, list[float]]] = {}
    for (well, site), position in reading.well_site_positions_um.items():
        own.setdefault(well, {})[str(site)] = list(position)
    facts: dict[str, Any] = {
        "microscope": reading.microscope,
        "plate_shape": None if reading.plate_shape is None else list(reading.plate_shape),
        "plate_type": reading.plate_type,
        "objective": None if reading.objective is None else _known(attrs.asdict(reading.objective)),
        "started": None if reading.started is None else reading.started.isoformat(),
        "time_offsets_s": {str(number): offset for number, offset in reading.time_offsets_s.items()},
        "grid": None if reading.grid is None else list(reading.grid),
        "channels": {
            str(number): _known(attrs.asdict(channel)) for number, channel in sorted(reading.channels.items())
        },
        "pixel_size_um": reading.pixel_size_um,
        "z_step_um": reading.z_step_um,
        "site_positions_um": {str(site): list(at) for site, at in sorted(reading.site_positions_um.items())},
        "well_site_positions_um": own,
        "z_positions_um": {str(number): height for number, height in reading.z_positions_um.items()},
        "missing": _patterns(reading.missing),
    }
    known = {key: value for key, value in facts.items() if value is not None}
    return {key: value for key, value in known.items() if key == "objective" or value not in ({}, [])}


def record_of(attributes: Mapping[str, Any]) -> PlateRecord:
    """Return what the attributes of a plate's group record; a fact of another kind than it should be is unknown."""
    recorded = attributes.get("openhcs")
    if not isinstance(recorded, dict):
        return PlateRecord()
    found: dict[str, Any] = {}
    problems = []
    for key, parse in _FACTS.items():
        if recorded.get(key) is None:
            continue
        try:
            found[key] = parse(recorded[key], f"openhcs.{key} of the plate")
        except (PlateError, ValueError) as error:
            problems.append(f"openhcs.{key} of the plate cannot be read and counts as unknown: {error}")
    return PlateRecord(**found, problems=tuple(problems))


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}


def _patterns(planes: Planes) -> list[dict[str, Any]]:
    """Return wells that have the same planes together."""
    patterns: dict[tuple[Place, ...], list[str]] = {}
    for well, places in planes.by_well.items():
        patterns.setdefault(tuple(places), []).append(well)
    return [
        {"wells": wells, "places": [list(place) for place in places]} for places, wells in patterns.items()
    ]


def _planes(found: object, where: str) -> tuple[Plane, ...]:
    planes = []
    for entry in as_list(found, where):
        content = as_object(entry, where)
        places = [integers(place, where, 4) for place in as_list(content.get("places"), where)]
        for well in as_list(content.get("wells"), where):
            name = as_text(well, where) or ""
            planes += [Plane(Coordinates(name, *place), "") for place in places]
    return tuple(planes)


def _number(found: object, where: str) -> float:
    return numbers([found], where, 1)[0]


def _positive(found: object, where: str) -> float:
    value = _number(found, where)
    if value <= 0:
        raise PlateError(f"{where} is {shown(found)} and should be more than zero")
    return value


def _pair(found: object, where: str) -> tuple[int, int]:
    rows, columns = integers(found, where, 2)
    if not (0 < rows < 1 << 31 and 0 < columns < 1 << 31):
        raise PlateError(f"{where} is {shown(found)} and should be rows and columns")
    return rows, columns


def _place(found: object, where: str) -> tuple[float, float]:
    x, y = numbers(found, where, 2)
    return x, y


def _text(found: object, where: str) -> str:
    return as_text(found, where) or ""


def _time(found: object, where: str) -> datetime:
    return datetime.fromisoformat(_text(found, where))


def _numbered(parse: Callable[[object, str], Any]) -> Callable[[object, str], dict[int, Any]]:
    def parsed(found: object, where: str) -> dict[int, Any]:
        return {int(key): parse(value, f"{where}.{key}") for key, value in as_object(found, where).items()}

    return parsed


def _by_well(found: object, where: str) -> dict[tuple[str, int], tuple[float, float]]:
    return {
        (well, site): position
        for well, sites in as_object(found, where).items()
        for site, position in _numbered(_place)(sites, f"{where}.{well}").items()
    }


def _channel(found: object, where: str) -> Channel:
    content = as_object(found, where)
    return Channel(
        name=as_text(content.get("name"), where),
        color=as_text(content.get("color"), where),
        **_optional(content, ("excitation_nm", "emission_nm", "exposure_ms"), where),
    )


def _objective(found: object, where: str) -> Objective:
    content = as_object(found, where)
    optical = _optional(content, ("magnification", "numerical_aperture"), where)
    return Objective(name=as_text(content.get("name"), where), **optical)


def _optional(content: Mapping[str, Any], keys: tuple[str, ...], where: str) -> dict[str, float]:
    return {key: _number(content[key], f"{where}.{key}") for key in keys if content.get(key) is not None}


_FACTS: Final[dict[str, Callable[[object, str], Any]]] = {
    "plate_shape": _pair,
    "plate_type": _text,
    "objective": _objective,
    "started": _time,
    "time_offsets_s": _numbered(_number),
    "grid": _pair,
    "channels": _numbered(_channel),
    "pixel_size_um": _positive,
    "z_step_um": _positive,
    "site_positions_um": _numbered(_place),
    "well_site_positions_um": _by_well,
    "z_positions_um": _numbered(_number),
    "missing": _planes,
}
