"""Open the labels beside one image with a program that we did not write, and say what is wrong.

    python open_labels_with.py PROGRAM IMAGE EXPECTED.npy

IMAGE is the group of an image that has the label image ``nuclei``; EXPECTED.npy holds its pixels, ``t z y x``.
Prints one JSON list, empty if all is well.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np


def ngio(image: str, expected: np.ndarray) -> list[str]:
    import ngio

    container = ngio.open_ome_zarr_container(image)
    pixels = container.get_label("nuclei").get_as_numpy(axes_order=["t", "z", "y", "x"])
    listed = list(container.list_labels())
    same = pixels.dtype == expected.dtype and np.array_equal(pixels, expected)
    return [f"labels {listed}"] * (listed != ["nuclei"]) + ["pixels differ"] * (not same)


def ome_zarr_models(image: str, expected: np.ndarray) -> list[str]:
    import zarr
    from ome_zarr_models import open_ome_zarr

    kinds = [
        type(open_ome_zarr(zarr.open_group(f"{image}/{path}", mode="r"))).__name__
        for path in ("labels", "labels/nuclei")
    ]
    return [] if kinds == ["Labels", "ImageLabel"] else [f"taken for {kinds}"]


def yaozarrs(image: str, expected: np.ndarray) -> list[str]:
    import yaozarrs

    # It opens no group "labels" of 0.4 by itself, which states no version; with the image it looks into it.
    for path in ("", "/labels/nuclei"):
        yaozarrs.validate_zarr_store(f"{image}{path}")  # what it finds wrong it raises
    return []


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    program, image, expected = sys.argv[1:]
    check = {"ngio": ngio, "ome-zarr-models": ome_zarr_models, "yaozarrs": yaozarrs}[program]
    sys.stdout.write(json.dumps(check(image, np.load(expected))) + "\n")
