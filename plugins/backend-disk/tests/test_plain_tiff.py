"""Plain planes are read in one go, everything else is left to tifffile, and both agree on every file."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.plain_tiff import read_plain_tiff
from openhcs_backend_disk.tiff import TiffFormat

XML = "<MetaData>\n<PlaneInfo/></MetaData>"
PLANE = np.arange(600, dtype=np.uint16).reshape(20, 30)


def written(array=PLANE, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **{"metadata": None, **options})
    return stream.getvalue()


def plainly(content: bytes):
    return read_plain_tiff(io.BytesIO(content))


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "f4"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("rows", [1, 7, 20])
@pytest.mark.parametrize("description", [None, XML])
def test_a_plain_plane_is_read(dtype, byteorder, rows, description):
    plane = PLANE.astype(dtype)
    found = plainly(written(plane, byteorder=byteorder, rowsperstrip=rows, description=description))
    assert found is not None and found.dtype == plane.dtype and np.array_equal(found, plane)
    assert found.flags.writeable


@pytest.mark.parametrize(
    "content",
    [
        written(compression="zlib"),
        written(np.stack([PLANE, PLANE])),
        written(np.zeros((8, 9, 3), np.uint8), photometric="rgb"),
        written(bigtiff=True),
        written(metadata={"axes": "YX"}),  # tifffile's own description gives the shape
        written(ome=True),
        written(imagej=True),
        written(tile=(16, 16)),
        written(PLANE.astype("c8")),
        written(extratags=[(40000, "I", 1, 7, False)]),
        written()[:-1],
        b"II*\0",
        b"",
        b"no TIFF at all",
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_whatever_is_not_plain_is_left_to_others(content):
    assert plainly(content) is None


def test_real_planes_are_read_as_tifffile_reads_them(plates):
    paths = [path for path in plates.rglob("*") if path.suffix.lower() in (".tif", ".tiff")]
    plain = 0
    for path in paths:
        found = plainly(path.read_bytes())
        plain += found is not None
        assert found is None or np.array_equal(found, tifffile.imread(path))
    assert plain >= 40, "the exports of MetaXpress are plain"


def test_a_file_is_read_like_a_stream(tmp_path):
    (tmp_path / "a.tif").write_bytes(written())
    with (tmp_path / "a.tif").open("rb") as stream:
        assert np.array_equal(TiffFormat(".tif").read(stream), PLANE)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_damaged_files_are_never_read_otherwise_than_by_tifffile(seed, changes):
    rng = random.Random(seed)
    content = bytearray(written(description=XML, rowsperstrip=7))
    head = len(content) - PLANE.nbytes
    for _ in range(changes):
        content[rng.randrange(head)] = rng.randrange(256)
    found = plainly(bytes(content))
    if found is None:
        return
    try:
        theirs = tifffile.imread(io.BytesIO(bytes(content)))
    except Exception:
        return
    assert found.dtype == theirs.dtype and np.array_equal(found, theirs)
