"""Comparing every pixel of a converted plate with the plate it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import image_name
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.errors import OpenHCSError

__all__ = ["verify_plate"]


def verify_plate(
    host: Host,
    reading: PlateReading,
    destination: Path,
    *,
    backend: str = "zarr",
    on_well: Callable[[str, int, int], None] | None = None,
) -> Iterator[str]:
    """Yield a sentence for every plane that is absent from ``destination`` or differs in any pixel.

    Both sides are loaded anew, each through its own backend; dtype and shape must be equal too.
    """
    import numpy as np

    files = FileManager(host)
    root, folder = reading.root.absolute().as_posix(), destination.absolute().as_posix()
    wells = reading.planes.by_well
    number, last = 0, None
    for plane in reading.planes:
        where = plane.coordinates
        if where.well != last:
            number, last = number + 1, where.well
            if on_well is not None:
                on_well(where.well, number, len(wells))
        name = image_name(where)
        try:
            ours = files.load(f"{folder}/{name}", backend)
            theirs = files.load(f"{root}/{plane.path}", reading.backend)
        except (OSError, OpenHCSError) as error:
            yield f"{name}: {error}"
            continue
        if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
            yield f"{name} is {ours.dtype} {ours.shape}, and {plane.path!r} is {theirs.dtype} {theirs.shape}"
        elif not np.array_equal(ours, theirs, equal_nan=theirs.dtype.kind in "fc"):
            differing = int((ours != theirs).sum())
            yield f"{name} differs from {plane.path!r} in {differing} pixels"
