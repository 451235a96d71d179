"""The planes of one well: where they are read, and what stands for those that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from openhcs_host import Backend, FileManager
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.plates import virtual_name
from openhcs_pipeline.plan import Plan

__all__ = ["PLANES", "Located", "Planes", "load_planes", "locate_planes"]

PLANES: Final = "planes"
"""Folder beside the numbered ones of the steps, for planes copied into the read backend."""

Located = tuple[str, str]
"""Path and backend of an image."""

Planes = dict[Coordinates, Located]


def locate_planes(plan: Plan, files: FileManager, well: str, place: str) -> Planes:
    """Return where the planes of a well are read, in order; copy them into the read backend if need be.

    Missing planes are left out, or with ``fill`` stand there as zeros.
    """
    where = _recorded(plan, files, well, place)
    if plan.missing == "fill" and plan.missing_planes(well):
        where |= _filled(plan.missing_planes(well), where, files, place)
        where = {c: where[c] for c in sorted(where, key=lambda coordinates: coordinates.order)}
    return where


def load_planes(files: FileManager, located: Sequence[Located]) -> list[Any]:
    """Load images from wherever they are, in this order."""
    backends = {backend for _, backend in located}
    if len(backends) == 1:
        return files.load_batch([path for path, _ in located], *backends)
    return [files.load(path, backend) for path, backend in located]


def _recorded(plan: Plan, files: FileManager, well: str, place: str) -> Planes:
    vfs = plan.vfs
    root, planes = plan.reading.root.absolute().as_posix(), plan.planes(well)
    if vfs.read_backend == Backend.VIRTUAL_WORKSPACE:
        return {plane.coordinates: (f"{root}/{virtual_name(plane)}", vfs.read_backend) for plane in planes}
    where = {plane.coordinates: f"{root}/{plane.path}" for plane in planes}
    if vfs.stages(plan.reading):
        staged = {c: f"{place}/{PLANES}/{image_name(c)}" for c in where}
        images = files.load_batch(list(where.values()), plan.reading.backend)
        metadata = [plan.reading.image_metadata(c) for c in where]
        files.save_batch(images, list(staged.values()), vfs.read_backend, images=metadata)
        where = staged
    return {c: (path, vfs.read_backend) for c, path in where.items()}


def _filled(missing: Iterable[Coordinates], there: Planes, files: FileManager, place: str) -> Planes:
    """Keep zeros in memory for missing planes, each like a plane of its channel or, without one, of its well."""
    like: dict[int, Coordinates] = {}
    for coordinates in there:
        like.setdefault(coordinates.channel, coordinates)
    zeros: dict[Coordinates, Any] = {}
    made: Planes = {}
    for coordinates in missing:
        model = like.get(coordinates.channel) or next(iter(there))
        if model not in zeros:
            (plane,) = load_planes(files, [there[model]])
            zeros[model] = np.zeros_like(plane)
        path = f"{place}/filled/{image_name(coordinates)}"
        files.save(zeros[model], path, Backend.MEMORY)
        made[coordinates] = (path, Backend.MEMORY.value)
    return made
