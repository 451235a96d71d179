"""The file manager and arrays of other libraries than NumPy."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import FileManager, Host, convert
from openhcs_host.errors import ArrayError, MemoryConversionError
from openhcs_host.seam.index import build_index
from openhcs_host.seam.policy import Policy

MUTANTS = Path(__file__).parent / "testing" / "mutants"
PLANE = np.arange(12, dtype=np.uint16).reshape(3, 4)

SHELF = """
from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink

OPENHCS_API = 1

class Shelf(DataSink):
    key = "shelf"
    capabilities = Capability.WRITE

    def __init__(self):
        self.saved = {}

    def save(self, data, path, *, overwrite=False, image=None):
        self.saved[path] = data

@hookimpl
def openhcs_create_backend(key):
    return Shelf()
"""


@pytest.fixture
def files(site, monkeypatch):
    site.install(
        "grids",
        {
            "openhcs.memory": {"reference": "array_mutants"},
            "openhcs.array": {"reference_arrays": "reference"},
        },
        {"array_mutants": (MUTANTS / "array_mutants.py").read_text()},
    )
    site.backend("shelf", SHELF)
    monkeypatch.syspath_prepend(str(site.folder))
    monkeypatch.delitem(sys.modules, "array_mutants", raising=False)
    with Host(build_index(), Policy()) as host:
        yield FileManager(host)
    sys.modules.pop("array_mutants", None)


def test_an_array_is_a_numpy_array_on_its_way_to_storage(files):
    grid = convert(PLANE, "reference", copy=True, host=files.host)
    files.save(grid, "/a.npy", "shelf")
    files.save_batch([grid, PLANE], ["/b.npy", "/c.npy"], "shelf")
    saved = files.get_backend("shelf").saved
    assert [type(saved[path]) for path in ("/a.npy", "/b.npy", "/c.npy")] == [np.ndarray] * 3
    np.testing.assert_array_equal(saved["/a.npy"], PLANE)
    assert saved["/c.npy"] is PLANE


def test_what_is_no_array_goes_as_it_is(files):
    library = type(convert(PLANE, "reference", host=files.host))
    for data in ("text", {"a": 1}, library, None):
        files.save(data, "/x.txt", "shelf")
        assert files.get_backend("shelf").saved["/x.txt"] is data


def test_a_backend_of_any_object_keeps_the_very_array(files):
    grid = convert(PLANE, "reference", host=files.host)
    files.save(grid, "/a.npy", "memory")
    files.save_batch([grid], ["/b.npy"], "memory")
    assert files.load("/a.npy", "memory") is grid and files.load("/b.npy", "memory") is grid


def test_an_image_is_loaded_as_the_memory_type_wanted(files):
    files.save(PLANE, "/a.npy", "memory")
    grid = files.load("/a.npy", "memory", memory_type="reference", device=0)
    assert grid.device == "grid:0" and grid.values.tolist() == PLANE.tolist()
    (again,) = files.load_batch(["/a.npy"], "memory", memory_type="reference")
    assert again.device == "cpu" and again.values is PLANE
    assert files.load("/a.npy", "memory", memory_type="numpy") is PLANE


def test_a_device_alone_and_text_as_an_array_are_refused(files):
    files.save("text", "/a.txt", "memory")
    with pytest.raises(MemoryConversionError, match="no array"):
        files.load("/a.txt", "memory", memory_type="reference")
    with pytest.raises(ArrayError, match="memory_type="):
        files.load("/a.txt", "memory", device=0)
