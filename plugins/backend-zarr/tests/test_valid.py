"""Whatever the backend writes has no error and no warning, and names that are true."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host.contracts.images import Coordinates, image_name

EVERY = list(itertools.product(("0.4", "0.5"), ("well", "file"), (0, 2)))


@pytest.fixture(params=EVERY, ids=lambda each: "-".join(map(str, each)))
def zarr(request, host):
    version, strategy, pyramid = request.param
    return host.backend("zarr", ngff_version=version, chunk_strategy=strategy, pyramid=pyramid)


def findings(path):
    found = validate(LocalReader(path))
    assert found is not None
    return [f"{finding.where}: {finding.rule}" for finding in found]


def names(folder, places):
    return [f"{folder}/{image_name(Coordinates(*place))}" for place in places]


@pytest.mark.parametrize(
    "places",
    [
        [("A01", 1, 1)],
        [("B02", s, c, z, t) for s in (1, 2) for c in (1, 2) for z in (1, 2) for t in (1, 2)],
        [("B02", 1, 1, 1, 1), ("B02", 1, 2, 3, 4), ("AF48", 7, 1), ("H12", 2, 1, 1, 9)],
        [("B02", 1, 1, 1, t) for t in range(1, 30)],
    ],
    ids=["one plane", "full", "sparse and ragged", "time series"],
)
def test_plates_are_valid(zarr, images, plane, places):
    paths = names(images, places)
    zarr.save_batch([plane(number, (33, 41)) for number in range(len(paths))], paths)
    assert findings(images) == []
    zarr.delete(paths[-1])
    zarr.save(plane(1, (33, 41)), f"{images}/{image_name(Coordinates('C03', 5, 2))}")
    assert findings(images) == []


@pytest.mark.parametrize("ndim", [2, 3, 4, 5])
def test_images_of_their_own_are_valid_wherever_they_go(zarr, tmp_path, ndim):
    zarr.save(np.zeros((2,) * (ndim - 2) + (33, 41), np.uint8), f"{tmp_path}/one")
    zarr.copy(f"{tmp_path}/one", f"{tmp_path}/copy")
    zarr.move(f"{tmp_path}/one", f"{tmp_path}/moved")
    for name in ("copy", "moved"):
        assert findings(f"{tmp_path}/{name}") == []


def test_a_field_is_called_by_well_and_site(zarr, images, plane):
    zarr.save(plane(1), f"{images}/{image_name(Coordinates('B02', 12, 1))}")
    folder = Path(images, "B/02/12")
    file = folder / "zarr.json" if (folder / "zarr.json").exists() else folder / ".zattrs"
    content = json.loads(file.read_bytes())
    content = content.get("attributes", content)
    assert content.get("ome", content)["multiscales"][0]["name"] == "B02 site 12"
