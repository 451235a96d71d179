"""What a store holds: its plate, its wells, their fields, read as far as is asked.

Opening reads one document, listing one per well, a field one more (two, if others wrote it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from openhcs_backend_zarr.fields import Field, field_of
from openhcs_backend_zarr.ngff.documents import Documents, StoreReader
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.model import ImageRef, Plate, WellRef
from openhcs_backend_zarr.ngff.parsing import parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import well_of
from openhcs_backend_zarr.predecessor import mapped_fields
from openhcs_host.contracts.images import check_well, well_name
from openhcs_host.errors import InvalidPathError, PlateConflictError, PlateError
from openhcs_host.files.natural import natural_sorted

__all__ = ["PlateContents", "is_site", "open_contents", "site_numbers"]

_NUMBER: Final = re.compile(r"0*[1-9][0-9]{0,8}\Z")


@attrs.frozen
class PlateContents:
    """A plate's document, opened, and the way to everything below it."""

    documents: Documents
    """Where to read on."""
    plate: Plate
    """What the plate's document says."""
    wells: Mapping[str, WellRef]
    """Wells by name, in order of row and column."""
    problems: tuple[str, ...]
    """What is strange about the list of wells."""
    attributes: Mapping[str, Any]
    """All attributes of the plate's group."""

    @property
    def ours(self) -> bool:
        """Whether the plate is one of ours, in which the name of a field is its site."""
        return "openhcs" in self.attributes

    def images(self) -> tuple[dict[str, list[tuple[int, ImageRef]]], list[str]]:
        """Return each well's images under their site numbers, and a sentence per well that cannot be read."""
        found: dict[str, tuple[ImageRef, ...]] = {}
        problems = []
        for well, reference in self.wells.items():
            try:
                found[well] = self.images_of(reference)
            except (PlateError, InvalidPathError) as error:
                problems.append(f"well {well} cannot be read: {error}")
        numbers = site_numbers((image.path for images in found.values() for image in images), kept=self.ours)
        return {
            well: [(numbers[image.path], image) for image in images] for well, images in found.items()
        }, problems

    def images_of(self, well: WellRef) -> tuple[ImageRef, ...]:
        """Return the images that one well lists; without a well's group there, a ``PlateError``."""
        attributes = self.documents.group(well.path)
        if attributes is None:
            raise PlateError(f"{well.path} is listed and there is no such group")
        return parse_well(attributes, well.path).images

    def fields_of(
        self, well: str, image: ImageRef, site: int, parse: ImageParser
    ) -> tuple[list[Field], list[str]]:
        """Return the field at an image's path, or those of the predecessor's array there, and problems."""
        path = f"{self.wells[well].path}/{image.path}"
        attributes = self.documents.group(path)
        if self.documents.zarr_format == 2 and "openhcs" not in (attributes or {}):
            mapped = mapped_fields(self.documents, attributes or {}, path, well)
            if mapped is not None:
                return mapped
        if attributes is None:
            raise PlateError(f"{path} is listed and there is no such group")
        return [field_of(self.documents, parse, attributes, path, site)], []


def open_contents(reader: StoreReader) -> PlateContents:
    """Open a store's plate; what is no Zarr group, or describes no plate, is a ``PlateError``."""
    documents = Documents.open(reader)
    attributes = None if documents is None else documents.group("")
    if documents is None or attributes is None:
        raise PlateError("there is no OME-Zarr store here: no zarr.json, .zgroup or .zattrs")
    plate = parse_plate(attributes, "the root")
    wells: dict[str, WellRef] = {}
    problems = []
    for reference in plate.wells:
        well, strange = _named(reference, plate)
        if well in wells:
            raise PlateConflictError(f"{wells[well].path!r} and {reference.path!r} are both well {well}")
        wells[well] = reference
        problems += strange
    ordered = {well: wells[well] for well in sorted(wells, key=check_well)}
    return PlateContents(documents, plate, ordered, tuple(problems), attributes)


def _named(reference: WellRef, plate: Plate) -> tuple[str, list[str]]:
    """Return the well that a path spells, or that its indices mean where the path spells none."""
    well = well_of(reference.path)
    row, column = reference.row_index, reference.column_index
    if well is None:
        if row >= 702 or column >= 10_000:
            raise PlateError(f"{reference.path!r} spells no well, and its indices {row}, {column} mean none")
        return well_name(row + 1, column + 1), [
            f"{reference.path!r} spells no well; its indices say {well_name(row + 1, column + 1)}"
        ]
    row_name, _, column_name = reference.path.partition("/")
    if plate.rows[row : row + 1] != (row_name,) or plate.columns[column : column + 1] != (column_name,):
        return well, [
            f"the indices {row}, {column} of {reference.path!r} mean another well; the path is taken"
        ]
    return well, []


def is_site(name: str) -> bool:
    """Whether the name of an image is a site's number as we write it."""
    return _NUMBER.match(name) is not None and name[0] != "0"


def site_numbers(names: Iterable[str], *, kept: bool = False) -> dict[str, int]:
    """Give each image name of a plate its number: the name itself, if all are numbers from 1.

    Otherwise every name has its rank from 1 among all of the plate, so that one site means the same in
    every well, also where a well lacks some. With ``kept``, for plates of ours to which somebody added, names that
    are numbers stay what they are and the others follow.
    """
    distinct = set(names)
    numbers = {name: int(name) for name in distinct if _NUMBER.match(name)}
    if len(numbers) == len(distinct) == len(set(numbers.values())):
        return numbers
    ours = {name: int(name) for name in distinct if kept and is_site(name)}
    first = max(ours.values(), default=0) + 1
    others = natural_sorted(distinct - set(ours))
    return ours | {name: rank for rank, name in enumerate(others, start=first)}
