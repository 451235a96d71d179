"""Pixels like those of a microscope, and the plates made of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint16]

_KINDS = 6


def planes(count: int, size: int = 1024) -> list[Plane]:
    """Return planes of blurred noise and blobs under camera noise; zstd-1 makes two thirds of them."""
    originals = [_plane(np.random.default_rng(number), size) for number in range(_KINDS)]
    return [np.roll(originals[n % _KINDS], 37 * (n // _KINDS), axis=(0, 1)) for n in range(count)]


def _plane(rng: np.random.Generator, size: int) -> Plane:
    from scipy.ndimage import gaussian_filter

    blobs = np.zeros((size, size))
    blobs[tuple(rng.integers(0, size, (2, size // 8)))] = 250_000
    image = 400 + gaussian_filter(blobs, 7) + 1_500 * gaussian_filter(rng.standard_normal((size, size)), 6)
    noisy = image + rng.standard_normal((size, size)) * np.sqrt(image.clip(1))
    return noisy.clip(0, 65535).astype(np.uint16)


def well_names(well: str, fields: int, channels: int, depth: int) -> Iterator[str]:
    """Yield the names of a well's planes, field by field."""
    for site in range(1, fields + 1):
        for channel in range(1, channels + 1):
            for z in range(1, depth + 1):
                yield f"{well}_s{site:03d}_w{channel}_z{z:03d}_t001.tif"


def imagexpress(folder: Path, wells: int = 8, sites: int = 4, channels: int = 2, depth: int = 3) -> Path:
    """Write an ImageXpress export: plain TIFF files with MetaSeries headers, and an HTD file."""
    from openhcs_demo.plates import Plate, write_imagexpress
    from openhcs_host.contracts.microscopes import Channel

    names = ("DAPI", "FITC", "TRITC", "Cy5")
    plate = Plate(
        name="Screen",
        wells=tuple(f"B{column:02d}" for column in range(2, 2 + wells)),
        grid=(1, sites),
        channels={number: Channel(name=names[number - 1]) for number in range(1, channels + 1)},
        planes=depth,
        height=1024,
        width=1024,
    )
    places = [place for well in plate.wells for site in plate.sites for place in plate.stacks_of(well, site)]
    write_imagexpress(folder, plate, zip(places, planes(len(places)), strict=True))
    return folder
