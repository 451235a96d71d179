"""The backend ``disk``: saving, loading, listing, deleting."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import (
    BatchError,
    ConfigurationError,
    DirectoryNotEmptyError,
    FormatError,
    InvalidPathError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UnsupportedDataError,
)

PLANE = np.arange(12, dtype=np.uint16).reshape(3, 4)
OTHER = PLANE + 1
EXTENSIONS = [
    ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".npy", ".npz", ".csv", ".json", ".txt", ".bin", ".zip"
]  # fmt: skip


class TestSavingAndLoading:
    @pytest.mark.parametrize("extension", [".tif", ".tiff", ".png", ".npy"])
    def test_an_image_comes_back_with_values_dtype_and_shape(self, files, tmp_path, extension):
        path = tmp_path / f"A01{extension}"
        files.save(PLANE, path, "disk")
        loaded = files.load(path, "disk")
        assert loaded.dtype == PLANE.dtype
        np.testing.assert_array_equal(loaded, PLANE)

    @pytest.mark.parametrize("name", ["A01.TIF", "A01.Tiff", "A01.NPY", "A01.PNG"])
    def test_extensions_in_upper_case_are_the_same_formats(self, disk, folder, name):
        disk.save(PLANE, f"{folder}/{name}")
        np.testing.assert_array_equal(disk.load(f"{folder}/{name}"), PLANE)
        assert os.listdir(folder) == [name]

    def test_missing_parents_are_made(self, disk, folder):
        disk.save(PLANE, f"{folder}/a/b/c.npy")
        assert disk.is_dir(f"{folder}/a/b")

    def test_a_relative_path_is_taken_from_the_working_directory(self, disk, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        disk.save("text", "note.txt")
        disk.save("text", "sub/note.txt")
        assert disk.load("note.txt") == "text"
        assert (tmp_path / "sub" / "note.txt").is_file()

    def test_only_the_last_extension_counts(self, disk, folder):
        disk.save(PLANE, f"{folder}/plane.ome.tif")
        np.testing.assert_array_equal(disk.load(f"{folder}/plane.ome.tif"), PLANE)

    def test_every_load_gives_an_array_of_its_own(self, disk, folder):
        disk.save(PLANE, f"{folder}/A01.npy")
        disk.load(f"{folder}/A01.npy")[:] = 0
        np.testing.assert_array_equal(disk.load(f"{folder}/A01.npy"), PLANE)

    def test_files_are_made_with_the_permissions_of_the_umask(self, disk, folder):
        old = os.umask(0o027)
        try:
            disk.save(PLANE, f"{folder}/A01.npy")
        finally:
            os.umask(old)
        assert stat.S_IMODE(os.stat(f"{folder}/A01.npy").st_mode) == 0o640

    @pytest.mark.parametrize("letter", ["x", "µ"])
    def test_a_long_name_can_be_written(self, disk, folder, letter):
        name = letter * (240 // len(letter.encode())) + ".txt"
        disk.save("text", f"{folder}/{name}")
        assert disk.list_dir(folder) == [name]

    def test_a_misspelt_option_is_refused_and_nothing_is_made(self, disk, folder, everything):
        with pytest.raises(TypeError, match="compresion"):
            disk.save(PLANE, f"{folder}/new/A01.tif", compresion="zlib")
        assert everything() == []

    def test_an_option_of_loading_that_is_unknown_is_refused(self, disk, folder):
        disk.save("text", f"{folder}/a.txt")
        with pytest.raises(TypeError, match="raw"):
            disk.load(f"{folder}/a.txt", raw=True)


class TestOverwriting:
    def test_is_refused_and_the_old_content_stays(self, disk, folder):
        path = f"{folder}/A01.tif"
        disk.save(PLANE, path)
        with pytest.raises(PathExistsError, match="overwrite=True"):
            disk.save(OTHER, path)
        with pytest.raises(FileExistsError):
            disk.save(OTHER, path)
        np.testing.assert_array_equal(disk.load(path), PLANE)

    def test_replaces_when_asked(self, disk, folder):
        path = f"{folder}/A01.tif"
        disk.save(PLANE, path)
        disk.save(OTHER, path, overwrite=True)
        np.testing.assert_array_equal(disk.load(path), OTHER)
        assert os.listdir(folder) == ["A01.tif"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_never_replaces_a_directory(self, disk, folder, overwrite):
        os.makedirs(f"{folder}/d.npy/inside")
        with pytest.raises(PathIsDirectoryError, match=r"d\.npy"):
            disk.save(PLANE, f"{folder}/d.npy", overwrite=overwrite)
        assert os.listdir(folder) == ["d.npy"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_never_replaces_a_link_to_a_directory(self, disk, folder, overwrite):
        os.mkdir(f"{folder}/real")
        os.symlink(f"{folder}/real", f"{folder}/link.npy")
        with pytest.raises(PathIsDirectoryError):
            disk.save(PLANE, f"{folder}/link.npy", overwrite=overwrite)
        assert os.path.islink(f"{folder}/link.npy")

    def test_replaces_a_link_and_not_what_it_points_to(self, disk, folder):
        disk.save("old", f"{folder}/target.txt")
        os.symlink("target.txt", f"{folder}/link.txt")
        with pytest.raises(PathExistsError):
            disk.save("new", f"{folder}/link.txt")
        disk.save("new", f"{folder}/link.txt", overwrite=True)
        assert disk.load(f"{folder}/target.txt") == "old"
        assert disk.load(f"{folder}/link.txt") == "new"

    def test_a_link_to_nowhere_is_not_overwritten_either(self, disk, folder):
        os.symlink("nowhere", f"{folder}/link.txt")
        with pytest.raises(PathExistsError):
            disk.save("new", f"{folder}/link.txt")


class TestRefusedData:
    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_names_the_path_and_makes_nothing_not_even_directories(self, disk, folder, everything, extension):
        with pytest.raises(UnsupportedDataError, match=r"a/b/x") as caught:
            disk.save(object(), f"{folder}/a/b/x{extension}")
        assert isinstance(caught.value, TypeError)
        assert everything() == []

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_leaves_the_old_file_and_no_other(self, disk, folder, everything, extension):
        path = f"{folder}/x{extension}"
        Path(path).write_bytes(b"old")
        with pytest.raises(UnsupportedDataError):
            disk.save(object(), path, overwrite=True)
        assert Path(path).read_bytes() == b"old"
        assert everything() == [f"x{extension}"]


class TestExtensions:
    def test_one_that_no_format_is_for_is_refused_with_those_that_are(self, disk, folder, everything):
        with pytest.raises(UnsupportedDataError, match=r"'\.xyz'.*\.npy, .*\.png, .*\.tif"):
            disk.save(PLANE, f"{folder}/new/A01.xyz")
        assert everything() == []

    @pytest.mark.parametrize("name", ["A01", ".tif", "dotted.dir/A01"])
    def test_a_path_without_one_is_refused(self, disk, folder, name):
        with pytest.raises(UnsupportedDataError, match="no extension"):
            disk.save(PLANE, f"{folder}/{name}")

    def test_loading_a_file_of_no_format_is_a_format_error(self, disk, folder):
        Path(folder, "A01.xyz").write_bytes(b"")
        with pytest.raises(FormatError, match=r"'\.xyz'"):
            disk.load(f"{folder}/A01.xyz")

    def test_loading_a_missing_file_of_no_format_is_a_missing_file(self, disk, folder):
        with pytest.raises(PathNotFoundError):
            disk.load(f"{folder}/A01.xyz")


class TestErrorsAreTheNaturalOnes:
    def test_loading_what_is_not_there(self, disk, folder):
        with pytest.raises(FileNotFoundError, match=r"missing\.tif") as caught:
            disk.load(f"{folder}/missing.tif")
        assert isinstance(caught.value, PathNotFoundError)

    def test_loading_a_directory(self, disk, folder):
        with pytest.raises(IsADirectoryError) as caught:
            disk.load(folder)
        assert isinstance(caught.value, PathIsDirectoryError)

    def test_loading_below_a_file(self, disk, folder):
        disk.save("text", f"{folder}/a.txt")
        with pytest.raises(PathNotFoundError, match="a part of this path is a file"):
            disk.load(f"{folder}/a.txt/b.txt")

    @pytest.mark.parametrize("path", ["a.txt/b.txt", "a.txt/c/b.txt"])
    def test_saving_below_a_file(self, disk, folder, path):
        disk.save("text", f"{folder}/a.txt")
        with pytest.raises(NotADirectoryError) as caught:
            disk.save("text", f"{folder}/{path}")
        assert isinstance(caught.value, PathNotDirectoryError)
        assert disk.load(f"{folder}/a.txt") == "text"

    def test_a_damaged_file_is_named(self, disk, folder):
        Path(folder, "bad.json").write_text("{", encoding="utf-8")
        with pytest.raises(ValueError, match=r"bad\.json.*line 1, column 2") as caught:
            disk.load(f"{folder}/bad.json")
        assert isinstance(caught.value, FormatError)

    @pytest.mark.parametrize("path", ["", "a\0b.txt"])
    def test_a_path_that_names_nothing(self, disk, path):
        for operation in (disk.load, disk.list_files, disk.list_dir, disk.delete, disk.ensure_directory):
            with pytest.raises(InvalidPathError):
                operation(path)
        with pytest.raises(InvalidPathError):
            disk.save("text", path)
        assert not disk.exists(path)

    def test_a_name_too_long_for_the_file_system(self, disk, folder):
        with pytest.raises(InvalidPathError, match="too long"):
            disk.save("text", f"{folder}/{'x' * 300}.txt")
        with pytest.raises(InvalidPathError, match="too long"):
            disk.load(f"{folder}/{'x' * 300}.txt")

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
    def test_what_has_no_place_in_the_tree_comes_through(self, disk, folder):
        os.chmod(folder, 0o500)
        with pytest.raises(PermissionError):
            disk.save("text", f"{folder}/a.txt")
        os.chmod(folder, 0o700)


class TestBatches:
    def test_are_saved_and_loaded_in_the_order_given(self, files, folder):
        paths = [f"{folder}/b.npy", f"{folder}/a.npy"]
        files.save_batch([PLANE, OTHER], paths, "disk")
        np.testing.assert_array_equal(files.load_batch(paths[::-1], "disk"), [OTHER, PLANE])

    @pytest.mark.parametrize("names", [["a.npy"], ["a.npy", "a.npy"], ["a.npy", "./a.npy"]])
    def test_that_do_not_pair_up_are_refused_as_a_whole(self, disk, folder, everything, names):
        with pytest.raises(BatchError):
            disk.save_batch([PLANE, OTHER], [f"{folder}/{name}" for name in names])
        assert everything() == []

    def test_are_refused_as_a_whole_when_one_path_exists(self, disk, folder):
        disk.save(PLANE, f"{folder}/b.npy")
        paths = [f"{folder}/a.npy", f"{folder}/b.npy"]
        with pytest.raises(PathExistsError, match=r"b\.npy"):
            disk.save_batch([OTHER, OTHER], paths)
        assert os.listdir(folder) == ["b.npy"]
        disk.save_batch([OTHER, OTHER], paths, overwrite=True)
        np.testing.assert_array_equal(disk.load(paths[1]), OTHER)

    def test_are_refused_as_a_whole_when_one_path_is_a_link_to_nowhere(self, disk, folder):
        os.symlink("nowhere", f"{folder}/b.npy")
        with pytest.raises(PathExistsError, match=r"b\.npy"):
            disk.save_batch([PLANE, OTHER], [f"{folder}/a.npy", f"{folder}/b.npy"])
        assert os.listdir(folder) == ["b.npy"]

    def test_are_refused_as_a_whole_when_one_format_is_missing(self, disk, folder, everything):
        with pytest.raises(UnsupportedDataError, match=r"\.xyz"):
            disk.save_batch([PLANE, OTHER], [f"{folder}/a.npy", f"{folder}/b.xyz"])
        assert everything() == []


class TestListing:
    def test_gives_files_in_full_and_names_of_everything(self, disk, folder):
        disk.save("text", f"{folder}/a.txt")
        disk.save("text", f"{folder}/sub/b.txt")
        assert disk.list_files(folder) == [f"{folder}/a.txt"]
        assert sorted(disk.list_files(folder, recursive=True)) == [f"{folder}/a.txt", f"{folder}/sub/b.txt"]
        assert sorted(disk.list_dir(folder)) == ["a.txt", "sub"]

    def test_of_an_empty_directory_is_empty(self, disk, folder):
        assert disk.list_files(folder) == disk.list_dir(folder) == []

    def test_is_in_natural_order_and_filtered_by_the_file_manager(self, files, folder):
        for name in ("z10.TIF", "z2.tif", "z1.npy"):
            files.save(PLANE, f"{folder}/{name}", "disk")
        assert files.list_files(folder, "disk", extensions={".tif"}) == [
            f"{folder}/z2.tif",
            f"{folder}/z10.TIF",
        ]

    def test_leaves_out_unfinished_writes(self, disk, folder):
        unfinished = ".a.txt.0123456789ab.openhcs-part"
        Path(folder, unfinished).touch()
        os.mkdir(f"{folder}/.moving.0123456789ab.openhcs-part")
        Path(folder, ".moving.0123456789ab.openhcs-part", "inside.txt").touch()
        Path(folder, ".hidden.txt").touch()
        assert disk.list_files(folder, recursive=True) == [f"{folder}/.hidden.txt"]
        assert disk.list_dir(folder) == [".hidden.txt"]

    def test_takes_links_to_files_and_does_not_enter_links_to_directories(self, disk, folder):
        disk.save("text", f"{folder}/real/a.txt")
        os.symlink("real/a.txt", f"{folder}/link.txt")
        os.symlink("..", f"{folder}/real/loop")
        os.symlink("nowhere", f"{folder}/dangling.txt")
        os.symlink("self.txt", f"{folder}/self.txt")
        found = sorted(disk.list_files(folder, recursive=True))
        assert found == [f"{folder}/link.txt", f"{folder}/real/a.txt"]
        assert disk.list_files(f"{folder}/real/loop") == [f"{folder}/real/loop/link.txt"]

    @pytest.mark.parametrize("operation", ["list_files", "list_dir"])
    def test_of_what_is_no_directory_is_refused(self, disk, folder, operation):
        disk.save("text", f"{folder}/a.txt")
        with pytest.raises(PathNotFoundError):
            getattr(disk, operation)(f"{folder}/missing")
        with pytest.raises(PathNotFoundError):
            getattr(disk, operation)(f"{folder}/a.txt/below")
        with pytest.raises(PathNotDirectoryError):
            getattr(disk, operation)(f"{folder}/a.txt")


class TestExisting:
    def test_is_exactly_the_files_and_directories_that_are_there(self, disk, folder):
        disk.save("text", f"{folder}/sub/a.txt")
        assert disk.is_file(f"{folder}/sub/a.txt")
        assert not disk.is_dir(f"{folder}/sub/a.txt")
        assert disk.is_dir(f"{folder}/sub")
        assert not disk.is_file(f"{folder}/sub")
        assert disk.exists(f"{folder}/sub")
        for name in ("sub/a", "sub/a.tx", "su", "sub/a.txt/", "sub/a.txt/b"):
            assert not disk.exists(f"{folder}/{name}")


class TestEnsureDirectory:
    def test_makes_parents_and_may_be_repeated(self, disk, folder):
        disk.ensure_directory(f"{folder}/a/b")
        disk.ensure_directory(f"{folder}/a/b")
        assert disk.is_dir(f"{folder}/a/b")

    @pytest.mark.parametrize("name", ["a.txt", "a.txt/b"])
    def test_refuses_where_a_file_stands(self, disk, folder, name):
        disk.save("text", f"{folder}/a.txt")
        with pytest.raises(PathNotDirectoryError):
            disk.ensure_directory(f"{folder}/{name}")


class TestDeleting:
    def test_a_file_and_an_empty_directory(self, disk, folder, everything):
        disk.save("text", f"{folder}/sub/a.txt")
        disk.delete(f"{folder}/sub/a.txt")
        assert everything() == ["sub"]
        disk.delete(f"{folder}/sub/")
        assert everything() == []

    def test_a_directory_with_content_only_when_asked(self, disk, folder, everything):
        disk.save("text", f"{folder}/sub/deep/a.txt")
        before = everything()
        with pytest.raises(DirectoryNotEmptyError, match="recursive=True"):
            disk.delete(f"{folder}/sub")
        assert everything() == before
        disk.delete(f"{folder}/sub", recursive=True)
        assert everything() == []

    @pytest.mark.parametrize("recursive", [False, True])
    def test_nothing_is_an_error(self, disk, folder, recursive):
        with pytest.raises(PathNotFoundError):
            disk.delete(f"{folder}/missing", recursive=recursive)

    @pytest.mark.parametrize("spelling", ["link", "link/"])
    def test_a_link_to_a_directory_leaves_the_directory(self, disk, folder, everything, spelling):
        disk.save("text", f"{folder}/real/a.txt")
        os.symlink("real", f"{folder}/link")
        disk.delete(f"{folder}/{spelling}", recursive=True)
        assert everything() == ["real", "real/a.txt"]

    def test_a_directory_does_not_follow_links_in_it(self, disk, folder, everything):
        disk.save("text", f"{folder}/real/a.txt")
        os.mkdir(f"{folder}/sub")
        os.symlink(f"{folder}/real", f"{folder}/sub/link")
        disk.delete(f"{folder}/sub", recursive=True)
        assert everything() == ["real", "real/a.txt"]

    def test_a_link_to_nowhere(self, disk, folder, everything):
        os.symlink("nowhere", f"{folder}/link")
        disk.delete(f"{folder}/link")
        assert everything() == []


class TestConfiguration:
    def test_says_what_the_backend_can_do(self, disk):
        can = Capability.WRITE | Capability.READ | Capability.LIST | Capability.LINK
        assert type(disk).capabilities == can

    @pytest.mark.parametrize("durability", ["process", "power"])
    def test_durability_is_kept_and_travels(self, folder, durability):
        with Host() as host:
            disk = host.backend("disk", durability=durability)
            spec = host.describe(disk)
            disk.save("text", f"{folder}/new/{durability}.txt")
            assert disk.load(f"{folder}/new/{durability}.txt") == "text"
        assert spec.config == {"durability": durability}

    def test_durability_of_one_call(self, disk, folder):
        disk.save("text", f"{folder}/a.txt", durability="power")
        with pytest.raises(ConfigurationError, match="durability"):
            disk.save("text", f"{folder}/b.txt", durability="forever")
        assert os.listdir(folder) == ["a.txt"]

    @pytest.mark.parametrize("config", [{"durability": "forever"}, {"durable": True}])
    def test_a_wrong_one_is_refused(self, host, config):
        with pytest.raises(ConfigurationError, match="durability"):
            host.backend("disk", **config)
