"""Symbolic links, and what a path is itself."""

import os

import pytest

from openhcs_host import Host
from openhcs_host.contracts.storage import FileStat
from openhcs_host.errors import (
    InvalidPathError,
    PathExistsError,
    PathNotDirectoryError,
    PathNotFoundError,
)


@pytest.fixture
def file(disk, folder):
    path = f"{folder}/a.txt"
    disk.save("content", path)
    return path


class TestCreating:
    def test_a_link_is_read_through_and_makes_its_parents(self, disk, folder, file):
        disk.create_symlink(file, f"{folder}/new/link.txt")
        assert os.readlink(f"{folder}/new/link.txt") == file
        assert disk.load(f"{folder}/new/link.txt") == "content"
        assert disk.is_file(f"{folder}/new/link.txt")

    def test_to_a_directory(self, disk, folder, file):
        disk.create_symlink(folder, f"{folder}/link/")
        assert disk.is_dir(f"{folder}/link")
        assert disk.list_files(f"{folder}/link") == [f"{folder}/link/a.txt"]

    def test_a_relative_target_is_taken_from_the_working_directory_as_every_path(
        self, disk, folder, file, monkeypatch
    ):
        monkeypatch.chdir(folder)
        disk.create_symlink("a.txt", "deep/link.txt")
        assert disk.load("deep/link.txt") == "content"
        disk.move("deep/link.txt", "elsewhere/far/link.txt")
        assert disk.load("elsewhere/far/link.txt") == "content"

    @pytest.mark.parametrize("missing", ["none.txt", "a.txt/b", "dangling"])
    def test_the_target_must_exist(self, disk, folder, file, everything, missing):
        os.symlink("nowhere", f"{folder}/dangling")
        with pytest.raises(PathNotFoundError, match=missing):
            disk.create_symlink(f"{folder}/{missing}", f"{folder}/new/link.txt")
        assert everything() == ["a.txt", "dangling"]

    def test_a_link_is_replaced_only_when_told(self, disk, folder, file):
        disk.save("other", f"{folder}/b.txt")
        disk.create_symlink(file, f"{folder}/link.txt")
        with pytest.raises(PathExistsError, match="overwrite=True"):
            disk.create_symlink(f"{folder}/b.txt", f"{folder}/link.txt")
        assert disk.load(f"{folder}/link.txt") == "content"
        disk.create_symlink(f"{folder}/b.txt", f"{folder}/link.txt", overwrite=True)
        assert disk.load(f"{folder}/link.txt") == "other"
        assert disk.load(file) == "content"
        assert sorted(os.listdir(folder)) == ["a.txt", "b.txt", "link.txt"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_a_file_or_directory_is_never_replaced(self, disk, folder, file, overwrite):
        disk.save("real", f"{folder}/b.txt")
        disk.ensure_directory(f"{folder}/d")
        for taken in ("b.txt", "d", "a.txt"):
            with pytest.raises(PathExistsError, match=taken):
                disk.create_symlink(file, f"{folder}/{taken}", overwrite=overwrite)
        assert disk.load(f"{folder}/b.txt") == "real"
        assert disk.is_dir(f"{folder}/d")

    @pytest.mark.parametrize("target", ["one", "two", "dir/x.txt", "alias/x.txt"])
    def test_never_makes_a_circle_of_the_links_it_replaces(self, disk, folder, file, target):
        disk.save("x", f"{folder}/real/x.txt")
        links = {"one": "a.txt", "two": "one", "dir": "real", "alias": "dir"}
        for name, to in links.items():
            os.symlink(to, f"{folder}/{name}")
        replaced = "one" if target in ("one", "two") else "dir"
        with pytest.raises(InvalidPathError, match="this very link"):
            disk.create_symlink(f"{folder}/{target}", f"{folder}/{replaced}", overwrite=True)
        assert {name: os.readlink(f"{folder}/{name}") for name in links} == links

    def test_a_dangling_link_and_one_to_itself_are_replaced(self, disk, folder, file):
        for name in ("nowhere", "self"):
            os.symlink(name if name == "self" else "none", f"{folder}/{name}")
            disk.create_symlink(file, f"{folder}/{name}", overwrite=True)
            assert disk.load(file) == "content"

    def test_below_a_file_is_refused(self, disk, file):
        with pytest.raises(PathNotDirectoryError):
            disk.create_symlink(file, f"{file}/link.txt")

    @pytest.mark.parametrize("paths", [("", "x"), ("x", ""), ("a\0", "x")])
    def test_paths_that_name_nothing(self, disk, paths):
        with pytest.raises(InvalidPathError):
            disk.create_symlink(*paths)

    def test_is_flushed_when_the_backend_is_durable(self, folder, file):
        with Host() as host:
            disk = host.backend("disk", durability="power")
            disk.create_symlink(file, f"{folder}/new/deep/link.txt")
            assert disk.load(f"{folder}/new/deep/link.txt") == "content"


class TestAsking:
    def test_whether_a_path_is_itself_a_link(self, disk, folder, file):
        for name, to in {"link": "a.txt", "dir": ".", "dangling": "none", "self": "self"}.items():
            os.symlink(to, f"{folder}/{name}")
            assert disk.is_symlink(f"{folder}/{name}")
        assert disk.is_symlink(f"{folder}/dir/")
        for name in ("a.txt", "dir/a.txt", "none", "a.txt/b", "dir/."):
            assert not disk.is_symlink(f"{folder}/{name}")
        assert not disk.is_symlink("")

    def test_kind_size_and_time(self, disk, folder, file):
        os.utime(file, (1e9, 1e9 + 0.5))
        os.symlink("none", f"{folder}/link")
        assert disk.stat(file) == FileStat("file", 7, 1e9 + 0.5)
        assert disk.stat(f"{folder}/link") == FileStat("symlink", None, os.lstat(f"{folder}/link").st_mtime)
        for spelling in (folder, folder + "/"):
            assert disk.stat(spelling) == FileStat("directory", None, os.stat(folder).st_mtime)

    def test_a_slash_after_a_link_does_not_follow_it(self, disk, folder):
        os.symlink(".", f"{folder}/link")
        assert disk.stat(f"{folder}/link/").kind == "symlink"

    @pytest.mark.parametrize("name", ["none", "a.txt/", "a.txt/b", "pipe"])
    def test_what_is_neither_is_not_found(self, disk, folder, file, name):
        os.mkfifo(f"{folder}/pipe")
        with pytest.raises(PathNotFoundError, match=name):
            disk.stat(f"{folder}/{name}")

    def test_a_path_that_names_nothing(self, disk):
        with pytest.raises(InvalidPathError):
            disk.stat("")


class TestReplacingLinks:
    @pytest.mark.parametrize("operation", ["copy", "move"])
    def test_a_link_to_a_directory_is_itself_replaced_when_told(self, disk, folder, file, operation):
        disk.save("inside", f"{folder}/real/b.txt")
        os.symlink("real", f"{folder}/link")
        with pytest.raises(PathExistsError):
            getattr(disk, operation)(file, f"{folder}/link")
        getattr(disk, operation)(file, f"{folder}/link", overwrite=True)
        assert not os.path.islink(f"{folder}/link")
        with open(f"{folder}/link") as stream:
            assert stream.read() == "content"
        assert disk.list_files(f"{folder}/real") == [f"{folder}/real/b.txt"]
