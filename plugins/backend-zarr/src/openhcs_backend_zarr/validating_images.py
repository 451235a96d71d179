"""Checking an image with its arrays and its labels."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final

from openhcs_backend_zarr.ngff.array_rules import check_array, check_levels, data_type, shape_of
from openhcs_backend_zarr.ngff.checking import check_attributes
from openhcs_backend_zarr.ngff.documents import Documents
from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.ngff.model import Image
from openhcs_backend_zarr.ngff.parsing import parse_labels
from openhcs_host.errors import InvalidPathError, PlateError

__all__ = ["check_image"]

_INTEGERS: Final = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


def check_image(documents: Documents, path: str, attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with an image's arrays and labels, beyond its own document."""
    try:
        image = ImageParser()(attributes, path)
    except (PlateError, InvalidPathError) as failure:
        yield error(path, f"the image cannot be read, so its arrays are not looked at: {failure}")
        return
    shape = yield from _check_arrays(documents, path, image)
    if shape is not None and len(shape) == len(image.axes):
        extents = {axis.name.lower(): extent for axis, extent in zip(image.axes, shape, strict=True)}
        yield from _check_channels(path, image, extents.get("c", 1))
        yield from _check_recorded(path, image, extents)
    yield from _check_labels(documents, path, len(image.datasets))


def _check_arrays(
    documents: Documents, path: str, image: Image
) -> Generator[Finding, None, tuple[int, ...] | None]:
    """Yield what is wrong with an image's arrays; return the shape of the first."""
    axes = [axis.name for axis in image.axes]
    shapes, kinds = [], []
    for dataset in image.datasets:
        where = f"{path}/{dataset.path}" if path else dataset.path
        document = documents.array(where)
        if document is None:
            yield error(where, "the image lists the array, and there is none")
            continue
        yield from check_array(document, documents.zarr_format, axes, where)
        shape = shape_of(document)
        if shape is not None:
            shapes.append(shape)
            kinds.append(data_type(document))
    yield from check_levels(shapes, kinds, f"{path}: multiscales[0]")
    return shapes[0] if shapes else None


def _check_channels(path: str, image: Image, channels: int) -> Iterator[Finding]:
    if image.channels is not None and len(image.channels) != channels:
        yield error(
            f"{path}: omero.channels",
            f"there is one entry for each of the {channels} channels, not {len(image.channels)}",
        )


def _check_recorded(path: str, image: Image, extents: Mapping[str, int]) -> Iterator[Finding]:
    """Check what we recorded against the array; nobody else writes it."""
    recorded = image.recorded
    if recorded is None:
        return
    counts = {"t": recorded.timepoints, "c": recorded.channels, "z": recorded.z_indexes}
    for letter, numbers in counts.items():
        if len(numbers) != extents.get(letter, 1):
            yield error(
                f"{path}: openhcs",
                f"{len(numbers)} numbers along {letter}, and {extents.get(letter, 1)} indices",
            )
    limits = [len(numbers) for numbers in counts.values()]
    if any(
        not 0 <= index < limit
        for place in recorded.absent
        for index, limit in zip(place, limits, strict=True)
    ):
        yield error(f"{path}: openhcs.absent", "an absent plane lies outside the array")
    if recorded.size is not None and recorded.size != (extents.get("y"), extents.get("x")):
        yield error(f"{path}: openhcs.size", f"the array's planes are not of size {list(recorded.size)}")


def _check_labels(documents: Documents, path: str, levels: int) -> Iterator[Finding]:
    folder = f"{path}/labels" if path else "labels"
    attributes = documents.group(folder)
    if attributes is None:
        return
    if section(attributes, "labels")[0] is None:
        yield error(folder, "the group of labels lists them")
        return
    names = parse_labels(attributes, folder)
    for name in names:
        yield from _check_label(documents, f"{folder}/{name}", levels)
    for name in sorted(set(documents.reader.list(folder)) - {name.partition("/")[0] for name in names}):
        if not name.startswith(".") and documents.group(f"{folder}/{name}") is not None:
            yield warning(f"{folder}/{name}", "there is a label image here that is not listed")


def _check_label(documents: Documents, path: str, levels: int) -> Iterator[Finding]:
    attributes = documents.group(path)
    if attributes is None:
        yield error(path, "the label image is listed, and there is no such group")
        return
    yield from check_attributes(attributes, path)
    if section(attributes, "image-label")[0] is None:
        yield warning(path, "a label image should say that it is one, by image-label")
    try:
        image = ImageParser()(attributes, path)
    except (PlateError, InvalidPathError) as failure:
        yield error(path, f"the label image cannot be read: {failure}")
        return
    if len(image.datasets) != levels:
        yield error(
            path, f"a label image has as many levels as its image: {levels}, not {len(image.datasets)}"
        )
    yield from _check_arrays(documents, path, image)
    document = documents.array(f"{path}/{image.datasets[0].path}")
    if document is not None and data_type(document) not in _INTEGERS:
        yield error(path, f"labels are whole numbers, not {data_type(document)}")
