"""The document of a plate in a folder: written under a lock, completed from the wells that are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from openhcs_backend_zarr.config import NgffVersion
from openhcs_backend_zarr.groups import Group, Groups
from openhcs_backend_zarr.locking import locked
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.ngff.model import Plate
from openhcs_backend_zarr.ngff.parsing import parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import physical_shape, plate_of, well_of, well_path
from openhcs_backend_zarr.ngff.writing import group_documents, plate_attributes
from openhcs_host.contracts.images import check_well
from openhcs_host.errors import PlateError
from openhcs_host.files.atomic import make_directories, sync_directory

__all__ = [
    "PLATE_LOCK",
    "check_place",
    "plate_group",
    "register",
    "registering",
    "update_plate",
    "version_of",
    "write_documents",
]

PLATE_LOCK: Final = ".plate-lock.openhcs-part"
_NEW: Final = ".plate-new.openhcs-part"


def plate_group(groups: Groups, root: str) -> Group | None:
    """Return the group of a plate's folder, ``None`` if no plate is there yet.

    A folder that is another Zarr group is a ``PlateError``: it cannot become a plate.
    """
    found = groups.get(root)
    if found is not None and found.kind != "plate":
        raise PlateError(
            f"{root!r} is a Zarr {found.kind} and no plate; save these images into another folder"
        )
    return found


def version_of(groups: Groups, root: str, wanted: NgffVersion) -> NgffVersion:
    """Return the version of the plate in a folder, or the one wanted where none is there."""
    found = plate_group(groups, root)
    if found is None:
        return wanted
    return "0.5" if found.zarr_format == 3 else "0.4"


def check_place(groups: Groups, root: str, well: str) -> None:
    """Raise ``PlateError`` if a well does not lie on the plate as it is known."""
    found = plate_group(groups, root)
    _plate_with(found, root, {well}, "0.5")


def register(groups: Groups, root: str, well: str, version: NgffVersion, *, power: bool) -> None:
    """Let the document of the plate list a well if it is there, and not if it is not."""
    update_plate(groups, root, version, registering(groups, root, well, version), power=power)


def registering(
    groups: Groups, root: str, well: str, version: NgffVersion
) -> Callable[[Group | None], Mapping[str, Any]]:
    """Return what makes of a plate's group the attributes that list a well if it is there."""

    def change(group: Group | None) -> Mapping[str, Any]:
        there = groups.get(f"{root}/{well_path(well)}") is not None
        wells = {well} if there else set()
        plate = _plate_with(group, root, wells, version, without=None if there else well)
        plate = attrs.evolve(plate, field_count=_field_count(groups, root, plate, well))
        attributes: dict[str, Any] = {"openhcs": {}} if group is None else dict(group.attributes)
        for key, value in plate_attributes(plate).items():
            attributes[key] = value
        return attributes

    return change


def update_plate(
    groups: Groups,
    root: str,
    version: NgffVersion,
    change: Callable[[Group | None], Mapping[str, Any]],
    *,
    power: bool,
) -> None:
    """Replace the attributes of a plate's group by what ``change`` makes of the group, under the plate's lock."""
    make_directories(root, power=power)
    with locked(f"{root}/{PLATE_LOCK}"):
        found = plate_group(groups, root)
        if found is not None:
            version = "0.5" if found.zarr_format == 3 else "0.4"
        write_documents(root, group_documents(change(found), version), power=power)


def write_documents(folder: str, documents: Mapping[str, bytes], *, power: bool) -> None:
    """Replace documents of a group, each in one step; the caller holds the lock of whoever writes them."""
    for name, content in documents.items():
        temporary = f"{folder}/{_NEW}"
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            if power:
                os.fsync(stream.fileno())
        os.replace(temporary, f"{folder}/{name}")
    if power:
        sync_directory(folder)


def _plate_with(
    group: Group | None, root: str, wells: set[str], version: NgffVersion, without: str | None = None
) -> Plate:
    name, field_count, shape, prepared = os.path.basename(root) or "plate", None, None, False
    runs: tuple[Any, ...] = ()
    if group is not None:
        before = parse_plate(group.attributes, group.document)
        listed = {well_of(known.path) for known in before.wells}
        wells = wells | {well for well in listed if well is not None and well != without}
        name, field_count, runs = before.name or name, before.field_count, before.acquisitions
        shape = physical_shape(before)
        recorded = group.attributes.get("openhcs")
        prepared = isinstance(recorded, dict) and recorded.get("plate_shape") is not None
        version = (
            "0.5"
            if section(group.attributes, "plate")[0] is not None and "ome" in group.attributes
            else "0.4"
        )
    if shape is not None and not prepared and not _fits(wells, shape):
        shape = None  # it was only assumed: the plate is a larger one
    plate = plate_of(wells, shape=shape, name=name, field_count=field_count, version=version)
    return attrs.evolve(plate, acquisitions=runs)


def _fits(wells: set[str], shape: tuple[int, int]) -> bool:
    places = [check_well(well) for well in wells]
    return all(row <= shape[0] and column <= shape[1] for row, column in places)


def _field_count(groups: Groups, root: str, plate: Plate, changed: str) -> int | None:
    """Return the most fields of any well; all are looked at only if the one that changed might have had them."""
    path = well_path(changed)
    count = _fields_in(groups, root, path)
    if plate.field_count is not None and count >= plate.field_count:
        return count
    counts = [_fields_in(groups, root, well.path) for well in plate.wells]
    return max(counts, default=None)


def _fields_in(groups: Groups, root: str, path: str) -> int:
    group = groups.get(f"{root}/{path}")
    return (
        0
        if group is None or group.kind != "well"
        else len(parse_well(group.attributes, group.document).images)
    )
