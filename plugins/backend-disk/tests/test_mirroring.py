"""Mirrored trees, and moves over links, on a real file system."""

import os

import pytest

from openhcs_host.errors import (
    InvalidPathError,
    PathExistsError,
    PathNotDirectoryError,
    PathNotFoundError,
)


@pytest.fixture
def plate(disk, folder):
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
        disk.save(name, f"{folder}/plate/{name}")
    return f"{folder}/plate"


class TestMirroring:
    def test_again_is_refused_unless_links_may_be_replaced(self, files, plate, folder):
        mirror = f"{folder}/mirror"
        assert files.mirror_directory(plate, mirror, "disk") == 3
        with pytest.raises(PathExistsError, match="overwrite_symlinks_only=True"):
            files.mirror_directory(plate, mirror, "disk")
        files.save("new", f"{plate}/sub/d.txt", "disk")
        assert files.mirror_directory(plate, mirror, "disk", overwrite_symlinks_only=True) == 4
        assert files.load(f"{mirror}/sub/d.txt", "disk") == "new"

    @pytest.mark.parametrize("taken", ["sub/deep/c.txt", "sub", "a.txt/x.txt"])
    @pytest.mark.parametrize("replacing", [False, True])
    def test_what_is_no_link_is_refused_before_anything_is_made(
        self, files, plate, folder, everything, taken, replacing
    ):
        files.save("real", f"{folder}/mirror/{taken}.txt", "disk")
        os.rename(f"{folder}/mirror/{taken}.txt", f"{folder}/mirror/{taken}")
        before = everything()
        with pytest.raises(PathExistsError, match="Nothing was made"):
            files.mirror_directory(plate, f"{folder}/mirror", "disk", overwrite_symlinks_only=replacing)
        assert everything() == before

    def test_goes_beside_what_is_there(self, files, plate, folder):
        files.save("mine", f"{folder}/mirror/sub/mine.txt", "disk")
        assert files.mirror_directory(plate, f"{folder}/mirror", "disk") == 3
        assert files.list_dir(f"{folder}/mirror/sub", "disk") == ["b.txt", "deep", "mine.txt"]

    def test_a_link_where_a_folder_is_to_stand_is_replaced_and_not_followed(self, files, plate, folder):
        os.makedirs(f"{folder}/mirror")
        os.symlink(f"{plate}/sub", f"{folder}/mirror/sub")
        with pytest.raises(PathExistsError):
            files.mirror_directory(plate, f"{folder}/mirror", "disk")
        assert files.mirror_directory(plate, f"{folder}/mirror", "disk", overwrite_symlinks_only=True) == 3
        assert not os.path.islink(f"{folder}/mirror/sub")
        assert not os.path.islink(f"{plate}/sub/b.txt")
        assert files.load(f"{folder}/mirror/sub/deep/c.txt", "disk") == "sub/deep/c.txt"

    def test_links_in_the_source_are_linked_to_and_not_entered(self, files, plate, folder):
        os.symlink("sub", f"{plate}/alias")
        os.symlink("..", f"{plate}/sub/loop")
        os.symlink("a.txt", f"{plate}/link.txt")
        os.symlink("nowhere", f"{plate}/dangling")
        assert files.mirror_directory(plate, f"{folder}/mirror", "disk") == 6
        assert files.list_dir(f"{folder}/mirror", "disk") == ["a.txt", "alias", "link.txt", "sub"]
        assert os.readlink(f"{folder}/mirror/alias") == f"{plate}/alias"
        assert files.load(f"{folder}/mirror/link.txt", "disk") == "a.txt"

    def test_works_from_relative_paths(self, files, plate, folder, monkeypatch):
        monkeypatch.chdir(folder)
        assert files.mirror_directory("plate", "far/mirror", "disk") == 3
        assert files.load(f"{folder}/far/mirror/sub/b.txt", "disk") == "sub/b.txt"

    @pytest.mark.parametrize("inside", ["", "/", "/mirror", "/sub/../mirror"])
    def test_not_into_itself(self, files, plate, everything, inside):
        before = everything()
        for replacing in (False, True):
            with pytest.raises(InvalidPathError, match="into itself"):
                files.mirror_directory(plate, plate + inside, "disk", overwrite_symlinks_only=replacing)
        assert everything() == before

    def test_only_of_directories_and_into_directories(self, files, plate, folder, everything):
        before = everything()
        with pytest.raises(PathNotFoundError):
            files.mirror_directory(f"{folder}/none", f"{folder}/mirror", "disk")
        with pytest.raises(PathNotDirectoryError):
            files.mirror_directory(f"{plate}/a.txt", f"{folder}/mirror", "disk")
        with pytest.raises(PathNotDirectoryError):
            files.mirror_directory(f"{plate}/sub", f"{plate}/a.txt", "disk")
        assert everything() == before


class TestMovingOverLinks:
    @pytest.mark.parametrize("to", ["plate/a.txt", "plate/sub", "nowhere"])
    @pytest.mark.parametrize("source", ["plate/sub/b.txt", "plate/sub/deep"])
    def test_the_link_is_replaced_and_what_it_leads_to_is_not(
        self, files, plate, folder, everything, to, source
    ):
        os.symlink(f"{folder}/{to}", f"{folder}/link")
        files.move(f"{folder}/{source}", f"{folder}/link", "disk", replace_symlinks=True)
        assert not os.path.islink(f"{folder}/link")
        assert os.path.exists(f"{folder}/{to}") == (to != "nowhere")
        assert not os.path.exists(f"{folder}/{source}")
        assert sorted(os.listdir(folder)) == ["link", "plate"]

    def test_a_directory_may_take_the_place_of_the_link_to_it(self, files, plate, folder):
        os.symlink("plate", f"{folder}/link")
        files.move(plate, f"{folder}/link/", "disk", replace_symlinks=True)
        assert os.listdir(folder) == ["link"]
        assert files.load(f"{folder}/link/a.txt", "disk") == "a.txt"

    def test_when_it_fails_the_link_stands_where_it_stood(self, files, plate, folder, everything):
        os.symlink("../a.txt", f"{plate}/sub/link")
        before = everything()
        with pytest.raises(InvalidPathError, match="into itself"):
            files.move(plate, f"{plate}/sub/link", "disk", replace_symlinks=True)
        with pytest.raises(PathNotFoundError):
            files.move(f"{folder}/none", f"{plate}/sub/link", "disk", replace_symlinks=True)
        assert everything() == before
        assert os.readlink(f"{plate}/sub/link") == "../a.txt"
