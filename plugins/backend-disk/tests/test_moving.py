"""Copying and moving: whole or not at all, and at no time in neither place."""

import os
import stat
from pathlib import Path

import pytest

from openhcs_host.errors import (
    InvalidPathError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)


@pytest.fixture(params=["within", "across"])
def other(request, tmp_path):
    """A second directory: on the same file system, and on another one."""
    if request.param == "across":
        return request.getfixturevalue("elsewhere")
    (tmp_path / "other").mkdir()
    return (tmp_path / "other").as_posix()


@pytest.fixture
def source(disk, folder):
    path = f"{folder}/here/a.txt"
    disk.save("content", path)
    return path


class TestCopy:
    def test_gives_the_same_bytes_and_makes_parents(self, disk, source, other):
        disk.copy(source, f"{other}/new/b.bin")
        assert Path(other, "new", "b.bin").read_bytes() == Path(source).read_bytes()
        assert disk.load(source) == "content"

    def test_refuses_to_overwrite_unless_asked(self, disk, source, other):
        disk.save("old", f"{other}/b.txt")
        with pytest.raises(PathExistsError):
            disk.copy(source, f"{other}/b.txt")
        assert disk.load(f"{other}/b.txt") == "old"
        disk.copy(source, f"{other}/b.txt", overwrite=True)
        assert disk.load(f"{other}/b.txt") == "content"
        assert os.listdir(other) == ["b.txt"]

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("spelling", ["a.txt", "./a.txt", "../here/a.txt"])
    def test_onto_itself_changes_nothing(self, disk, source, overwrite, spelling):
        disk.copy(source, f"{os.path.dirname(source)}/{spelling}", overwrite=overwrite)
        assert disk.load(source) == "content"

    def test_onto_a_link_to_itself_leaves_two_files(self, disk, source, folder):
        os.symlink(source, f"{folder}/link.txt")
        with pytest.raises(PathExistsError):
            disk.copy(source, f"{folder}/link.txt")
        disk.copy(source, f"{folder}/link.txt", overwrite=True)
        assert not os.path.islink(f"{folder}/link.txt")
        assert disk.load(source) == disk.load(f"{folder}/link.txt") == "content"

    def test_is_for_files(self, disk, source, other):
        with pytest.raises(PathIsDirectoryError):
            disk.copy(os.path.dirname(source), f"{other}/copy")
        with pytest.raises(PathNotFoundError, match="missing"):
            disk.copy(f"{source}.missing", f"{other}/new/copy")
        assert os.listdir(other) == []

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_never_replaces_a_directory(self, disk, source, other, overwrite):
        with pytest.raises(PathIsDirectoryError):
            disk.copy(source, other, overwrite=overwrite)

    def test_below_a_file_is_refused(self, disk, source):
        with pytest.raises(PathNotDirectoryError):
            disk.copy(source, f"{source}/b.txt")


