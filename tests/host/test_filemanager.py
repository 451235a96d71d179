"""What the file manager adds to every backend, seen on memory alone."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Backend, FileManager, Host
from openhcs_host.contracts.storage import Capability, FileStat
from openhcs_host.errors import (
    InvalidPathError,
    PluginConflictError,
    PluginInvalidError,
    PluginLoadError,
    UnsupportedOperationError,
)


@pytest.fixture
def files():
    with Host() as host:
        yield FileManager(host)


@pytest.fixture
def installed(site, monkeypatch):
    monkeypatch.syspath_prepend(str(site.folder))
    return site


@pytest.mark.parametrize(
    "extensions", ["tif", ".tif", "TIF", ".Tif", ["tif"], {".TIF"}, iter([".tif", ".x"])]
)
def test_extensions_are_taken_in_any_case_with_or_without_the_dot(files, extensions):
    for name in ("s10.TIF", "s2.tif", "s1.tiff", "stif", "s3.ome.tif"):
        files.save(0, f"/run/{name}", "memory")
    found = files.list_files("/run", "memory", extensions=extensions)
    assert found == ["/run/s2.tif", "/run/s3.ome.tif", "/run/s10.TIF"]


def test_extensions_may_have_several_parts_and_none_at_all_find_nothing(files):
    for name in ("a.ome.tif", "b.tif"):
        files.save(0, f"/run/{name}", "memory")
    assert files.list_files("/run", "memory", extensions=["OME.tif"]) == ["/run/a.ome.tif"]
    assert files.list_files("/run", "memory", extensions=[]) == []


def test_stat_says_what_memory_knows(files):
    files.save(np.zeros((3, 4), np.uint16), "/run/a.npy", "memory")
    files.save("text", "/run/b.txt", "memory")
    assert files.stat("/run/a.npy", Backend.MEMORY) == FileStat("file", 24, None)
    assert files.stat(Path("/run/b.txt"), "memory") == FileStat("file", None, None)
    assert files.stat("/run", "memory") == FileStat("directory", None, None)
    with pytest.raises(FileNotFoundError, match="/none"):
        files.stat("/none", "memory")


def test_memory_has_no_links_and_says_so(files):
    files.save(1, "/run/a", "memory")
    assert Capability.LINK not in files.get_backend("memory").capabilities
    assert not files.is_symlink("/run/a", "memory")
    for refused in (
        lambda: files.create_symlink("/run/a", "/run/b", "memory"),
        lambda: files.mirror_directory("/run", "/mirror", "memory"),
    ):
        with pytest.raises(io.UnsupportedOperation, match=r"memory backend has no symbolic links\. Copy"):
            refused()
    assert files.list_dir("/", "memory") == ["run"]


def test_a_file_is_found_at_any_depth_the_first_in_natural_order(files):
    for path in ("/run/s10/a.csv", "/run/s2/a.csv", "/run/s2/xa.csv", "/run/s1/a.csv/b"):
        files.save(path, path, "memory")
    assert files.find_file_recursive("/run", "a.csv", "memory") == "/run/s2/a.csv"
    assert files.find_file_recursive(Path("/run"), "csv", Backend.MEMORY) is None
    with pytest.raises(FileNotFoundError):
        files.find_file_recursive("/none", "a.csv", "memory")
    for wrong in ("", "s2/a.csv"):
        with pytest.raises(InvalidPathError, match="last part"):
            files.find_file_recursive("/run", wrong, "memory")


def test_delete_all_takes_a_file_or_a_directory_with_its_content(files):
    files.save(1, "/run/d/e/f", "memory")
    files.save(1, "/run/a", "memory")
    files.delete_all("/run/d", "memory")
    files.delete_all("/run/a", "memory")
    assert files.list_dir("/run", "memory") == []
    with pytest.raises(FileNotFoundError):
        files.delete_all("/run/d", "memory")


def test_replacing_links_replaces_no_file(files):
    files.save("one", "/a", "memory")
    files.save("two", "/b", "memory")
    with pytest.raises(FileExistsError):
        files.move("/a", "/b", "memory", replace_symlinks=True)
    files.move("/a", "/b", "memory", replace_symlinks=True, overwrite=True)
    assert files.load("/b", "memory") == "one"


def test_every_operation_that_a_sink_cannot_do_names_the_sink_and_the_operation(installed):
    installed.backend("attic", distribution="attic-of-operations")
    with Host() as host:
        files = FileManager(host)
        operations = {
            "load": ["/a"], "load_batch": [["/a"]], "exists": ["/a"], "is_file": ["/a"], "is_dir": ["/a"],
            "is_symlink": ["/a"], "stat": ["/a"], "list_files": ["/a"], "list_dir": ["/a"],
            "find_file_recursive": ["/a", "b"], "ensure_directory": ["/a"], "delete": ["/a"], "delete_all": ["/a"],
            "copy": ["/a", "/b"], "move": ["/a", "/b"], "create_symlink": ["/a", "/b"],
            "mirror_directory": ["/a", "/b"],
        }  # fmt: skip
        for name, arguments in operations.items():
            with pytest.raises(UnsupportedOperationError, match=f"attic backend cannot {name}:"):
                getattr(files, name)(*arguments, "attic")


FAILS_ON_PURPOSE = """
from openhcs_host import hookimpl
from openhcs_host.errors import InvalidPathError
OPENHCS_API = 1
@hookimpl
def openhcs_create_backend(key):
    raise InvalidPathError("there is no such place")
"""


def test_backends_that_cannot_be_used_are_reported_and_hide_no_other(installed):
    installed.backend("attic", distribution="usable-attic")
    installed.backend("broken", "1 / 0", distribution="usable-broken")
    installed.backend("refusing", FAILS_ON_PURPOSE, distribution="usable-refusing")
    for number in (1, 2):
        installed.backend("twice", distribution=f"usable-twice-{number}")
    with Host() as host:
        files = FileManager(host)
        found = files.usable_backends()
        assert {"memory", "attic"} <= found.usable.keys()
        assert found.usable["memory"] is files.get_backend("memory")
        assert {key: type(error) for key, error in found.broken.items()} == {
            "broken": PluginLoadError,
            "refusing": PluginInvalidError,
            "twice": PluginConflictError,
        }
        assert "ZeroDivisionError" in str(found.broken["broken"])
        assert "there is no such place" in str(found.broken["refusing"])
        assert {*found.usable, *found.broken} == set(host.index.keys("backend"))
        files.save(1, "/a", "memory")
        assert files.load("/a", "memory") == 1
