"""What is known of a plate before its images come, kept beside the plate's document as ``openhcs``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from openhcs_backend_zarr.config import NgffVersion
from openhcs_backend_zarr.describing import Known
from openhcs_backend_zarr.groups import Group, Groups
from openhcs_backend_zarr.ngff.parsing import parse_plate
from openhcs_backend_zarr.ngff.physical import plate_of, well_of
from openhcs_backend_zarr.ngff.writing import plate_attributes
from openhcs_backend_zarr.plate_documents import plate_group, update_plate
from openhcs_host.contracts.microscopes import PlateReading

__all__ = ["known_before", "prepare"]


def prepare(groups: Groups, root: str, reading: PlateReading, version: NgffVersion, *, power: bool) -> None:
    """Write name, physical shape, channels and geometry of a plate into the document of its folder."""

    def change(group: Group | None) -> Mapping[str, Any]:
        listed: set[str] = set()
        count, format_version = None, version
        if group is not None:
            before = parse_plate(group.attributes, group.document)
            listed = {well for known in before.wells if (well := well_of(known.path)) is not None}
            count, format_version = before.field_count, "0.5" if group.zarr_format == 3 else "0.4"
        plate = plate_of(
            listed or set(reading.wells),
            shape=reading.plate_shape,
            name=reading.plate_name,
            field_count=count,
            version=format_version,
        )
        if not listed:
            plate = attrs.evolve(plate, wells=())
        attributes = {} if group is None else dict(group.attributes)
        return {**attributes, **plate_attributes(plate), "openhcs": _recorded(reading)}

    update_plate(groups, root, version, change, power=power)


def known_before(groups: Groups, root: str, well: str) -> Callable[[int], Known]:
    """Return what was prepared for the sites of a well."""
    group = plate_group(groups, root)
    recorded = None if group is None else group.attributes.get("openhcs")
    if not isinstance(recorded, dict) or not recorded:
        return lambda _: Known()
    channels = {int(number): said for number, said in recorded.get("channels", {}).items()}
    names = {number: said["name"] for number, said in channels.items() if said.get("name")}
    colors = {number: said["color"] for number, said in channels.items() if said.get("color")}
    positions = recorded.get("site_positions_um", {})
    own = recorded.get("well_site_positions_um", {}).get(well, {})

    def known(site: int) -> Known:
        position = own.get(str(site)) or positions.get(str(site))
        return Known(
            pixel_size_um=recorded.get("pixel_size_um"),
            z_step_um=recorded.get("z_step_um"),
            position_um=None if position is None else (position[0], position[1]),
            names=names,
            colors=colors,
        )

    return known


def _recorded(reading: PlateReading) -> dict[str, Any]:
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
    }
    return {key: value for key, value in facts.items() if value is not None and value != {}}


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}
