"""The real libraries, on stacks of real plates where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def library(host):
    return host.functions("skimage")


def _synthetic() -> np.ndarray:
    """Return blobs of various brightness on an uneven background, as a camera of 16 bits would see them."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:96, 0:112]
    planes = []
    for _ in range(3):
        image = 300 + 2.0 * x + random.normal(0, 12, y.shape)
        for _ in range(14):
            cy, cx, size = random.integers(0, 96), random.integers(0, 112), random.uniform(3, 8)
            image += random.uniform(800, 9000) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * size**2))
        planes.append(image.clip(0, 65535).astype(np.uint16))
    return np.stack(planes)


def _real(pattern: str, codecs: str | None = None) -> np.ndarray:
    default = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "plates"
    folder = Path(os.environ.get("OPENHCS_PLATES", default))
    if not folder.is_dir():
        pytest.skip(f"no real plates at {folder}; set OPENHCS_PLATES to their folder")
    if codecs is not None:
        pytest.importorskip(codecs)
    # Read without the host: this distribution needs no storage.
    from tifffile import imread

    paths = sorted(folder.glob(pattern))[:3]
    assert paths, f"no {pattern} in {folder}"
    return np.stack([imread(path)[60:200, 90:250] for path in paths])


PLATES = {
    "imagexpress database": ("ix-faim-projection-mix/*/*/1334/ZStep_*/*_E07_s1_w1[0-9A-F]*-*.tif", None),
    "imagexpress export": ("ix-zmb-export-3433/*/TimePoint_1/ZStep_[123]/9987_B02_s1_w1.TIF", None),
    "phenix": ("pe-phenix-pe2loaddata-v1/*/images/r01c01f01p01-ch[123]*.tiff", "imagecodecs"),
}


@pytest.fixture(scope="session", params=["synthetic", *PLATES])
def stack(request):
    """A stack [Z, Y, X] of uint16, of a real plate or synthetic, that nobody may write to."""
    stack = _synthetic() if request.param == "synthetic" else _real(*PLATES[request.param])
    assert stack.ndim == 3 and stack.dtype == np.uint16 and stack.min() < stack.max()
    stack.flags.writeable = False
    return stack


@pytest.fixture(scope="session")
def mask(stack):
    """The brighter pixels of each plane."""
    return stack > np.quantile(stack, 0.85, axis=(1, 2), keepdims=True)
