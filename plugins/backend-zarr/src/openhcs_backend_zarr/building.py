"""Fields of a well as they are to be: planes that come, planes that stay, and the documents of both."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np

from openhcs_backend_zarr.arriving import ArrivingPlanes
from openhcs_backend_zarr.config import NgffVersion, ZarrConfig
from openhcs_backend_zarr.describing import LAYOUT_KEYS, Known, attributes_of, known_of, said_by
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.grid import Grid, Planes
from openhcs_backend_zarr.groups import DOCUMENT_NAMES
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.layout import ArrayLayout
from openhcs_backend_zarr.ngff.writing import group_documents
from openhcs_backend_zarr.objects import Kept, NewArrays, write_arrays
from openhcs_backend_zarr.plate_documents import write_documents
from openhcs_backend_zarr.workers import Workers
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import BatchError, PathExistsError
from openhcs_host.files.atomic import is_temporary

__all__ = [
    "FieldChange",
    "check_change",
    "config_of",
    "dtype_of",
    "kept_of",
    "link_file",
    "linked_field",
    "written_fields",
]

_NO_LINKS: Final = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@attrs.frozen(eq=False)
class FieldChange:
    """Planes to be saved in one field of view, of one shape and dtype."""

    site: int
    name: str
    """For people, in the image's document."""
    planes: Planes
    extension: str
    """Ends the names under which they were saved."""
    images: tuple[tuple[Spot, ImageMetadata], ...] = ()
    """What came with the planes."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of each plane."""
        if isinstance(self.planes, ArrivingPlanes):
            return self.planes.size
        rows, columns = next(iter(self.planes.values())).shape
        return rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of all planes."""
        if isinstance(self.planes, ArrivingPlanes):
            return self.planes.dtype
        return next(iter(self.planes.values())).dtype

    def joined(self, other: FieldChange, *, overwrite: bool) -> FieldChange:
        """Return both together; a plane that is in both is a ``PathExistsError`` unless ``overwrite``."""
        twice = set(self.planes) & set(other.planes)
        if twice and not overwrite:
            raise PathExistsError(
                f"plane {min(twice)} (channel, z, time) of site {self.site} was saved before"
            )
        if (self.size, self.dtype, self.extension) != (other.size, other.dtype, other.extension):
            raise BatchError(
                f"site {self.site} has planes of {self.dtype} {self.size} ({self.extension}) and of "
                f"{other.dtype} {other.size} ({other.extension}); the planes of a field are of one kind"
            )
        images = (*(pair for pair in self.images if pair[0] not in twice), *other.images)
        return attrs.evolve(self, planes={**self.planes, **other.planes}, images=images)


def check_change(change: FieldChange, stored: StoredImage | None, well: str, *, overwrite: bool) -> None:
    """Raise if planes exist already, or do not go together with those that stay in the field."""
    if stored is None:
        return
    present = set(stored.field.spots())
    taken = present & set(change.planes)
    if taken and not overwrite:
        channel, z_index, timepoint = min(taken)
        raise PathExistsError(
            f"well {well}, site {change.site}, channel {channel}, plane {z_index}, time point {timepoint} "
            "exists already; pass overwrite=True to replace it. Nothing was saved"
        )
    if present <= set(change.planes):
        return
    recorded = stored.field.recorded
    found = stored.field.size, dtype_of(stored), recorded.extension
    if found != (change.size, change.dtype, change.extension):
        raise BatchError(
            f"site {change.site} of well {well} holds planes of {found[1]} {found[0]} ({found[2]}) and was given "
            f"{change.dtype} {change.size} ({change.extension}); the planes of a field are of one kind. "
            "Nothing was saved"
        )


def written_fields(
    images: Images,
    folder: str,
    changes: Sequence[FieldChange],
    stored: Mapping[int, StoredImage],
    config: ZarrConfig,
    prepared: Callable[[int], Known],
    workers: Workers,
    *,
    ndim: int | None = None,
) -> None:
    """Write the fields that change into the folder of a well, one group each, named by the site.

    ``stored`` are fields as they are: their other planes are taken along. Lies one of them in ``folder``
    itself, it is replaced. ``ndim`` is recorded: how many dimensions an array had that was saved as a whole.
    """
    arrays, kept = [], []
    for change in changes:
        old = stored.get(change.site)
        part, one = _arrays(images, f"{folder}/{change.site}", change, old, config)
        arrays.append(part)
        kept.append(one)
    ranges = write_arrays(arrays, workers, power=config.power)
    for change, part, found in zip(changes, arrays, ranges, strict=True):
        old = stored.get(change.site)
        before = known_of(old.field) if old is not None and part.kept is not None else Known()
        known = said_by(change.images, f"site {change.site}").over(before).over(prepared(change.site))
        absent = _absent(part)
        attributes = attributes_of(
            known.widened(found),
            part.grid,
            absent,
            change.size,
            change.dtype,
            part.levels,
            change.extension,
            change.name,
            part.layout.config,
        )
        if ndim is not None:
            attributes["openhcs"]["ndim"] = ndim
        documents = group_documents(attributes, part.layout.config.ngff_version)
        write_documents(part.folder, documents, power=config.power)
        final = f"{folder}/{change.site}"
        if part.folder != final:
            shutil.rmtree(final)
            os.rename(part.folder, final)


def linked_field(source: str, target: str) -> None:
    """Let a field stand in a second place without copying its pixels."""
    for directory, _, names in os.walk(source):
        made = target + directory[len(source) :]
        os.makedirs(made)
        for name in names:
            if not is_temporary(name):
                link_file(f"{directory}/{name}", f"{made}/{name}")


def link_file(source: str, target: str) -> None:
    """Link a file, or copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)


