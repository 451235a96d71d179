"""Reading an OME-Zarr plate: ours, the predecessor's, anybody's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import attrs

from openhcs_backend_zarr.contents import PlateContents, open_contents
from openhcs_backend_zarr.facts import PlateFacts
from openhcs_backend_zarr.fields import Field, Spot
from openhcs_backend_zarr.ngff.documents import StoreReader
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.physical import physical_shape
from openhcs_backend_zarr.plate_records import record_of
from openhcs_backend_zarr.reconciling import described, exact, placed, shape_of
from openhcs_host.contracts.images import place_name
from openhcs_host.contracts.microscopes import Place, Plane, Planes, PlateReading
from openhcs_host.errors import InvalidPathError, PlateConflictError, PlateError
from openhcs_host.plates.wording import Findings, counted

__all__ = ["read_plate"]

_MOST_PLANES: Final = 50_000_000


def read_plate(reader: StoreReader, root: Path) -> PlateReading:
    """Read the plate in a store; ``root`` is the folder under which the backend loads its planes.

    Planes are named by the plate grammar, ``B02_s001_w1_z001_t001.tif``, whatever the store's own names are.
    A well or field that cannot be read is a problem of the reading. No plate, or none of whose
    images can be read, is a ``PlateError``; two images of one place are a ``PlateConflictError``.
    """
    contents = open_contents(reader)
    listed, problems = contents.images()
    collector = _Collector()
    parse = ImageParser(brief=True)
    for well, images in listed.items():
        for site, image in images:
            try:
                fields, strange = contents.fields_of(well, image, site, parse)
            except PlateConflictError:
                raise
            except (PlateError, InvalidPathError) as error:
                collector.unreadable(str(error))
                continue
            problems += strange
            for field in fields:
                collector.add(well, field)
    planes = collector.planes()
    facts, record = collector.facts, record_of(contents.attributes)
    shape = shape_of(record, contents)
    problems = [*contents.problems, *problems, *collector.problems(), *_strange(contents, shape)]
    if not len(planes):
        why = "; ".join(problems[:3]) or "no well is listed"
        raise PlateError(f"the store at {str(root)!r} is a plate without a single readable image: {why}")
    positions, others = placed(record, facts.positions())
    return PlateReading(
        microscope="openhcsdata",
        root=root,
        backend="zarr",
        plate_name=contents.plate.name or root.name,
        planes=planes,
        missing=[plane for plane in record.missing if not _has(planes, plane)],
        channels=described(record, facts.channels()),
        plate_shape=shape,
        plate_type=record.plate_type,
        objective=record.objective,
        started=record.started,
        time_offsets_s=record.time_offsets_s,
        grid=record.grid,
        pixel_size_um=exact(record.pixel_size_um, facts.pixel_size_um()),
        z_step_um=exact(record.z_step_um, facts.z_step_um()),
        site_positions_um=positions,
        well_site_positions_um=others,
        z_positions_um=record.z_positions_um,
        problems=(*problems, *record.problems, *facts.problems()),
    )


def _has(planes: Planes, plane: Plane) -> bool:
    return plane.coordinates.place in planes.by_well.get(plane.coordinates.well, ())


_Pattern = tuple[list[Place], list[str]]
"""Places of a field, and what the names of their planes have after the well."""


@attrs.define
class _Collector:
    """Gathers planes and facts field by field; fields of one shape share the list of their places."""

    facts: PlateFacts = attrs.field(factory=PlateFacts)
    _by_well: dict[str, dict[Place, str]] = attrs.field(factory=dict)
    _patterns: dict[object, _Pattern] = attrs.field(factory=dict)
    _uses: dict[object, int] = attrs.field(factory=dict)
    _last_site: dict[str, int] = attrs.field(factory=dict)
    _unordered: set[str] = attrs.field(factory=set)
    _unreadable: Findings = attrs.field(factory=Findings)
    _total: int = 0

    def add(self, well: str, field: Field) -> None:
        """Take in a field of a well."""
        recorded = field.recorded
        key = (field.site, recorded, None if field.named is None else tuple(field.named))
        pattern = self._patterns.get(key)
        if pattern is None:
            pattern = self._patterns[key] = _pattern(field)
        places, names = pattern
        self._total += len(places)
        if self._total > _MOST_PLANES:
            raise PlateError(f"the plate claims more than {_MOST_PLANES} planes")
        self._uses[key] = self._uses.get(key, 0) + 1
        of_well = self._by_well.setdefault(well, {})
        if field.site <= self._last_site.get(well, 0):
            self._unordered.add(well)
        self._last_site[well] = field.site
        before = len(of_well)
        of_well.update(zip(places, map(well.__add__, names), strict=True))
        if len(of_well) != before + len(places):
            raise PlateConflictError(f"two images of well {well} are site {field.site}, with the same planes")
        self.facts.add(well, field)

    def unreadable(self, why: str) -> None:
        """Count an image that cannot be read."""
        self._unreadable.add("image", why)

    def planes(self) -> Planes:
        """Return every plane, in order."""
        counts: Counter[Place] = Counter()
        for key, uses in self._uses.items():
            for place in self._patterns[key][0]:
                counts[place] += uses
        ordered = {
            well: dict(sorted(places.items())) if well in self._unordered else places
            for well, places in self._by_well.items()
            if places
        }
        return Planes(ordered, {place: counts[place] for place in sorted(counts)})

    def problems(self) -> list[str]:
        """Return what could not be read."""
        images = counted(self._unreadable.count("image"), "image")
        return self._unreadable.sentences({"image": f"{images} cannot be read"})


def _pattern(field: Field) -> _Pattern:
    spots: list[Spot] = list(field.spots())
    extension = field.recorded.extension
    places = [(field.site, *spot) for spot in spots]
    return places, [place_name(*place) + extension for place in places]


def _strange(contents: PlateContents, shape: tuple[int, int] | None) -> list[str]:
    plate = contents.plate
    problems = []
    if shape is None and physical_shape(plate) is None:
        problems.append(
            f"the plate lists {counted(len(plate.rows), 'row')} and {counted(len(plate.columns), 'column')}, which "
            "are those imaged rather than those of a plate: its size is unknown"
        )
    if len(plate.acquisitions) > 1:
        problems.append(
            f"the plate has {len(plate.acquisitions)} acquisitions; the fields of each are sites of their own"
        )
    return problems
