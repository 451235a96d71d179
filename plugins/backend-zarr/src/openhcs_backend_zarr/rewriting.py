"""Changing a field where it lies: planes within its extents that share one object, and planes that go.

The one object is replaced in one step. Around it the order keeps every moment true: a plane that comes is listed
after its pixels are there, one that goes is struck off before they go.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from openhcs_backend_zarr.building import FieldChange, dtype_of, kept_of
from openhcs_backend_zarr.describing import Known, attributes_of, known_of, said_by
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.ngff.writing import group_documents
from openhcs_backend_zarr.objects import NewArrays, rewrite_object
from openhcs_backend_zarr.plate_documents import write_documents
from openhcs_backend_zarr.well_summaries import without_summary
from openhcs_backend_zarr.workers import Workers

__all__ = ["erased", "rewritten"]


def rewritten(
    images: Images, stored: StoredImage | None, change: FieldChange, workers: Workers, *, power: bool
) -> bool:
    """Save planes into a field where it lies, if one object holds them all; return whether it did."""
    if stored is None or len(stored.field.arrays) > 1:
        return False  # several levels cannot be changed in one step
    recorded = stored.field.recorded
    kind = stored.field.size, dtype_of(stored), recorded.extension
    if kind != (change.size, change.dtype, change.extension):
        return False
    kept = kept_of(images, stored, set(change.planes))
    indices = [kept.grid.index(spot) for spot in change.planes]
    objects = {None if index is None else kept.layouts[0].object_of(index) for index in indices}
    if len(objects) > 1 or None in objects:
        return False
    field = NewArrays(kept.folder, kept.grid, kept.layouts[0], 1, change.planes, kept)
    ranges = rewrite_object(field, str(objects.pop()), workers, power=power)
    known = said_by(change.images, f"site {change.site}").over(known_of(stored.field)).widened(ranges)
    absent = set(recorded.absent) - set(indices)
    _redescribe(stored, known, sorted(absent), field, power)
    return True


def erased(
    images: Images, stored: StoredImage, spots: Sequence[Spot], workers: Workers, *, power: bool
) -> None:
    """Delete planes of a field that keeps others."""
    kept = kept_of(images, stored, set(spots))
    field = NewArrays(kept.folder, kept.grid, kept.layouts[0], len(kept.layouts), {}, kept)
    # The well's document may say that the field is complete; that must not outlast its planes.
    without_summary(images.groups, os.path.dirname(kept.folder), power=power)
    gone = {index for spot in spots if (index := kept.grid.index(spot)) is not None}
    _redescribe(
        stored, known_of(stored.field), sorted(gone | set(stored.field.recorded.absent)), field, power
    )
    for key in sorted({kept.layouts[0].object_of(index) for index in gone}):
        rewrite_object(field, key, workers, power=power)


def _redescribe(
    stored: StoredImage, known: Known, absent: Sequence[tuple[int, int, int]], field: NewArrays, power: bool
) -> None:
    size, layout = stored.field.size or (1, 1), field.layout
    extension = stored.field.recorded.extension
    name = stored.field.image.name if stored.field.image is not None else None
    attributes = attributes_of(
        known, field.grid, absent, size, layout.dtype, field.levels, extension, name, layout.config
    )
    changed = dict(stored.group.attributes) | attributes
    if changed != stored.group.attributes:
        write_documents(field.folder, group_documents(changed, layout.config.ngff_version), power=power)
