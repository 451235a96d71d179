"""What is read of a plate that its metadata describes: which subdirectory, through which backend."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import attrs

from openhcs_host.errors import MetadataError
from openhcs_host.plates.metadata import read_metadata, workspace_mapping

__all__ = ["PREFERENCE", "PlateDescription", "describe_plate"]

PREFERENCE: Final = ("zarr", "virtual_workspace", "disk")
"""Backends in order of preference, where several hold the images of a subdirectory."""


@attrs.frozen
class PlateDescription:
    """Where the images of a described plate are read."""

    folder: str
    """The folder of the metadata."""
    subdirectory: str
    """The record that is read: the main one."""
    backend: str
    """The backend that is read, by preference."""
    images: tuple[str, ...]
    """Plate-relative paths of the images in that backend: virtual paths, or ``image_files``."""
    record: Mapping[str, Any]
    """All fields of the record."""


def describe_plate(folder: str | os.PathLike[str]) -> PlateDescription:
    """Read the metadata of a plate and decide what of it is read.

    The subdirectory marked ``main`` decides; without a mark, the only one, or the only one whose
    backend is preferred to those of the others. Raises ``MetadataError`` when that decides nothing.
    """
    path = os.fspath(folder)
    records = read_metadata(path)
    name = _main(records, path)
    record = records[name]
    backend = _preferred(record, f"{path!r}, subdirectory {name!r}")
    if backend == "virtual_workspace":
        images = tuple(workspace_mapping(record, path)[0])
    else:
        images = tuple(record.get("image_files") or ())
    return PlateDescription(path, name, backend, images, record)


def _main(records: Mapping[str, Mapping[str, Any]], path: str) -> str:
    marked = [name for name, record in records.items() if record.get("main") is True]
    if len(marked) > 1:
        raise MetadataError(
            f"{path!r}: subdirectories {', '.join(marked)} are all marked main; leave one mark"
        )
    candidates = marked or list(records)
    if len(candidates) > 1:
        ranks = {
            name: PREFERENCE.index(_preferred(records[name], f"{path!r}, {name!r}")) for name in candidates
        }
        best = min(ranks.values())
        candidates = [name for name, rank in ranks.items() if rank == best]
    if len(candidates) != 1:
        found = ", ".join(map(repr, candidates)) or "no subdirectory at all"
        raise MetadataError(f"{path!r}: nothing says which subdirectory to read ({found}); mark one as main")
    return candidates[0]


def _preferred(record: Mapping[str, Any], where: str) -> str:
    available = record.get("available_backends") or {}
    for backend in PREFERENCE:
        if isinstance(available, Mapping) and available.get(backend) is True:
            return backend
    raise MetadataError(f"{where}: available_backends names none of {', '.join(PREFERENCE)}")
