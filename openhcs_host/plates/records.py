"""What a plate's record in ``openhcs_metadata.json`` says of the acquisition, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from openhcs_host.contracts.microscopes import Channel, Objective, PlateReading
from openhcs_host.errors import MetadataError

__all__ = ["acquisition_fields", "acquisition_of", "component_fields"]


def acquisition_fields(reading: PlateReading) -> dict[str, Any]:
    """Return the fields of a record that do not depend on which images there are.

    ``docs/contracts/metadata.md`` lists them; what is unknown is null or empty, so that nothing of an
    earlier reading stays behind.
    """
    return {
        "plate_name": reading.plate_name,
        "plate_type": reading.plate_type,
        "plate_shape": list(reading.plate_shape) if reading.plate_shape else None,
        "grid_dimensions": list(reading.grid) if reading.grid else None,
        "pixel_size": reading.pixel_size_um,
        "z_step": reading.z_step_um,
        "objective": attrs.asdict(reading.objective) if reading.objective else None,
        "started": reading.started.isoformat() if reading.started else None,
        "time_offsets": _keyed(reading.time_offsets_s),
        "z_positions": _keyed(reading.z_positions_um),
        "site_positions": {str(site): list(xy) for site, xy in reading.site_positions_um.items()},
        "well_site_positions": [
            [well, site, *xy] for (well, site), xy in reading.well_site_positions_um.items()
        ],
        "channel_details": {
            str(number): attrs.asdict(channel) for number, channel in reading.channels.items()
        },
    }


def component_fields(reading: PlateReading) -> dict[str, Any]:
    """Return the fields of a record that list which channels, wells, sites, planes and time points there are."""
    return {
        "channels": {str(number): name for number, name in reading.channel_names.items()},
        "wells": dict.fromkeys(reading.wells),
        "sites": {str(site): None for site in reading.sites},
        "z_indexes": {str(z): None for z in reading.z_indexes},
        "timepoints": {str(t): None for t in reading.timepoints},
    }


def acquisition_of(record: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the arguments for ``PlateReading`` that a record gives; those it is silent on are absent.

    Records of other writers have fewer fields. A field of another shape is a ``MetadataError`` that
    names it and ``where``.
    """
    found: dict[str, Any] = {}
    for field, (name, parse) in _FIELDS.items():
        value = record.get(field)
        if value is None or value in ({}, []):
            continue
        try:
            found[name] = parse(value)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise MetadataError(f"{where}: the field {field!r} cannot be read: {error}") from error
    found["channels"] = _channels(record, where)
    return found


def _channels(record: Mapping[str, Any], where: str) -> dict[int, Channel]:
    names, details = record.get("channels") or {}, record.get("channel_details") or {}
    try:
        named = {int(number): Channel(name=_text(name)) for number, name in names.items()}
        detailed = {int(number): Channel(**facts) for number, facts in details.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise MetadataError(f"{where}: the channels cannot be read: {error}") from error
    return {**named, **detailed}


def _keyed(values: Mapping[int, float]) -> dict[str, float]:
    return {str(number): value for number, value in values.items()}


def _numbered(values: Mapping[str, Any]) -> dict[int, float]:
    return {int(number): float(value) for number, value in values.items()}


def _pair(value: Any) -> tuple[int, int]:
    first, second = value
    return int(first), int(second)


def _places(values: Mapping[str, Any]) -> dict[int, tuple[float, float]]:
    return {int(site): (float(x), float(y)) for site, (x, y) in values.items()}


def _well_places(values: list[Any]) -> dict[tuple[str, int], tuple[float, float]]:
    return {(str(well), int(site)): (float(x), float(y)) for well, site, x, y in values}


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value or None


def _objective(value: Mapping[str, Any]) -> Objective:
    return Objective(**value)


_FIELDS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "plate_name": ("plate_name", _text),
    "plate_type": ("plate_type", _text),
    "plate_shape": ("plate_shape", _pair),
    "grid_dimensions": ("grid", _pair),
    "pixel_size": ("pixel_size_um", float),
    "z_step": ("z_step_um", float),
    "objective": ("objective", _objective),
    "started": ("started", datetime.fromisoformat),
    "time_offsets": ("time_offsets_s", _numbered),
    "z_positions": ("z_positions_um", _numbered),
    "site_positions": ("site_positions_um", _places),
    "well_site_positions": ("well_site_positions_um", _well_places),
}
