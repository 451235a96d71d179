"""From documents to the model: tolerant of what real writers leave out, refusing what cannot be understood.

Real stores lack versions, names, indices and units, write ``1`` for ``01``, and keep 0.5's content in 0.4's
place or the other way round. All of that is read; checking is done elsewhere. What is of the wrong kind, or
leads out of the store, is a ``PlateError`` (``InvalidPathError``) that names the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openhcs_backend_zarr.ngff.documents import check_key
from openhcs_backend_zarr.ngff.kinds import as_integer, as_list, as_object, as_text, integers, section
from openhcs_backend_zarr.ngff.model import Acquisition, ImageRef, LabelImage, Plate, Well, WellRef
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import shown

__all__ = ["parse_label", "parse_labels", "parse_plate", "parse_well"]


def parse_plate(attributes: Mapping[str, Any], where: str) -> Plate:
    """Return the plate that a group's attributes describe; ``where`` names the document in errors."""
    found, version = section(attributes, "plate")
    if found is None:
        raise PlateError(f"{where} describes no plate")
    content = as_object(found, f"{where}: plate")
    rows, columns = (_names(content.get(key), f"{where}: plate.{key}") for key in ("rows", "columns"))
    wells = tuple(
        _well_ref(well, rows, columns, f"{where}: plate.wells[{index}]")
        for index, well in enumerate(as_list(content.get("wells"), f"{where}: plate.wells"))
    )
    return Plate(
        name=as_text(content.get("name"), f"{where}: plate.name"),
        rows=rows,
        columns=columns,
        wells=wells,
        field_count=as_integer(content.get("field_count"), f"{where}: plate.field_count"),
        acquisitions=tuple(
            _acquisition(run, f"{where}: plate.acquisitions[{index}]")
            for index, run in enumerate(
                as_list(content.get("acquisitions", []), f"{where}: plate.acquisitions")
            )
        ),
        version=version,
    )


def parse_well(attributes: Mapping[str, Any], where: str) -> Well:
    """Return the well that a group's attributes describe."""
    found, version = section(attributes, "well")
    if found is None:
        raise PlateError(f"{where} describes no well")
    place = f"{where}: well.images"
    images = as_list(as_object(found, f"{where}: well").get("images"), place)
    return Well(tuple(_image_ref(image, place) for image in images), version)


def parse_labels(attributes: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return the paths of label images that a group ``labels`` lists, relative to it."""
    found, _ = section(attributes, "labels")
    names = [] if found is None else as_list(found, f"{where}: labels")
    return tuple(_path(name, f"{where}: labels[{index}]") for index, name in enumerate(names))


def parse_label(attributes: Mapping[str, Any], where: str) -> LabelImage | None:
    """Return what a label image's attributes say besides the image, ``None`` if they say nothing."""
    found, version = section(attributes, "image-label")
    if found is None:
        return None
    content = as_object(found, f"{where}: image-label")
    source = as_object(content.get("source", {}), f"{where}: image-label.source")
    colors = {}
    for index, entry in enumerate(as_list(content.get("colors", []), f"{where}: image-label.colors")):
        place = f"{where}: image-label.colors[{index}]"
        color = as_object(entry, place)
        value = as_integer(color.get("label-value"), f"{place}.label-value")
        if value is None:
            raise PlateError(f"{place} has no label-value")
        colors[value] = _rgba(color.get("rgba"), f"{place}.rgba")
    return LabelImage(
        colors=colors,
        source=as_text(source.get("image"), f"{where}: image-label.source.image"),
        version=version,
    )


def _names(found: object, where: str) -> tuple[str, ...]:
    names = []
    for index, entry in enumerate(as_list(found, where)):
        name = as_object(entry, f"{where}[{index}]").get("name")
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)  # columns named by numbers
        if not isinstance(name, str) or not name:
            raise PlateError(f"{where}[{index}] has no name")
        names.append(name)
    return tuple(names)


def _well_ref(found: object, rows: tuple[str, ...], columns: tuple[str, ...], where: str) -> WellRef:
    content = as_object(found, where)
    path = _path(content.get("path"), f"{where}.path")
    row, column, *deeper = path.split("/") if "/" in path else (path, "")
    if deeper or not column:
        raise PlateError(f"{where}.path is {shown(path)}; a well lies at row/column, 'A/01'")
    return WellRef(
        path,
        _index(content.get("rowIndex"), row, rows, f"{where}.rowIndex"),
        _index(content.get("columnIndex"), column, columns, f"{where}.columnIndex"),
    )


def _index(found: object, name: str, names: tuple[str, ...], where: str) -> int:
    """Return an index as it stands; where it is left out (before 0.4), the place of the path's name."""
    index = as_integer(found, where)
    if index is None and name in names:
        return names.index(name)
    if index is None or index < 0:
        raise PlateError(f"{where} is {shown(found)} and the path's {shown(name)} is not among the plate's")
    return index


def _acquisition(found: object, where: str) -> Acquisition:
    content = as_object(found, where)
    number = as_integer(content.get("id"), f"{where}.id")
    if number is None:
        raise PlateError(f"{where} has no id")
    return Acquisition(
        number,
        as_text(content.get("name"), f"{where}.name"),
        as_integer(content.get("maximumfieldcount"), f"{where}.maximumfieldcount"),
    )


def _image_ref(found: object, where: str) -> ImageRef:
    content = as_object(found, where)
    path, run = content.get("path"), content.get("acquisition")
    return ImageRef(_path(path, where), None if run is None else as_integer(run, f"{where}: acquisition"))


def _path(found: object, where: str) -> str:
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        raise PlateError(f"{where} is {shown(found)}, which is no path")
    return check_key(found.rstrip("/") if found.strip("/") else found, where)


def _rgba(found: object, where: str) -> tuple[int, int, int, int] | None:
    if found is None:
        return None
    red, green, blue, alpha = integers(found, where, 4)
    if not all(0 <= part <= 255 for part in (red, green, blue, alpha)):
        raise PlateError(f"{where} is {shown(found)}; each part lies between 0 and 255")
    return red, green, blue, alpha
