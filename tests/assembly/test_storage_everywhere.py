"""One behaviour on memory and on disk: whoever changes the backend changes nothing else."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Backend, FileManager, Host
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import PluginLoadError

PLANE = np.arange(12, dtype=np.uint16).reshape(3, 4)
LINKING = Capability.LINK


@pytest.fixture
def files():
    with Host() as host:
        yield FileManager(host)


@pytest.fixture(params=[Backend.MEMORY, "disk"], ids=str)
def backend(request):
    return request.param


@pytest.fixture
def links(files, backend):
    """Whether the backend has links."""
    return LINKING in files.get_backend(backend).capabilities


@pytest.fixture
def root(files, backend, tmp_path):
    """An empty directory on the backend."""
    files.ensure_directory(tmp_path, backend)
    return tmp_path.as_posix()


@pytest.fixture
def tree(files, backend, root):
    """A directory with images and a table, whose names sort differently by nature and by letter."""
    for name in ("s10.TIF", "s2.tif", "s1.png", "deep/s3.tif", "deep/deeper/s1.NPY"):
        files.save(PLANE, f"{root}/tree/{name}", backend)
    files.save("a,b\n1,2\n", f"{root}/tree/table.csv", backend)
    files.ensure_directory(f"{root}/tree/empty", backend)
    return f"{root}/tree"


@pytest.mark.parametrize("extension", [".tif", ".TIFF", ".png", ".npy"])
def test_what_is_saved_is_loaded(files, backend, root, extension):
    path = Path(root) / "new" / f"a{extension}"
    files.save(PLANE, path, backend)
    loaded = files.load(str(path), backend)
    assert loaded.dtype == PLANE.dtype
    np.testing.assert_array_equal(loaded, PLANE)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.npz", {"a": PLANE}),
        ("a.zip", b"PK"),
        ("a.bin", b"\0"),
        ("a.txt", "text"),
        ("a.json", {"a": [1, None]}),
    ],
)
def test_other_content_too(files, backend, root, name, data):
    files.save(data, f"{root}/{name}", backend)
    loaded = files.load(f"{root}/{name}", backend)
    assert repr(loaded) == repr(data)


def test_an_existing_name_is_refused_and_keeps_its_content(files, backend, root):
    files.save("old", f"{root}/a.txt", backend)
    with pytest.raises(FileExistsError, match=r"a\.txt.*overwrite=True"):
        files.save("new", f"{root}/a.txt", backend)
    assert files.load(f"{root}/a.txt", backend) == "old"
    files.save("new", f"{root}/a.txt", backend, overwrite=True)
    assert files.load(f"{root}/a.txt", backend) == "new"


def test_the_errors_are_the_builtins_that_say_it(files, backend, root, tree):
    file, none = f"{tree}/table.csv", f"{root}/none.txt"
    files.ensure_directory(f"{root}/directory.txt", backend)
    expected = {
        FileNotFoundError: [
            lambda: files.load(none, backend),
            lambda: files.load_batch([file, none], backend),
            lambda: files.stat(none, backend),
            lambda: files.list_files(none, backend),
            lambda: files.list_dir(none, backend),
            lambda: files.find_file_recursive(none, "a", backend),
            lambda: files.delete(none, backend),
            lambda: files.delete_all(none, backend),
            lambda: files.copy(none, f"{root}/x.txt", backend),
            lambda: files.move(none, f"{root}/x.txt", backend),
        ],
        IsADirectoryError: [
            lambda: files.load(tree, backend),
            lambda: files.save("x", f"{root}/directory.txt", backend, overwrite=True),
            lambda: files.copy(file, tree, backend, overwrite=True),
            lambda: files.copy(tree, f"{root}/x", backend),
        ],
        NotADirectoryError: [
            lambda: files.list_files(file, backend),
            lambda: files.list_dir(file, backend),
            lambda: files.ensure_directory(file, backend),
            lambda: files.save("x", f"{file}/below.txt", backend),
            lambda: files.copy(file, f"{file}/below.txt", backend),
        ],
        FileExistsError: [
            lambda: files.copy(file, f"{tree}/s2.tif", backend),
            lambda: files.move(file, f"{tree}/s2.tif", backend),
            lambda: files.move(f"{tree}/deep", f"{tree}/empty", backend),
            lambda: files.save_batch(["x", "y"], [f"{root}/x.txt", file], backend),
        ],
        ValueError: [
            lambda: files.save("x", "", backend),
            lambda: files.save_batch(["x"], [], backend),
            lambda: files.save_batch(["x", "y"], [f"{root}/x.txt"] * 2, backend),
            lambda: files.move(tree, f"{tree}/deep/tree", backend),
        ],
        OSError: [lambda: files.delete(tree, backend)],
        TypeError: [lambda: files.save("x", f"{root}/x.txt", backend, overwritte=True)],
    }
    before = files.list_files(root, backend, recursive=True)
    for error, refused in expected.items():
        for operation in refused:
            with pytest.raises(error):
                operation()
    assert files.list_files(root, backend, recursive=True) == before


def test_listings_are_in_natural_order_and_know_extensions_in_any_case(files, backend, tree):
    assert files.list_dir(tree, backend) == ["deep", "empty", "s1.png", "s2.tif", "s10.TIF", "table.csv"]
    assert [path[len(tree) :] for path in files.list_files(tree, backend)] == [
        "/s1.png",
        "/s2.tif",
        "/s10.TIF",
        "/table.csv",
    ]
    for extensions in ("tif", [".TIF"], {"Tif"}):
        assert files.list_files(tree, backend, extensions=extensions) == [f"{tree}/s2.tif", f"{tree}/s10.TIF"]
    assert [path[len(tree) :] for path in files.list_image_files(Path(tree), backend, recursive=True)] == [
        "/deep/deeper/s1.NPY",
        "/deep/s3.tif",
        "/s1.png",
        "/s2.tif",
        "/s10.TIF",
    ]
    assert files.list_files(f"{tree}/empty", backend) == []


def test_a_file_is_found_at_any_depth(files, backend, tree):
    assert files.find_file_recursive(tree, "s3.tif", backend) == f"{tree}/deep/s3.tif"
    files.save(PLANE, f"{tree}/deep/s2.tif", backend)
    assert files.find_file_recursive(tree, "s2.tif", backend) == f"{tree}/deep/s2.tif"
    assert files.find_file_recursive(tree, "S2.tif", backend) is None
    assert files.find_file_recursive(tree, "deep", backend) is None


def test_exists_is_exact(files, backend, tree):
    assert files.exists(f"{tree}/deep/s3.tif", backend) and files.is_file(f"{tree}/deep/s3.tif", backend)
    assert files.exists(f"{tree}/deep", backend) and files.is_dir(f"{tree}/deep", backend)
    assert not files.is_file(f"{tree}/deep", backend) and not files.is_dir(f"{tree}/s2.tif", backend)
    for name in ("dee", "s2", "s2.tif.x", "s2.tif/x"):
        assert not files.exists(f"{tree}/{name}", backend)


def test_stat_says_the_kind(files, backend, tree):
    assert files.stat(f"{tree}/s2.tif", backend).kind == "file"
    assert files.stat(f"{tree}/s2.tif", backend).size >= PLANE.nbytes
    assert files.stat(tree, backend).kind == "directory"
    assert files.stat(tree, backend).size is None
    assert not files.is_symlink(tree, backend)


def test_batches_keep_their_order(files, backend, root):
    paths = [Path(root) / f"{name}.npy" for name in "cab"]
    files.save_batch([PLANE, PLANE + 1, PLANE + 2], paths, backend)
    loaded = files.load_batch(paths[::-1], backend)
    np.testing.assert_array_equal(loaded, [PLANE + 2, PLANE + 1, PLANE])


def test_copy_and_move(files, backend, root, tree):
    files.copy(f"{tree}/s2.tif", f"{root}/new/a.tif", backend)
    files.move(f"{tree}/s2.tif", f"{root}/new/b.tif", backend)
    files.copy(f"{root}/new/a.tif", f"{root}/new/b.tif", backend, overwrite=True)
    files.move(f"{root}/new/a.tif", f"{root}/new/a.tif", backend)
    assert files.list_dir(f"{root}/new", backend) == ["a.tif", "b.tif"]
    assert not files.exists(f"{tree}/s2.tif", backend)
    files.move(f"{tree}/deep", f"{root}/far/deep", backend)
    np.testing.assert_array_equal(files.load(f"{root}/far/deep/deeper/s1.NPY", backend), PLANE)
    assert not files.exists(f"{tree}/deep", backend)


def test_delete_and_delete_all(files, backend, root, tree):
    files.delete(f"{tree}/empty", backend)
    files.delete(f"{tree}/s2.tif", backend)
    with pytest.raises(OSError, match="recursive=True"):
        files.delete(tree, backend)
    files.delete_all(f"{tree}/deep", backend)
    files.delete_all(f"{tree}/table.csv", backend)
    assert files.list_dir(tree, backend) == ["s1.png", "s10.TIF"]
    files.delete(tree, backend, recursive=True)
    assert files.list_dir(root, backend) == []


def test_links_are_made_or_refused_as_the_capabilities_say(files, backend, links, root, tree):
    table, link = f"{tree}/table.csv", f"{root}/new/link.csv"
    if not links:
        with pytest.raises(io.UnsupportedOperation):
            files.create_symlink(table, link, backend)
        assert not files.exists(f"{root}/new", backend)
        return
    files.create_symlink(Path(table), Path(link), backend)
    assert files.is_symlink(link, backend)
    assert files.stat(link, backend).kind == "symlink"
    assert files.load(link, backend) == files.load(table, backend)
    with pytest.raises(FileExistsError):
        files.create_symlink(table, link, backend)
    files.create_symlink(table, link, backend, overwrite=True)
    with pytest.raises(FileExistsError):
        files.create_symlink(link, table, backend, overwrite=True)
    with pytest.raises(FileNotFoundError):
        files.create_symlink(f"{root}/none", f"{root}/x", backend)
    files.delete_all(link, backend)
    assert files.is_file(table, backend)


def test_a_mirror_shows_the_same_tree_and_copies_nothing(files, backend, links, root, tree):
    if not links:
        with pytest.raises(io.UnsupportedOperation):
            files.mirror_directory(tree, f"{root}/mirror", backend)
        assert not files.exists(f"{root}/mirror", backend)
        return
    assert files.mirror_directory(Path(tree), Path(root) / "mirror", backend) == 6
    shown = files.list_files(f"{root}/mirror", backend, recursive=True)
    assert [path.replace("/mirror/", "/tree/") for path in shown] == files.list_files(
        tree, backend, recursive=True
    )
    assert all(files.is_symlink(path, backend) for path in shown)
    assert files.list_dir(f"{root}/mirror", backend) == files.list_dir(tree, backend)
    files.delete_all(f"{root}/mirror", backend)
    assert files.is_file(f"{tree}/deep/s3.tif", backend)


def test_a_mirror_may_leave_folders_out(files, backend, links, root, tree):
    if not links:
        with pytest.raises(io.UnsupportedOperation):
            files.mirror_directory(tree, f"{root}/mirror", backend, recursive=False)
        return
    assert files.mirror_directory(tree, f"{root}/mirror", backend, recursive=False) == 4
    assert files.list_dir(f"{root}/mirror", backend) == ["s1.png", "s2.tif", "s10.TIF", "table.csv"]


def test_moving_may_replace_links_only(files, backend, links, root, tree):
    with pytest.raises(FileExistsError):
        files.move(f"{tree}/table.csv", f"{tree}/s2.tif", backend, replace_symlinks=True)
    if not links:
        return
    for source, name in (("table.csv", "to-file"), ("s2.tif", "to-folder"), ("deep", "folder-to-folder")):
        link = f"{root}/{name}"
        files.create_symlink(f"{tree}/s10.TIF" if name == "to-file" else f"{tree}/empty", link, backend)
        with pytest.raises(FileExistsError):
            files.move(f"{tree}/{source}", link, backend)
        files.move(f"{tree}/{source}", link, backend, replace_symlinks=True)
        assert not files.is_symlink(link, backend) and files.exists(link, backend)
    assert files.list_dir(f"{root}/folder-to-folder", backend) == ["deeper", "s3.tif"]
    assert files.list_dir(f"{tree}", backend) == ["empty", "s1.png", "s10.TIF"]
    assert sorted(os.listdir(root)) == ["folder-to-folder", "to-file", "to-folder", "tree"]


def test_a_broken_backend_is_reported_and_the_others_work(tmp_path, monkeypatch):
    info = tmp_path / "broken_store-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-store\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[openhcs.backend]\nbroken = broken_store_module\n")
    (tmp_path / "broken_store_module.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with Host() as host:
        found = FileManager(host).usable_backends()
        assert {"disk", "memory", "virtual_workspace"} <= found.usable.keys()
        assert list(found.broken) == ["broken"]
        assert isinstance(found.broken["broken"], PluginLoadError)
        assert "a_library_that_nobody_has" in str(found.broken["broken"])
