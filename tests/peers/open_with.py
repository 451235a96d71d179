"""Open an OME-Zarr plate with one program that we did not write, and say what it sees.

    python open_with.py PROGRAM STORE EXPECTED.json

Runs in an environment that holds these programs and nothing of ours. EXPECTED.json lists the fields of the plate
with the SHA-256 of their pixels in the order t, c, z, y, x. Prints one JSON object: program, version and what differs;
a program that only validates says what it finds wrong.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Field = dict[str, Any]


def digest(pixels: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def differences(field: Field, pixels: Any, **seen: Any) -> Iterator[str]:
    """Yield where the pixels or any metadata that the program shows differ from what was written."""
    pixels = np.asarray(pixels)
    if list(pixels.shape) != field["shape"] or str(pixels.dtype) != field["dtype"]:
        yield f"{field['path']}: {pixels.dtype} {pixels.shape}, not {field['dtype']} {field['shape']}"
    elif digest(pixels) != field["sha256"]:
        yield f"{field['path']}: pixels differ"
    for name, value in seen.items():
        wanted = field[name]
        same = value == wanted if name == "channels" else np.allclose(value, wanted, rtol=1e-6, atol=1e-9)
        if not same:
            yield f"{field['path']}: {name} {value!r}, not {wanted!r}"


def tensorstore(store: Path, fields: list[Field]) -> Iterator[str]:
    import tensorstore as ts

    for field in fields:
        path = store / field["path"] / "0"
        driver = "zarr3" if (path / "zarr.json").is_file() else "zarr"
        array = ts.open({"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"}}).result()
        yield from differences(field, array.read().result())


def ome_zarr(store: Path, fields: list[Field]) -> Iterator[str]:
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    for field in fields:
        node = next(iter(Reader(parse_url(str(store / field["path"])))()))
        scale = node.metadata["coordinateTransformations"][0][0]["scale"]
        yield from differences(
            field, node.data[0].compute(), scale=scale, channels=node.metadata["channel_names"]
        )


def ngio(store: Path, fields: list[Field]) -> Iterator[str]:
    import ngio

    plate = ngio.open_ome_zarr_plate(str(store))
    paths = sorted(plate.images_paths())
    if paths != sorted(field["path"] for field in fields):
        yield f"the plate shows {paths}"
    for field in fields:
        container = ngio.open_ome_zarr_container(str(store / field["path"]))
        image = container.get_image()
        size = image.pixel_size
        yield from differences(
            field,
            image.get_as_numpy(axes_order=["t", "c", "z", "y", "x"]),
            channels=list(container.channel_labels),
            scale=[1.0, 1.0, size.z, size.y, size.x],
        )


def iohub(store: Path, fields: list[Field]) -> Iterator[str]:
    from iohub import open_ome_zarr

    with open_ome_zarr(str(store), mode="r") as plate:
        positions = dict(plate.positions())
        if sorted(positions) != sorted(field["path"] for field in fields):
            yield f"the plate shows {sorted(positions)}"
        for field in fields:
            position = positions[field["path"]]
            pixels = np.asarray(position["0"][:])
            yield from differences(
                field, pixels, channels=list(position.channel_names), scale=list(position.scale)
            )


def bioio(store: Path, fields: list[Field]) -> Iterator[str]:
    from bioio_ome_zarr import Reader

    for field in fields:
        reader = Reader(str(store / field["path"]))
        size = reader.physical_pixel_sizes
        yield from differences(
            field,
            reader.get_image_data("TCZYX"),
            channels=list(reader.channel_names),
            scale=[1.0, 1.0, size.Z, size.Y, size.X],
        )


def ome_zarr_models(store: Path, fields: list[Field]) -> Iterator[str]:
    import zarr
    from ome_zarr_models import open_ome_zarr

    plate = open_ome_zarr(zarr.open_group(str(store), mode="r"))
    if type(plate).__name__ != "HCS":
        yield f"it is taken for {type(plate).__name__}"
        return
    described = getattr(plate.attributes, "ome", plate.attributes)
    found = sorted(well.path for well in described.plate.wells)
    if found != sorted({field["path"].rpartition("/")[0] for field in fields}):
        yield f"the plate shows {found}"


def yaozarrs(store: Path, fields: list[Field]) -> Iterator[str]:
    import yaozarrs

    yaozarrs.validate_zarr_store(str(store))  # raises what it finds wrong
    yield from ()


PROGRAMS: dict[str, tuple[Callable[[Path, list[Field]], Iterator[str]], str]] = {
    "tensorstore": (tensorstore, "tensorstore"),
    "ome-zarr-py": (ome_zarr, "ome-zarr"),
    "ngio": (ngio, "ngio"),
    "iohub": (iohub, "iohub"),
    "bioio": (bioio, "bioio-ome-zarr"),
    "ome-zarr-models": (ome_zarr_models, "ome-zarr-models"),
    "yaozarrs": (yaozarrs, "yaozarrs"),
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    program, store, expected = sys.argv[1:]
    check, distribution = PROGRAMS[program]
    found = list(check(Path(store), json.loads(Path(expected).read_text(encoding="utf-8"))))
    version = importlib.metadata.version(distribution)
    print(json.dumps({"program": program, "version": version, "differences": found}))  # noqa: T201