class TestMoveFile:
    def test_takes_it_from_one_place_to_the_other_and_makes_parents(self, disk, source, other):
        disk.move(source, f"{other}/new/b.txt")
        assert disk.load(f"{other}/new/b.txt") == "content"
        assert not disk.exists(source)
        assert os.listdir(f"{other}/new") == ["b.txt"]

    def test_keeps_its_time_and_permissions(self, disk, source, other):
        os.chmod(source, 0o640)
        os.utime(source, ns=(10**18, 10**18 + 123456789))
        disk.move(source, f"{other}/b.txt")
        status = os.stat(f"{other}/b.txt")
        assert status.st_mtime_ns == 10**18 + 123456789
        assert stat.S_IMODE(status.st_mode) == 0o640

    def test_refuses_to_overwrite_unless_asked(self, disk, source, other):
        disk.save("old", f"{other}/b.txt")
        with pytest.raises(PathExistsError):
            disk.move(source, f"{other}/b.txt")
        assert disk.load(f"{other}/b.txt") == "old"
        assert disk.load(source) == "content"
        disk.move(source, f"{other}/b.txt", overwrite=True)
        assert disk.load(f"{other}/b.txt") == "content"
        assert not disk.exists(source)
        assert os.listdir(other) == ["b.txt"]

    @pytest.mark.parametrize("overwrite", [False, True])
    @pytest.mark.parametrize("spelling", ["a.txt", "./a.txt", "../here/a.txt"])
    def test_onto_itself_changes_nothing(self, disk, source, overwrite, spelling):
        disk.move(source, f"{os.path.dirname(source)}/{spelling}", overwrite=overwrite)
        assert disk.load(source) == "content"

    def test_onto_its_own_second_name_leaves_one_name(self, disk, source, folder):
        os.link(source, f"{folder}/second.txt")
        with pytest.raises(PathExistsError):
            disk.move(source, f"{folder}/second.txt")
        disk.move(source, f"{folder}/second.txt", overwrite=True)
        assert disk.load(f"{folder}/second.txt") == "content"
        assert not disk.exists(source)

    def test_a_link_is_moved_as_a_link(self, disk, source, folder, other):
        os.symlink(source, f"{folder}/link.txt")
        disk.move(f"{folder}/link.txt", f"{other}/link.txt")
        assert os.readlink(f"{other}/link.txt") == source
        assert not os.path.lexists(f"{folder}/link.txt")
        os.symlink(source, f"{folder}/second.txt")
        with pytest.raises(PathExistsError):
            disk.move(f"{folder}/second.txt", f"{other}/link.txt")
        assert os.listdir(other) == ["link.txt"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_never_replaces_a_directory(self, disk, source, other, overwrite):
        with pytest.raises(PathIsDirectoryError):
            disk.move(source, other, overwrite=overwrite)
        assert disk.load(source) == "content"

    def test_what_is_not_there(self, disk, source, other):
        with pytest.raises(PathNotFoundError, match="missing"):
            disk.move(f"{source}.missing", f"{other}/new/b.txt")
        assert os.listdir(other) == []


class TestMoveDirectory:
    def test_takes_all_of_it_and_makes_parents(self, disk, folder, source, other):
        disk.save("deep", f"{folder}/here/deep/b.txt")
        os.utime(f"{folder}/here/deep/b.txt", ns=(10**18, 10**18 + 123456789))
        os.chmod(f"{folder}/here/deep", 0o750)
        os.symlink("a.txt", f"{folder}/here/link.txt")
        disk.move(f"{folder}/here", f"{other}/new/there/")
        assert disk.load(f"{other}/new/there/deep/b.txt") == "deep"
        assert os.readlink(f"{other}/new/there/link.txt") == "a.txt"
        assert os.stat(f"{other}/new/there/deep/b.txt").st_mtime_ns == 10**18 + 123456789
        assert stat.S_IMODE(os.stat(f"{other}/new/there/deep").st_mode) == 0o750
        assert not disk.exists(f"{folder}/here")
        assert os.listdir(f"{other}/new") == ["there"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_is_not_moved_over_anything(self, disk, folder, source, other, overwrite):
        os.mkdir(f"{other}/empty")
        disk.save("old", f"{other}/file.txt")
        for name in ("empty", "file.txt"):
            with pytest.raises(PathExistsError):
                disk.move(f"{folder}/here", f"{other}/{name}", overwrite=overwrite)
        assert disk.load(source) == "content"
        assert disk.load(f"{other}/file.txt") == "old"

    @pytest.mark.parametrize("inside", ["here/x", "here/deep/x", "here/../here/x", "link/x"])
    def test_is_not_moved_into_itself(self, disk, folder, source, everything, inside):
        os.symlink("here", f"{folder}/link")
        before = everything()
        with pytest.raises(InvalidPathError, match="into itself"):
            disk.move(f"{folder}/here", f"{folder}/{inside}")
        assert everything() == before

    def test_may_go_beside_itself_under_a_longer_name(self, disk, folder, source):
        disk.move(f"{folder}/here", f"{folder}/here2")
        assert disk.load(f"{folder}/here2/a.txt") == "content"

    @pytest.mark.parametrize("spelling", ["here", "here/", "./here", "here/../here"])
    def test_onto_itself_changes_nothing(self, disk, folder, source, spelling):
        disk.move(f"{folder}/here", f"{folder}/{spelling}")
        assert disk.load(source) == "content"

    def test_that_cannot_be_copied_to_the_other_file_system_stays(self, disk, folder, source, elsewhere):
        os.mkfifo(f"{folder}/here/pipe")
        with pytest.raises(OSError, match="here/pipe"):
            disk.move(f"{folder}/here", f"{elsewhere}/there")
        assert disk.load(source) == "content"
        assert os.listdir(elsewhere) == []


def test_moving_flushes_when_the_backend_is_durable(host, folder):
    disk = host.backend("disk", durability="power")
    disk.save("content", f"{folder}/a/x.txt")
    disk.move(f"{folder}/a/x.txt", f"{folder}/b/x.txt")
    disk.copy(f"{folder}/b/x.txt", f"{folder}/c/x.txt")
    disk.move(f"{folder}/c", f"{folder}/d")
    assert disk.load(f"{folder}/d/x.txt") == "content"
