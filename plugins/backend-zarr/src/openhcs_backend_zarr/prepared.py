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
from openhcs_backend_zarr.plate_records import PlateRecord, record_of, recorded_facts
from openhcs_host.contracts.microscopes import PlateReading

__all__ = ["known_before", "prepare", "preparing"]


def prepare(groups: Groups, root: str, reading: PlateReading, version: NgffVersion, *, power: bool) -> None:
    """Write name, physical shape, channels and geometry of a plate into the document of its folder."""
    update_plate(groups, root, version, preparing(reading, version), power=power)


def preparing(reading: PlateReading, version: NgffVersion) -> Callable[[Group | None], Mapping[str, Any]]:
    """Return what makes of a plate's group the attributes that say what is known of it."""

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
        return {**attributes, **plate_attributes(plate), "openhcs": recorded_facts(reading)}

    return change


def known_before(groups: Groups, root: str, well: str) -> Callable[[int], Known]:
    """Return what was prepared for the sites of a well."""
    group = plate_group(groups, root)
    record = PlateRecord() if group is None else record_of(group.attributes)

    def known(site: int) -> Known:
        channels = record.channels.items()
        return Known(
            pixel_size_um=record.pixel_size_um,
            z_step_um=record.z_step_um,
            position_um=record.position_um(well, site),
            names={number: channel.name for number, channel in channels if channel.name},
            colors={number: channel.color for number, channel in channels if channel.color},
        )

    return known