def kept_of(images: Images, stored: StoredImage, replaced: set[Spot]) -> Kept:
    """Return the arrays of one of our fields, without the planes that are replaced."""
    recorded, size, dtype = stored.field.recorded, stored.field.size, dtype_of(stored)
    grid = Grid(recorded.channels, recorded.z_indexes, recorded.timepoints)
    layout = ArrayLayout.of(grid.shape(size or (1, 1)), dtype, config_of(stored), stored.field.axes)
    layouts = tuple(layout.level(number) for number in range(len(stored.field.arrays)))
    return Kept(
        os.path.dirname(stored.group.document),
        grid,
        layouts,
        frozenset(spot for spot in stored.field.spots() if spot not in replaced),
        lambda spot: images.plane(stored, spot).read().result(),
    )


def _arrays(
    images: Images, folder: str, change: FieldChange, old: StoredImage | None, config: ZarrConfig
) -> tuple[NewArrays, Kept | None]:
    kept = None
    if old is not None:
        kept = kept_of(images, old, set(change.planes))
        if not kept.present:
            kept = None  # all of it is replaced, so it need not be as it was
    spots = set(change.planes) | (set(kept.present) if kept else set())
    levels = 1 + config.pyramid
    if kept is not None:
        config = attrs.evolve(kept.layouts[0].config, durability=config.durability)
        levels = len(kept.layouts)
    grid = Grid.of(spots)
    layout = ArrayLayout.of(grid.shape(change.size), change.dtype, config)
    if os.path.lexists(folder):
        folder = f"{os.path.dirname(folder)}/.{os.path.basename(folder)}.openhcs-part"
    _make_links(old, folder)
    return NewArrays(folder, grid, layout, levels, change.planes, kept), kept


def _make_links(old: StoredImage | None, folder: str) -> None:
    """Take along what stands beside the arrays of a field: labels, and what other programs put there."""
    os.makedirs(folder)
    if old is None:
        return
    source = os.path.dirname(old.group.document)
    arrays = {path.rpartition("/")[2] for path in old.field.arrays}
    for name in os.listdir(source):
        if name in arrays or name in DOCUMENT_NAMES or is_temporary(name):
            continue
        if os.path.isdir(f"{source}/{name}"):
            linked_field(f"{source}/{name}", f"{folder}/{name}")
        else:
            link_file(f"{source}/{name}", f"{folder}/{name}")


def _absent(part: NewArrays) -> list[tuple[int, int, int]]:
    present = set(part.planes) | (set(part.kept.present) if part.kept else set())
    indices = (part.grid.index(spot) for spot in part.grid.spots() - present)
    return sorted(index for index in indices if index is not None)


def config_of(stored: StoredImage) -> ZarrConfig:
    """Return the configuration with which one of our images was written."""
    recorded = stored.group.attributes["openhcs"].get("layout")
    options = {key: recorded[key] for key in LAYOUT_KEYS} if isinstance(recorded, dict) else {}
    version: NgffVersion = "0.5" if stored.group.zarr_format == 3 else "0.4"
    return ZarrConfig(ngff_version=version, **options)


def dtype_of(stored: StoredImage) -> np.dtype[Any]:
    """Return the dtype of one of our images, as its document has it."""
    name: str = stored.group.attributes["openhcs"]["layout"]["dtype"]
    return np.dtype(name)
