"""A batch sorted into what it is: planes by plate and well, plain images, files; checked before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np

from openhcs_backend_zarr.arriving import ArrivingPlanes, checked_plane
from openhcs_backend_zarr.building import FieldChange
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.names import PlaneName, plane_name, well_of_chunk
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import BatchError

__all__ = ["Batch", "WellBatch", "arriving_fields", "field_name", "sorted_batch"]


@attrs.frozen(eq=False)
class WellBatch:
    """The planes of a batch that belong to one well."""

    root: str
    well: str
    fields: tuple[FieldChange, ...]


@attrs.frozen(eq=False)
class Batch:
    """What a batch consists of."""

    wells: tuple[WellBatch, ...]
    others: tuple[int, ...]
    """Places in the batch of what is no plane of a plate."""


@attrs.define(eq=False)
class _FieldParts:
    planes: dict[Spot, np.ndarray[Any, np.dtype[Any]]] = attrs.field(factory=dict)
    images: list[tuple[Spot, ImageMetadata]] = attrs.field(factory=list)
    extension: str = ""


def sorted_batch(
    data: Sequence[Any],
    paths: Sequence[str],
    images: Sequence[ImageMetadata | None] | None,
    chunk_name: str | None,
) -> Batch:
    """Sort a batch; contradictions, and planes of one field that differ in kind, are a ``BatchError``."""
    wells: dict[tuple[str, str], dict[int, _FieldParts]] = {}
    others = []
    for number, (item, path) in enumerate(zip(data, paths, strict=True)):
        name = plane_name(path) if isinstance(item, np.ndarray) else None
        if name is None:
            others.append(number)
            continue
        image = images[number] if images is not None else None
        _check_image(path, name, image)
        fields = wells.setdefault((name.folder, name.coordinates.well), {})
        _add(fields.setdefault(name.coordinates.site, _FieldParts()), item, path, name, image)
    _check_chunk(chunk_name, {well for _, well in wells})
    return Batch(
        tuple(
            WellBatch(root, well, tuple(_change(well, site, part) for site, part in sorted(fields.items())))
            for (root, well), fields in wells.items()
        ),
        tuple(others),
    )


def arriving_fields(
    data: Sequence[Any],
    paths: Sequence[str],
    images: Sequence[ImageMetadata | None] | None,
    root: str,
    well: str,
) -> Iterator[FieldChange]:
    """Yield the fields of a batch whose items are loaded when they are taken, in the order of the batch.

    Names and coordinates are checked before the first: what is no plane of the well is a ``BatchError``.
    """
    places: dict[int, dict[Spot, tuple[int, str]]] = {}
    extensions: dict[int, str] = {}
    for number, path in enumerate(paths):
        name = plane_name(path)
        if name is None or (name.folder, name.coordinates.well) != (root, well):
            raise BatchError(f"{path!r} is no plane of well {well} in {root!r}; it was not saved")
        here = name.coordinates
        _check_image(path, name, images[number] if images is not None else None)
        spot = here.channel, here.z_index, here.timepoint
        of_site = places.setdefault(here.site, {})
        if spot in of_site:
            raise BatchError(f"the batch has two planes for {here}; nothing was saved")
        if extensions.setdefault(here.site, name.extension) != name.extension:
            raise BatchError(
                f"{path!r} is a plane of a field with names ending in {extensions[here.site]!r}; nothing was saved"
            )
        of_site[spot] = number, path
    for site, of_site in places.items():
        said = ((spot, images[number]) for spot, (number, _) in of_site.items()) if images is not None else ()
        known = tuple((spot, image) for spot, image in said if image is not None)
        planes = ArrivingPlanes(data, of_site)
        yield FieldChange(site, field_name(well, site), planes, extensions[site], known)


def field_name(well: str, site: int) -> str:
    """Return what a field is called for people."""
    return f"{well} site {site}"


def _check_image(path: str, name: PlaneName, image: ImageMetadata | None) -> None:
    said = None if image is None else image.coordinates
    if said is not None and said != name.coordinates:
        raise BatchError(
            f"{path!r} was given the coordinates {said}, and its name says others; nothing was saved"
        )


def _check_chunk(chunk_name: str | None, wells: set[str]) -> None:
    well = well_of_chunk(chunk_name)
    if chunk_name is None or not wells:
        return
    if len(wells) > 1:
        listed = ", ".join(sorted(wells))
        raise BatchError(f"the batch {chunk_name!r} has planes of the wells {listed}; nothing was saved")
    if well is not None and wells != {well}:
        raise BatchError(f"the batch {chunk_name!r} has planes of well {wells.pop()}; nothing was saved")


def _add(field: _FieldParts, item: Any, path: str, name: PlaneName, image: ImageMetadata | None) -> None:
    plane = checked_plane(item, path)
    here = name.coordinates
    spot = here.channel, here.z_index, here.timepoint
    if spot in field.planes:
        raise BatchError(f"the batch has two planes for {here}; nothing was saved")
    first = next(iter(field.planes.values()), plane)
    if (first.dtype, first.shape, field.extension or name.extension) != (
        plane.dtype,
        plane.shape,
        name.extension,
    ):
        raise BatchError(
            f"{path!r} is {plane.dtype} {plane.shape}, and other planes of its field are {first.dtype} "
            f"{first.shape} with names ending in {field.extension!r}; the planes of a field are of one kind. "
            "Nothing was saved"
        )
    field.planes[spot] = plane
    field.extension = name.extension
    if image is not None:
        field.images.append((spot, image))


def _change(well: str, site: int, part: _FieldParts) -> FieldChange:
    return FieldChange(site, field_name(well, site), part.planes, part.extension, tuple(part.images))
