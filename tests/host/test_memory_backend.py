"""The memory backend through the file manager: the storage contract on references."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host import Backend, FileManager, Host
from openhcs_host.errors import BatchError, InvalidPathError, UnsupportedOperationError


@pytest.fixture
def files():
    with Host() as host:
        yield FileManager(host)


def test_what_you_load_is_what_was_saved(files):
    plane = np.arange(4)
    files.save(plane, "/run/a.npy", Backend.MEMORY)
    assert files.load("/run/a.npy", "memory") is plane


def test_a_copy_is_your_own(files):
    plane = np.arange(4)
    files.save(plane, "/a", "memory")
    mine = files.load("/a", "memory", copy=True)
    mine[0] = 99
    assert plane[0] == 0


def test_names_paths_and_members_mean_the_same(files):
    files.save(1, Path("/run") / "a", Backend.MEMORY)
    assert files.load("/run//x/../a", "memory") == 1


def test_an_existing_name_is_refused_and_keeps_its_content(files):
    files.save("old", "/a", "memory")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        files.save("new", "/a", "memory")
    assert files.load("/a", "memory") == "old"
    files.save("new", "/a", "memory", overwrite=True)
    assert files.load("/a", "memory") == "new"


def test_a_missing_path_is_a_file_not_found_error(files):
    with pytest.raises(FileNotFoundError, match="/nothing"):
        files.load("/nothing", "memory")


def test_exists_is_true_for_files_and_directories_never_for_prefixes(files):
    files.save(1, "/run/abc/d.tif", "memory")
    assert files.exists("/run/abc/d.tif", "memory") and files.is_file("/run/abc/d.tif", "memory")
    assert files.exists("/run/abc", "memory") and files.is_dir("/run/abc", "memory")
    assert not files.exists("/run/ab", "memory")
    assert not files.exists("/run/abc/d", "memory")
    assert not files.is_file("/run/abc", "memory") and not files.is_dir("/run/abc/d.tif", "memory")


def test_a_file_has_nothing_below_it_and_a_directory_is_not_replaced(files):
    files.save(1, "/a", "memory")
    with pytest.raises(NotADirectoryError):
        files.save(1, "/a/b", "memory")
    files.save(1, "/d/b", "memory")
    with pytest.raises(IsADirectoryError):
        files.save(1, "/d", "memory", overwrite=True)
    with pytest.raises(IsADirectoryError):
        files.load("/d", "memory")


def test_listings_are_in_natural_order_and_filter_by_extension_in_any_case(files):
    for name in ("s10.TIF", "s2.tif", "s1.csv", "deep/s3.tif"):
        files.save(0, f"/run/{name}", "memory")
    assert files.list_files("/run", "memory") == ["/run/s1.csv", "/run/s2.tif", "/run/s10.TIF"]
    assert files.list_files("/run", "memory", extensions=[".tif"]) == ["/run/s2.tif", "/run/s10.TIF"]
    assert files.list_image_files("/run", "memory", recursive=True) == [
        "/run/deep/s3.tif",
        "/run/s2.tif",
        "/run/s10.TIF",
    ]
    assert files.list_dir("/run", "memory") == ["deep", "s1.csv", "s2.tif", "s10.TIF"]


def test_listing_what_is_no_directory_is_an_error(files):
    files.save(1, "/a", "memory")
    with pytest.raises(FileNotFoundError):
        files.list_files("/none", "memory")
    with pytest.raises(NotADirectoryError):
        files.list_dir("/a", "memory")


def test_an_empty_directory_lists_nothing(files):
    files.ensure_directory("/empty/inner", "memory")
    files.ensure_directory("/empty/inner", "memory")
    assert files.list_dir("/empty", "memory") == ["inner"]
    assert files.list_files("/empty", "memory", recursive=True) == []


def test_delete_takes_children_only_when_told(files):
    files.save(1, "/d/e/f", "memory")
    with pytest.raises(OSError, match="recursive=True"):
        files.delete("/d", "memory")
    assert files.load("/d/e/f", "memory") == 1
    files.delete("/d", "memory", recursive=True)
    for path in ("/d", "/d/e", "/d/e/f"):
        assert not files.exists(path, "memory")
    with pytest.raises(FileNotFoundError):
        files.delete("/d", "memory")


def test_copy_and_move(files):
    files.save("one", "/a", "memory")
    files.copy("/a", "/b", "memory")
    files.move("/a", "/new/c", "memory")
    assert not files.exists("/a", "memory")
    assert [files.load(p, "memory") for p in ("/b", "/new/c")] == ["one", "one"]
    with pytest.raises(FileExistsError):
        files.move("/b", "/new/c", "memory")
    with pytest.raises(FileExistsError):
        files.copy("/b", "/new/c", "memory")
    with pytest.raises(FileNotFoundError):
        files.copy("/none", "/x", "memory")
    assert files.load("/b", "memory") == "one"


def test_moving_or_copying_onto_itself_loses_nothing(files):
    files.save("one", "/a", "memory")
    files.move("/a", "/a", "memory")
    files.copy("/a", "/./a", "memory")
    assert files.load("/a", "memory") == "one"


def test_a_directory_moves_with_all_below_it_but_not_into_itself(files):
    files.save(1, "/d/x/y", "memory")
    files.ensure_directory("/d/empty", "memory")
    with pytest.raises(InvalidPathError):
        files.move("/d", "/d/x/d", "memory")
    files.move("/d", "/e", "memory")
    assert files.load("/e/x/y", "memory") == 1 and files.is_dir("/e/empty", "memory")
    assert not files.exists("/d", "memory")


def test_a_batch_is_checked_before_anything_is_stored(files):
    files.save("old", "/b", "memory")
    with pytest.raises(FileExistsError):
        files.save_batch([1, 2], ["/a", "/b"], "memory")
    with pytest.raises(BatchError, match="twice"):
        files.save_batch([1, 2], ["/a", "/a"], "memory")
    with pytest.raises(BatchError, match="2 objects"):
        files.save_batch([1, 2], ["/a"], "memory")
    assert not files.exists("/a", "memory")
    files.save_batch([1, 2], ["/a", "/c"], "memory")
    assert files.load_batch(["/c", "/a", "/b"], "memory") == [2, 1, "old"]


def test_a_misspelt_option_is_refused(files):
    with pytest.raises(TypeError, match="overwritte"):
        files.save(1, "/a", "memory", overwritte=True)
    assert not files.exists("/a", "memory")


def test_an_empty_path_is_refused(files):
    with pytest.raises(InvalidPathError):
        files.save(1, "", "memory")


def test_a_sink_that_only_takes_data_says_so(site, monkeypatch):
    site.backend("attic", distribution="attic-sink")
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host:
        files = FileManager(host)
        files.save(1, "/a", "attic")
        for refused in (lambda: files.load("/a", "attic"), lambda: files.delete("/a", "attic")):
            with pytest.raises(UnsupportedOperationError, match="attic"):
                refused()


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=12))
def test_memory_agrees_with_a_plain_model_of_files(paths):
    with Host() as host:
        files = FileManager(host)
        model = {}
        for number, parts in enumerate(paths):
            path = "/".join(["", *parts])
            parents = {"/".join(["", *parts[:n]]) for n in range(1, len(parts))}
            below = [other for other in model if other.startswith(path + "/")]
            if path in model or parents & model.keys() or below:
                with pytest.raises(OSError):
                    files.save(number, path, "memory")
            else:
                files.save(number, path, "memory")
                model[path] = number
        if model:
            listed = files.list_files("/", "memory", recursive=True)
            assert {path: files.load(path, "memory") for path in listed} == model


def test_threads_saving_one_new_name_have_one_winner(files):
    wins, barrier = [], threading.Barrier(8)

    def save(number):
        barrier.wait()
        try:
            files.save(number, "/race", "memory")
            wins.append(number)
        except FileExistsError:
            pass

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wins) == 1 and files.load("/race", "memory") == wins[0]
