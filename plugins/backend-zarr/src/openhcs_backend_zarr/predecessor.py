"""Wells as the predecessor wrote them.

Three generations lie on disks; all are Zarr v2, and all keep in the attributes of an *array* which plane is
which. Looked at in stores written by polystore 0.1.0 and 0.6.3 and described in OpenHCS's own documents:

1. the array ``A/01/0`` of (fields, channels, z, y, x) stands where an image group must;
2. (0.1) the group ``A/01/0`` is an image with axes ``field c z y x`` and its array is ``A/01/0/0``;
3. (0.6) a group per field, ``A/01/0``, ``A/01/1`` …, each an image with axes ``c z y x`` or ``t c z y x``.

The attribute is ``<prefix>_filename_map``, the prefix being ``openhcs`` or ``polystore``: file name to a list of
indices along all axes but y and x. ``_output_paths`` beside it are absolute paths from the machine that wrote
them and are not looked at. The strategy WELL makes one chunk of the array, FILE one per plane; neither
concerns the reader. Chunks of zeros may be left out, so a missing one does not mean that a plane is missing:
the map says what exists. Pixel size, positions and channel names were never written; scales are 1 without unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openhcs_backend_zarr.fields import MOST_PLANES, Field, Spot
from openhcs_backend_zarr.ngff.documents import Documents
from openhcs_backend_zarr.ngff.kinds import as_object, integers
from openhcs_backend_zarr.ngff.model import Recorded
from openhcs_host.contracts.images import parse_image_name
from openhcs_host.errors import InvalidPathError, PlateConflictError, PlateError
from openhcs_host.plates.wording import counted, shown

__all__ = ["mapped_fields"]

_PREFIXES: Final = ("openhcs", "polystore")


def mapped_fields(
    documents: Documents, attributes: Mapping[str, Any], path: str, well: str
) -> tuple[list[Field], list[str]] | None:
    """Return the fields that a file name map at ``path``, or at its array ``0``, lists, and problems.

    ``attributes`` are those at ``path``. ``None`` if there is no map: the image was not written by the
    predecessor. A map that contradicts its array is a ``PlateError``.
    """
    array, names = path, _filename_map(attributes, path)
    if names is None:
        array = f"{path}/0"
        names = _filename_map(documents.array_attributes(array), array)
    if names is None:
        return None
    document = documents.array(array)
    if document is None:
        raise PlateError(f"{array} has a map of file names and is no array")
    shape = integers(document.get("shape"), f"{array}: shape")
    if not 3 <= len(shape) <= 5 or min(shape) < 1:
        raise PlateError(f"{array} has the shape {shown(shape)}; wells were arrays of three to five axes")
    return _fields(names, array, shape, well)


def _filename_map(attributes: Mapping[str, Any], where: str) -> dict[str, Any] | None:
    for prefix in _PREFIXES:
        found = attributes.get(f"{prefix}_filename_map")
        if found is not None:
            return as_object(found, f"{where}: {prefix}_filename_map")
    return None


def _fields(
    names: Mapping[str, Any], array: str, shape: tuple[int, ...], well: str
) -> tuple[list[Field], list[str]]:
    if len(names) > MOST_PLANES:
        raise PlateError(f"{array} maps {len(names)} names; no well has so many planes")
    sites: dict[int, dict[Spot, tuple[int, ...]]] = {}
    extensions: dict[int, str] = {}
    unknown = []
    for name, found in names.items():
        try:
            here = parse_image_name(name)
        except (InvalidPathError, ValueError):
            unknown.append(name)
            continue
        if here.well != well:
            unknown.append(name)
            continue
        spots = sites.setdefault(here.site, {})
        spot = here.channel, here.z_index, here.timepoint
        if spot in spots:
            raise PlateConflictError(f"{array}: two names of its map are the plane {here}")
        spots[spot] = _within(found, shape, f"{array}: {shown(name)}")
        extensions.setdefault(here.site, name[name.index(".") :])
    fields = [_field(site, array, spots, shape, extensions[site]) for site, spots in sorted(sites.items())]
    if not unknown:
        return fields, []
    listed = counted(len(unknown), "name")
    return fields, [f"{array} maps {listed} that name no plane of well {well}, such as {shown(unknown[0])}"]


def _within(found: object, shape: tuple[int, ...], where: str) -> tuple[int, ...]:
    index = integers(found, where, len(shape) - 2)
    if any(not 0 <= place < extent for place, extent in zip(index, shape, strict=False)):
        raise PlateError(f"{where} lies at {list(index)}, outside the array of shape {list(shape)}")
    return index


def _field(
    site: int, array: str, spots: dict[Spot, tuple[int, ...]], shape: tuple[int, ...], extension: str
) -> Field:
    channels, heights, times = (tuple(sorted(set(numbers))) for numbers in zip(*spots, strict=True))
    return Field(
        site=site,
        arrays=(array,),
        recorded=Recorded(channels=channels, z_indexes=heights, timepoints=times, extension=extension),
        axes="?" * (len(shape) - 2) + "yx",
        size=(shape[-2], shape[-1]),
        named=spots,
    )
