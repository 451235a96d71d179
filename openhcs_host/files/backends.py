"""Names of well-known backends."""

from __future__ import annotations

import enum

__all__ = ["Backend"]


class Backend(enum.StrEnum):
    """Well-known backends, for convenience: everywhere a name is taken, a plain string will do."""

    MEMORY = "memory"
    DISK = "disk"
    ZARR = "zarr"
    VIRTUAL_WORKSPACE = "virtual_workspace"
    OMERO_LOCAL = "omero_local"
    NAPARI_STREAM = "napari_stream"
    FIJI_STREAM = "fiji_stream"
