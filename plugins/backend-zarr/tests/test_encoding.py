"""Every compressor, version and strategy, written by us and read by zarr-python and tensorstore."""

import itertools

import numpy as np
import pytest
import tensorstore as ts

from openhcs_backend_zarr.config import ZarrCompressor
from openhcs_host.contracts.images import Coordinates, image_name

DTYPES = ("bool", "uint8", "int16", "uint16", "uint32", "int64", "float32", "float64", "complex64")
EVERY = list(itertools.product(("0.4", "0.5"), ("well", "file"), ZarrCompressor))


def stack(dtype):
    return (np.arange(2 * 3 * 9 * 11).reshape(2, 3, 9, 11) % 251).astype(dtype)


def opened(path, version):
    driver = "zarr3" if version == "0.5" else "zarr"
    return ts.open({"driver": driver, "kvstore": {"driver": "file", "path": path}}).result()


@pytest.mark.parametrize(("version", "strategy", "compressor"), EVERY)
def test_others_read_what_we_write(host, images, version, strategy, compressor):
    zarr = pytest.importorskip("zarr")
    config = {"ngff_version": version, "chunk_strategy": strategy, "compressor": compressor}
    for dtype in DTYPES:
        pixels = stack(dtype)
        folder = f"{images}/{dtype}"
        names = [f"{folder}/{image_name(Coordinates('B02', 1, c, z))}" for c in (1, 2) for z in (1, 2, 3)]
        host.backend("zarr", **config).save_batch(list(pixels.reshape(6, 9, 11)), names)
        array = f"{folder}/B/02/1/0"
        for found in (zarr.open_array(array, mode="r")[0], opened(array, version)[0].read().result()):
            assert found.dtype == pixels.dtype
            np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_plane_that_was_never_saved_reads_as_zero_for_others(host, images, version):
    names = [f"{images}/{image_name(Coordinates('B02', 1, *place))}" for place in ((1, 1), (2, 2))]
    host.backend("zarr", ngff_version=version).save_batch([np.ones((4, 4), np.uint16)] * 2, names)
    found = opened(f"{images}/B/02/1/0", version)[0].read().result()
    assert found[:, :, 0, 0].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("compressor", [compressor for compressor in ZarrCompressor if compressor != "none"])
def test_a_compressor_compresses(host, tmp_path, compressor):
    pixels = np.zeros((2, 300, 300), np.uint16)
    host.backend("zarr", compressor=compressor).save(pixels, f"{tmp_path}/a")
    assert (tmp_path / "a/0/c/0/0/0/0/0").stat().st_size < pixels.nbytes / 20
