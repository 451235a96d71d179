"""Images that are no planes of a plate: an NGFF image of its own at its path."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from openhcs_backend_zarr.building import FieldChange, written_fields
from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.describing import Known
from openhcs_backend_zarr.encoding import storable
from openhcs_backend_zarr.held_asides import held_aside
from openhcs_backend_zarr.images import Images
from openhcs_backend_zarr.names import split
from openhcs_backend_zarr.placing import place, sync_tree
from openhcs_backend_zarr.workers import Workers
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import UnsupportedDataError
from openhcs_host.files.atomic import make_directories

__all__ = ["Array", "pixels", "save_plain"]

Array = np.ndarray[Any, np.dtype[Any]]
"""Pixels."""


def pixels(data: Any, path: str) -> Array:
    """Return an array that can be stored as an image of its own, or raise ``UnsupportedDataError``."""
    try:
        array = storable(data)
    except UnsupportedDataError as error:
        raise UnsupportedDataError(f"cannot save {path!r}: {error}") from error
    if not 2 <= array.ndim <= 5 or not array.size:
        raise UnsupportedDataError(
            f"cannot save {path!r}: an NGFF image has two to five dimensions and at least one pixel, "
            f"not the shape {array.shape}; save it as '.npy' or '.npz' on another backend"
        )
    return array


def save_plain(
    images: Images,
    workers: Workers,
    data: Array,
    path: str,
    image: ImageMetadata | None,
    config: ZarrConfig,
    *,
    overwrite: bool,
) -> None:
    """Save an array of two to five dimensions, the last of ``t c z y x``, as an image."""
    whole = data.reshape((1,) * (5 - data.ndim) + data.shape)
    times, channels, planes = whole.shape[:3]
    indices = [(t, c, z) for t in range(times) for c in range(channels) for z in range(planes)]
    spots = {(c + 1, z + 1, t + 1): whole[t, c, z] for t, c, z in indices}
    said = () if image is None else tuple((spot, attrs.evolve(image, coordinates=None)) for spot in spots)
    if channels > 1:  # one name cannot be that of several channels
        said = tuple((spot, attrs.evolve(each, channel_name=None, channel_color=None)) for spot, each in said)
    change = FieldChange(1, split(path)[1], spots, ".tif", said)
    folder, _ = split(path)
    make_directories(folder, power=config.power)
    with held_aside(folder) as aside:
        written_fields(images, aside, [change], {}, config, lambda _: Known(), workers, ndim=data.ndim)
        if config.power:
            sync_tree(aside)
        place(f"{aside}/1", path.rstrip("/"), overwrite=overwrite, power=config.power)
