"""Label images beside a field: ``B/02/1/labels/nuclei``, made over the whole of the field's planes.

NGFF has a label image for all channels together, so it has the axes ``t z y x``. Which channel the planes that were
labelled are of is recorded, and they are found under its names. Extents and levels are those of the field, so that
every program lays one over the other; a plane that was never labelled is absent there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection
from typing import Any, Final

import attrs
import numpy as np

from openhcs_backend_zarr.building import FieldChange, config_of, dtype_of, kept_of
from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.describing import known_of, layout_of
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.grid import Grid, Planes
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.layout import LABEL_AXES, ArrayLayout
from openhcs_backend_zarr.ngff.geometry import axes_of, levels_of
from openhcs_backend_zarr.ngff.model import Dataset, Image, LabelImage, Recorded
from openhcs_backend_zarr.ngff.parsing import parse_labels
from openhcs_backend_zarr.ngff.writing import group_documents, label_attributes, labels_attributes
from openhcs_backend_zarr.objects import Kept, NewArrays, write_arrays
from openhcs_backend_zarr.plate_documents import write_documents
from openhcs_backend_zarr.pyramid import sampled
from openhcs_backend_zarr.workers import Workers
from openhcs_host.errors import (
    BatchError,
    InvalidPathError,
    PathExistsError,
    PathNotFoundError,
    UnsupportedDataError,
)

__all__ = [
    "check_label",
    "check_label_change",
    "check_size",
    "label_of",
    "label_spot",
    "labels_of",
    "regrown",
    "relabelled",
]

_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_-])?\Z")
_SOURCE: Final = "../../"
"""From a label image to its image."""


def check_label(name: object) -> str:
    """Return the name of a label image, or raise ``InvalidPathError``."""
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidPathError(
            f"{name!r} cannot be the name of a label image; give letters, digits, '_', '-' and '.', such as 'nuclei'"
        )
    return name


def labels_of(images: Images, stored: StoredImage) -> tuple[str, ...]:
    """Return the names of the label images beside a field, in the order of its document."""
    group = images.groups.get(f"{_folder(stored)}/labels")
    return () if group is None else parse_labels(group.attributes, group.document)


def label_of(images: Images, stored: StoredImage, name: str) -> StoredImage | None:
    """Return one label image of a field, whoever wrote it; ``None`` if there is none."""
    if name not in labels_of(images, stored):
        return None
    return images.get(stored.root, f"{_folder(stored)[len(stored.root) + 1 :]}/labels/{name}")


def label_spot(label: StoredImage, spot: Spot) -> Spot | None:
    """Return the place in a label image of what labels a plane, ``None`` if nothing does."""
    channel = spot[0] if label.ours else label.field.recorded.channels[0]
    found = channel, spot[1], spot[2]
    return None if label.field.index(*found) is None else found


def check_label_change(
    change: FieldChange, stored: StoredImage | None, label: StoredImage | None, name: str, *, overwrite: bool
) -> None:
    """Raise if planes of labels label nothing, or do not go together with those there are."""
    where = f"label {name!r} of {change.name}"
    present = set() if stored is None else set(stored.field.spots())
    if stored is None or set(change.planes) - present:
        raise PathNotFoundError(f"{where} has planes that label none of the field; save the images first")
    if change.dtype.kind not in "iu":
        raise UnsupportedDataError(
            f"{where} is {change.dtype}; labels are whole numbers: convert it to an integer"
        )
    if change.size != stored.field.size:
        raise BatchError(
            f"{where} has the size {change.size}, and the field {stored.field.size}; nothing was saved"
        )
    channels = {channel for channel, _, _ in change.planes}
    if label is not None and not label.ours:
        raise PathExistsError(f"{where} was written by another program and is not changed; give another name")
    taken = set() if label is None else set(label.field.spots())
    if taken & set(change.planes) and not overwrite:
        raise PathExistsError(f"{where} has been saved; pass overwrite=True to replace it. Nothing was saved")
    kept = taken - set(change.planes)
    channels |= {channel for channel, _, _ in kept}
    if len(channels) > 1:
        raise BatchError(
            f"{where} is of the channels {sorted(channels)}; a label image is of one: give each a name"
        )
    if label is not None and kept and dtype_of(label) != change.dtype:
        raise BatchError(f"{where} holds {dtype_of(label)} and was given {change.dtype}; nothing was saved")


def check_size(images: Images, change: FieldChange, stored: StoredImage | None) -> None:
    """Raise ``BatchError`` if planes of another size would leave the label images of a field without a field."""
    if stored is not None and change.size != stored.field.size and labels_of(images, stored):
        raise BatchError(
            f"{change.name} has labels ({', '.join(labels_of(images, stored))}) of the size {stored.field.size}, and "
            f"was given planes of {change.size}; delete the images with their labels first. Nothing was saved"
        )


def relabelled(
    images: Images,
    folder: str,
    field: StoredImage,
    name: str,
    label: StoredImage | None,
    change: FieldChange | None,
    config: ZarrConfig,
    workers: Workers,
    *,
    without: Collection[Spot] = (),
) -> None:
    """Make a label image anew in the ``folder`` of a field that is being made: what it had, and what comes.

    ``field`` gives extents and levels. Of a label image without planes nothing is left.
    """
    if label is not None:
        config = attrs.evolve(config_of(label), durability=config.durability)
    planes: Planes = {} if change is None else change.planes
    gone = set(planes) | set(without)
    kept = None if label is None else kept_of(images, label, gone)
    if kept is not None:
        kept = attrs.evolve(kept, present=kept.present & set(field.field.spots()))
    target = f"{folder}/labels/{name}"
    if os.path.isdir(target):
        shutil.rmtree(target)  # a second place of what stands in the old field
    present = set(planes) | (set(kept.present) if kept is not None else set())
    if present:
        _write(images, target, field, present, label, kept, change, config, workers)
    _list(images, f"{folder}/labels", name, bool(present), config)


def regrown(
    images: Images, made: str, before: StoredImage, site: int, config: ZarrConfig, workers: Workers
) -> None:
    """Make the label images of a field anew where its extents or levels have changed; others stay linked.

    ``made`` is the folder of a well that is being made, in which the field lies as it is now.
    """
    field = images.get(made, str(site))
    for name in () if field is None else labels_of(images, before):
        label = label_of(images, before, name)
        if field is None or label is None or not label.ours:
            continue
        now, then = field.field.recorded, label.field.recorded
        same = (now.z_indexes, now.timepoints) == (then.z_indexes, then.timepoints)
        if not same or len(field.field.arrays) != len(label.field.arrays):
            relabelled(images, f"{made}/{site}", field, name, label, None, config, workers)


def _write(
    images: Images,
    target: str,
    field: StoredImage,
    present: set[Spot],
    label: StoredImage | None,
    kept: Kept | None,
    change: FieldChange | None,
    config: ZarrConfig,
    workers: Workers,
) -> None:
    recorded, size, levels = field.field.recorded, field.field.size or (1, 1), len(field.field.arrays)
    planes: Planes = {} if change is None else change.planes
    dtype = change.dtype if change is not None else dtype_of(label) if label is not None else None
    if dtype is None:
        raise LookupError("a label image is made of what it had, or of what comes")
    if kept is not None and len(kept.layouts) != levels:
        planes, kept = {**{spot: kept.decode(spot) for spot in kept.present}, **planes}, None
    grid = Grid(tuple({channel for channel, _, _ in present}), recorded.z_indexes, recorded.timepoints)
    layout = ArrayLayout.of(grid.shape(size), dtype, config, LABEL_AXES)
    os.makedirs(target)
    arrays = NewArrays(target, grid, layout, levels, planes, kept, sampled)
    write_arrays([arrays], workers, power=config.power)
    extension = recorded.extension
    attributes = _attributes(field, grid, present, dtype, levels, os.path.basename(target), extension, config)
    write_documents(target, group_documents(attributes, config.ngff_version), power=config.power)


def _attributes(
    field: StoredImage,
    grid: Grid,
    present: set[Spot],
    dtype: np.dtype[Any],
    levels: int,
    name: str,
    extension: str,
    config: ZarrConfig,
) -> dict[str, Any]:
    known, size = known_of(field.field), field.field.size or (1, 1)
    factors = [1 << level for level in range(levels)]
    datasets = levels_of(size, known.pixel_size_um, known.z_step_um, known.position_um, factors)
    indices = (grid.index(spot) for spot in grid.spots() - present)
    image = Image(
        axes=tuple(axis for axis in axes_of(known.pixel_size_um, known.z_step_um) if axis.name != "c"),
        datasets=tuple(
            Dataset(level.path, _without_channel(level.scale), _without_channel(level.translation))
            for level in datasets
        ),
        name=name,
        version=config.ngff_version,
        recorded=Recorded(
            channels=grid.channels,
            z_indexes=grid.z_indexes,
            timepoints=grid.timepoints,
            absent=tuple(sorted(index for index in indices if index is not None)),
            extension=extension,
            size=size,
        ),
    )
    attributes = label_attributes(LabelImage(source=_SOURCE, version=config.ngff_version), image)
    attributes["openhcs"]["layout"] = layout_of(dtype, config)
    return attributes


def _without_channel(values: tuple[float, ...] | None) -> tuple[float, ...] | None:
    return None if values is None else (values[0], *values[2:])


def _list(images: Images, folder: str, name: str, there: bool, config: ZarrConfig) -> None:
    """Let the document of a group of labels list a label image, or not."""
    group = images.groups.get(folder)
    names = () if group is None else parse_labels(group.attributes, group.document)
    listed = [known for known in names if known != name] + [name] * there
    if not listed:
        if os.path.isdir(folder):
            shutil.rmtree(folder)
        return
    os.makedirs(folder, exist_ok=True)
    documents = group_documents(labels_attributes(listed, config.ngff_version), config.ngff_version)
    write_documents(folder, documents, power=config.power)


def _folder(stored: StoredImage) -> str:
    return os.path.dirname(stored.group.document)
