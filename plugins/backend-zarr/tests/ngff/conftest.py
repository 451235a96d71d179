"""Stores written from documents alone: ours by the writers, others' as their writers leave them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.ngff.geometry import axes_of, levels_of
from openhcs_backend_zarr.ngff.model import Image, ImageRef, OmeroChannel, Recorded, Well, Window
from openhcs_backend_zarr.ngff.physical import plate_of, well_path
from openhcs_backend_zarr.ngff.writing import (
    group_documents,
    image_attributes,
    plate_attributes,
    well_attributes,
)
from openhcs_backend_zarr.plates import read_plate
from openhcs_backend_zarr.validating import validate

SIZE = (64, 80)


class Store:
    """A store in a folder, changed document by document."""

    def __init__(self, root: Path, version: str = "0.5") -> None:
        self.root, self.version = root, version
        root.mkdir(parents=True, exist_ok=True)

    def group(self, path: str, attributes: dict) -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in group_documents(attributes, self.version).items():
            (folder / name).write_bytes(content)

    def array(self, path: str, shape: tuple[int, ...], axes: str = "tczyx", dtype: str = "uint16") -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        chunk = [1] * (len(shape) - 2) + list(shape[-2:])
        if self.version == "0.4":
            code = {"uint16": "<u2", "float32": "<f4", "int32": "<i4"}[dtype]
            document = {
                "zarr_format": 2,
                "shape": list(shape),
                "chunks": chunk,
                "dtype": code,
                "compressor": None,
                "fill_value": 0,
                "order": "C",
                "filters": None,
                "dimension_separator": "/",
            }
            (folder / ".zarray").write_text(json.dumps(document))
            return
        document = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(shape),
            "data_type": dtype,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0,
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "dimension_names": list(axes),
        }
        (folder / "zarr.json").write_text(json.dumps(document))

    def document(self, path: str) -> tuple[Path, dict, dict]:
        """Return file, content and the part with NGFF metadata of a group, to be changed."""
        file = self.root / path / ("zarr.json" if self.version == "0.5" else ".zattrs")
        content = json.loads(file.read_text())
        return file, content, content["attributes"]["ome"] if self.version == "0.5" else content

    def change(self, path: str, do) -> None:
        file, content, part = self.document(path)
        do(part)
        file.write_text(json.dumps(content))

    def read(self):
        return read_plate(LocalReader(self.root), self.root)

    def findings(self):
        return validate(LocalReader(self.root))

    def errors(self) -> list[str]:
        return [f"{f.where} | {f.rule}" for f in self.findings() if f.severity == "error"]


@pytest.fixture(params=["0.4", "0.5"])
def version(request):
    return request.param


@pytest.fixture
def store(tmp_path, version):
    return Store(tmp_path / "store", version)


def image_of(version: str, **changes) -> Image:
    facts = {
        "axes": axes_of(0.65, 2.0),
        "datasets": levels_of(SIZE, 0.65, 2.0, (10.0, -20.0), (1, 2)),
        "channels": (
            OmeroChannel(label="DAPI", color="0000FF", window=Window(3, 900, 0, 65535)),
            OmeroChannel(label="GFP", window=Window(5, 800, 0, 65535)),
        ),
        "name": "B02",
        "version": version,
        "recorded": Recorded(channels=(1, 4), z_indexes=(2, 3, 5), timepoints=(1,), size=SIZE),
    }
    return Image(**(facts | changes))


def write_plate(store: Store, wells: dict[str, tuple[int, ...]], **facts) -> Store:
    """Write a plate as our backend does: two channels, three planes, two levels per site."""
    version = store.version
    most = max(map(len, wells.values()))
    store.group("", plate_attributes(plate_of(wells, name="P1", field_count=most, version=version, **facts)))
    for well, sites in wells.items():
        path = well_path(well)
        store.group(path.partition("/")[0], {"ome": {"version": version}} if version == "0.5" else {})
        store.group(path, well_attributes(Well(tuple(ImageRef(str(site)) for site in sites), version)))
        for number, site in enumerate(sites):
            position = (100.0 * number, -50.0)
            datasets = levels_of(SIZE, 0.65, 2.0, position, (1, 2))
            store.group(f"{path}/{site}", image_attributes(image_of(version, datasets=datasets)))
            store.array(f"{path}/{site}/0", (1, 2, 3, *SIZE))
            store.array(f"{path}/{site}/1", (1, 2, 3, SIZE[0] // 2, SIZE[1] // 2))
    return store


@pytest.fixture
def ours(store):
    """A plate of two wells with two and one sites."""
    return write_plate(store, {"B02": (1, 2), "C03": (1,)})


@pytest.fixture
def others(store):
    """Writes a plate as others do: of rows, columns, wells with image names, axes and shape."""

    def write(
        wells: dict[str, tuple[str, ...]],
        *,
        rows: tuple[str, ...],
        columns: tuple[str, ...],
        axes: str = "tczyx",
        shape: tuple[int, ...] = (1, 2, 3, *SIZE),
        scale: tuple[float, ...] | None = None,
        unit: str | None = "micrometer",
        omero: dict | None = None,
        plate: dict | None = None,
        acquisitions: tuple[int, ...] = (),
        translation: tuple[float, ...] | None = None,
    ) -> Store:
        kinds = {"t": "time", "c": "channel"}
        listed = [
            {
                "path": path,
                "rowIndex": rows.index(path.split("/")[0]),
                "columnIndex": columns.index(path.split("/")[1]),
            }
            for path in wells
        ]
        named = {"rows": [{"name": n} for n in rows], "columns": [{"name": n} for n in columns]}
        store.group("", placed(store, {"plate": {**named, "wells": listed, **(plate or {})}}))
        for path, names in wells.items():
            store.group(path.split("/")[0], {})
            images = [
                {"path": name, **({"acquisition": acquisitions[i]} if acquisitions else {})}
                for i, name in enumerate(names)
            ]
            store.group(path, placed(store, {"well": {"images": images}}))
            for name in names:
                described = []
                for letter in axes:
                    kind = kinds.get(letter.lower(), "space")
                    described.append(
                        {"name": letter, "type": kind} | ({"unit": unit} if unit and kind == "space" else {})
                    )
                steps = [] if scale is None else [{"type": "scale", "scale": list(scale)}]
                steps += [{"type": "translation", "translation": list(translation)}] if translation else []
                level = {"path": "0", "coordinateTransformations": steps} if steps else {"path": "0"}
                content = {"multiscales": [{"axes": described, "datasets": [level]}]}
                store.group(f"{path}/{name}", placed(store, content | ({"omero": omero} if omero else {})))
                store.array(f"{path}/{name}/0", shape, axes)
        return store

    return write


def placed(store: Store, content: dict) -> dict:
    return {"ome": {"version": "0.5", **content}} if store.version == "0.5" else content


@pytest.fixture
def make(tmp_path):
    """The writers by themselves."""
    return SimpleNamespace(Store=Store, write_plate=write_plate, image=image_of, size=SIZE)


@pytest.fixture(scope="session")
def conformance():
    """The specification's valid and invalid documents."""
    default = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "plates"
    plates = Path(os.environ.get("OPENHCS_PLATES", default))
    found = plates.parent / "ngff-conformance" / "tests"
    if not found.is_dir():
        pytest.skip(f"the conformance set is not at {found}; OPENHCS_PLATES names the folder beside it")
    return found
