"""Checking a whole store against OME-NGFF: every document, and whether they agree with each other.

Schemas see one document at a time. That a plate counts its fields rightly, that what is listed exists and what
exists is listed, that arrays have the dimensions their image names, is seen only from above.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from openhcs_backend_zarr.ngff.checking import check_attributes
from openhcs_backend_zarr.ngff.documents import Documents, StoreReader
from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.ngff.model import Plate, Well, WellRef
from openhcs_backend_zarr.ngff.parsing import parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import physical_shape
from openhcs_backend_zarr.ngff.plate_rules import check_places
from openhcs_backend_zarr.validating_images import check_image
from openhcs_host.errors import InvalidPathError, PlateError

__all__ = ["validate"]


def validate(reader: StoreReader) -> list[Finding] | None:
    """Return all that is wrong with a store, in the order of its documents; ``None`` if it is no store.

    The root may be a plate or a single image.
    """
    documents = Documents.open(reader)
    attributes = None if documents is None else documents.group("")
    if documents is None or attributes is None:
        return None
    findings = check_attributes(attributes, "")
    plate_part, version = section(attributes, "plate")
    if plate_part is None:
        if section(attributes, "multiscales")[0] is not None:
            findings += check_image(documents, "", attributes)
        return findings
    findings += _format_of_version(documents, version)
    if isinstance(plate_part, dict):
        findings += check_places(plate_part, "plate")
    try:
        plate = parse_plate(attributes, "the root")
    except (PlateError, InvalidPathError) as failure:
        return [*findings, error("plate", f"it cannot be read, so the store is not looked into: {failure}")]
    findings += _Walk(documents, plate, version).findings()
    return findings


def _format_of_version(documents: Documents, version: str | None) -> Iterator[Finding]:
    wanted = {"0.4": 2, "0.5": 3, "0.6": 3}.get(str(version)[:3])
    if wanted is None:
        yield error("version", f"a store states its NGFF version; {version!r} is none that is read here")
    elif wanted != documents.zarr_format:
        yield error(
            "version", f"NGFF {version} lies on Zarr v{wanted}, and this is Zarr v{documents.zarr_format}"
        )


@attrs.define
class _Walk:
    """Goes from a plate's document down to the arrays."""

    documents: Documents
    plate: Plate
    version: str | None
    _most_fields: int = 0
    _fields_of_run: dict[int, int] = attrs.field(factory=dict)

    def findings(self) -> list[Finding]:
        """Return what is wrong below the plate, and what the plate says wrongly of it."""
        found = list(self._rows())
        for reference in self.plate.wells:
            found += self._well(reference)
        found += self._unlisted_wells()
        found += self._counts()
        return found

    def _rows(self) -> Iterator[Finding]:
        for row in dict.fromkeys(reference.path.partition("/")[0] for reference in self.plate.wells):
            if self.documents.group(row) is None:
                yield error(row, "every level of the hierarchy is a Zarr group; the row's has no document")
        if physical_shape(self.plate) is None:
            yield warning(
                "plate", "rows and columns are those of the physical plate, imaged or not; gaps or odd sizes"
            )

    def _well(self, reference: WellRef) -> list[Finding]:
        path = reference.path
        try:
            attributes = self.documents.group(path)
            if attributes is None:
                return [error(path, "the plate lists the well, and there is no such group")]
            found = check_attributes(attributes, path)
            well = parse_well(attributes, path)
        except (PlateError, InvalidPathError) as failure:
            return [error(path, f"the well cannot be read: {failure}")]
        found += self._versions(path, well.version)
        found += self._acquisitions(path, well)
        self._most_fields = max(self._most_fields, len(well.images))
        for image in well.images:
            found += self._image(f"{path}/{image.path}")
        found += self._unlisted_images(path, {image.path for image in well.images})
        return found

    def _image(self, path: str) -> list[Finding]:
        try:
            attributes = self.documents.group(path)
            if attributes is None:
                return [error(path, "the well lists the image, and there is no such group")]
            found = check_attributes(attributes, path)
            found += self._versions(path, section(attributes, "multiscales")[1])
            return [*found, *check_image(self.documents, path, attributes)]
        except (PlateError, InvalidPathError) as failure:
            return [error(path, f"the image cannot be read: {failure}")]

    def _versions(self, where: str, version: str | None) -> Iterator[Finding]:
        if version is not None and version != self.version:
            yield error(where, f"a store has one NGFF version: {self.version} at the plate, {version} here")
        elif version is None and self.version != "0.4":
            yield error(where, f"the group states its NGFF version, {self.version}")

    def _acquisitions(self, path: str, well: Well) -> Iterator[Finding]:
        runs = {run.id for run in self.plate.acquisitions}
        counts: dict[int, int] = {}
        for index, image in enumerate(well.images):
            place = f"{path}: well.images[{index}].acquisition"
            if image.acquisition is None and len(runs) > 1:
                yield error(
                    place, "where a plate has several acquisitions, every field says which it belongs to"
                )
            elif image.acquisition is not None and image.acquisition not in runs:
                yield error(place, f"the plate defines no acquisition {image.acquisition}")
            elif image.acquisition is not None:
                counts[image.acquisition] = counts.get(image.acquisition, 0) + 1
        for run, count in counts.items():
            self._fields_of_run[run] = max(self._fields_of_run.get(run, 0), count)

    def _counts(self) -> Iterator[Finding]:
        stated = self.plate.field_count
        if stated is not None and self._most_fields and stated != self._most_fields:
            yield error(
                "plate.field_count", f"the fullest well lists {self._most_fields} fields, not {stated}"
            )
        for run in self.plate.acquisitions:
            most = self._fields_of_run.get(run.id, 0)
            if run.maximum_field_count is not None and most > run.maximum_field_count:
                yield error(
                    f"plate.acquisitions: {run.id}.maximumfieldcount",
                    f"a well has {most} fields of it, more than {run.maximum_field_count}",
                )

    def _unlisted_wells(self) -> Iterator[Finding]:
        listed = {reference.path for reference in self.plate.wells}
        for row in sorted(set(self.plate.rows) & set(self.documents.reader.list(""))):
            for column in sorted(self.documents.reader.list(row)):
                path = f"{row}/{column}"
                if path not in listed and self._describes(path, "well"):
                    yield error(path, "there is a well here that the plate does not list")

    def _unlisted_images(self, well: str, listed: set[str]) -> Iterator[Finding]:
        for name in sorted(set(self.documents.reader.list(well)) - listed):
            if self._describes(f"{well}/{name}", "multiscales"):
                yield warning(f"{well}/{name}", "there is an image here that the well does not list")

    def _describes(self, path: str, part: str) -> bool:
        if path.rpartition("/")[2].startswith("."):
            return False  # .zattrs, and what writers leave aside
        attributes = self.documents.group(path)
        return attributes is not None and section(attributes, part)[0] is not None
