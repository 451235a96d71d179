"""The storage kit: what exists, what is listed, and under which names."""

from __future__ import annotations

import time

import pytest

from openhcs_host.contracts.storage import Capability, ReadableBackend, StorageBackend
from openhcs_host.errors import PathNotDirectoryError, PathNotFoundError
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import SinkKit
from openhcs_host.testing.equality import assert_same

__all__ = ["FindingTests"]

READ, LIST = Capability.READ, Capability.READ | Capability.LIST
NAMES = (
    "with space",
    "Zürich µm 平板",
    ".hidden",
    "100% [a] {b} #1 & ~c+d,e",
    "two.dots",
    "-dash",
    "quote'",
    "x" * 180,
)


class FindingTests(SinkKit):
    """Existence, listing, names."""

    @needs(READ)
    def test_what_is_there_exists_and_nothing_else(self, backend: ReadableBackend, folder: str) -> None:
        """``exists``, ``is_file``, ``is_dir`` are true for what is there, never for a part of a name."""
        suffix, data, _ = self._pair()
        path = f"{folder}/plate/A01{suffix}"
        assert not backend.exists(path)
        backend.save(data, path)
        assert backend.exists(path) is True
        assert (backend.is_file(path), backend.is_dir(path)) == (True, False)
        parent = f"{folder}/plate"
        assert (backend.exists(parent), backend.is_file(parent), backend.is_dir(parent)) == (
            True,
            False,
            True,
        )
        for wrong in (
            "A0",
            "A01",
            f"A01{suffix[:-1]}",
            f"A01{suffix}x",
            f"A02{suffix}",
            f"A01{suffix}/x",
            "x",
        ):
            for path in (f"{parent}/{wrong}", f"{parent[:-1]}/A01{suffix}", parent[:-1], f"{parent}s"):
                answers = backend.exists(path), backend.is_file(path), backend.is_dir(path)
                assert answers == (False, False, False), f"{path!r} is not there"

    @needs(READ)
    def test_case_makes_another_name(self, backend: ReadableBackend, folder: str) -> None:
        """Names that differ in case are different names."""
        suffix, upper, lower = self._pair()
        backend.save(upper, f"{folder}/Plate{suffix}")
        assert not backend.exists(f"{folder}/plate{suffix}")
        backend.save(lower, f"{folder}/plate{suffix}")
        assert_same(backend.load(f"{folder}/Plate{suffix}"), upper)
        assert_same(backend.load(f"{folder}/plate{suffix}"), lower)

    @needs(READ)
    def test_a_path_can_be_stated(self, backend: ReadableBackend, folder: str) -> None:
        """``stat`` tells file from directory; what it knows of size and time is true."""
        suffix, data, _ = self._pair()
        start = time.time()
        backend.save(data, f"{folder}/stat/a{suffix}")
        found = backend.stat(f"{folder}/stat/a{suffix}")
        assert found.kind == "file"
        assert found.size is None or found.size > 0
        # File systems keep times in steps of up to two seconds, and servers have clocks of their own.
        assert found.modified is None or abs(found.modified - start) < 600
        assert backend.stat(f"{folder}/stat").kind == "directory"
        for missing in (f"{folder}/stat/b{suffix}", f"{folder}/sta", f"{folder}/stat/a"):
            with pytest.raises(PathNotFoundError):
                backend.stat(missing)

    @needs(READ, undeclared=Capability.LINK)
    def test_without_links_nothing_is_a_link(self, backend: ReadableBackend, folder: str) -> None:
        """``is_symlink`` is false everywhere."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/link/a{suffix}")
        assert not any(backend.is_symlink(f"{folder}/{name}") for name in (f"link/a{suffix}", "link", "none"))

    @needs(LIST)
    def test_files_are_listed_completely_by_full_path(self, backend: ReadableBackend, folder: str) -> None:
        """Not recursive: the files in the directory and no others. Recursive: all below it, each once."""
        suffix, data, _ = self._pair()
        here = [f"{folder}/run/{name}{suffix}" for name in ("z10", "z2", "a")]
        below = [f"{folder}/run/{name}{suffix}" for name in ("sub/a", "sub/z2", "sub/deep/er/b")]
        foreign = [f"{folder}/{name}{suffix}" for name in ("run2/a", "ru/a", "other", "run.x/a")]
        for path in (*here, *below, *foreign):
            backend.save(data, path)
        assert sorted(backend.list_files(f"{folder}/run")) == sorted(here)
        assert sorted(backend.list_files(f"{folder}/run", recursive=False)) == sorted(here)
        assert sorted(backend.list_files(f"{folder}/run", recursive=True)) == sorted(here + below)
        assert backend.list_files(f"{folder}/run/sub/deep") == []
        assert sorted(backend.list_files(f"{folder}/run/sub")) == sorted(below[:2])
        for path in backend.list_files(f"{folder}/run", recursive=True):
            assert_same(backend.load(path), data, path)

    @needs(LIST)
    def test_names_of_a_directory_are_listed(self, backend: ReadableBackend, folder: str) -> None:
        """``list_dir`` gives the bare names of files and directories, each once."""
        suffix, data, _ = self._pair()
        for name in ("a", "b", "sub/c", "sub/d", "other/e/f"):
            backend.save(data, f"{folder}/names/{name}{suffix}")
        backend.save(data, f"{folder}/names2/x{suffix}")
        assert sorted(backend.list_dir(f"{folder}/names")) == [f"a{suffix}", f"b{suffix}", "other", "sub"]
        assert backend.list_dir(f"{folder}/names/other") == ["e"]

    @needs(LIST)
    def test_listing_what_is_no_directory_is_an_error(self, backend: ReadableBackend, folder: str) -> None:
        """A missing directory is a PathNotFoundError, a file a PathNotDirectoryError; never an empty list."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/list/a{suffix}")
        for missing in (f"{folder}/none", f"{folder}/lis", f"{folder}/list/a", f"{folder}/list/a{suffix}/b"):
            for recursive in (False, True):
                with pytest.raises(PathNotFoundError):
                    backend.list_files(missing, recursive=recursive)
            with pytest.raises(PathNotFoundError):
                backend.list_dir(missing)
        for recursive in (False, True):
            with pytest.raises(PathNotDirectoryError):
                backend.list_files(f"{folder}/list/a{suffix}", recursive=recursive)
        with pytest.raises(PathNotDirectoryError):
            backend.list_dir(f"{folder}/list/a{suffix}")

    @needs(LIST, contract=StorageBackend)
    def test_an_empty_directory_is_an_empty_list(self, backend: StorageBackend, folder: str) -> None:
        """A directory can be empty, is there, and stays after its last file is deleted."""
        suffix, data, _ = self._pair()
        backend.ensure_directory(f"{folder}/empty")
        backend.save(data, f"{folder}/emptied/a{suffix}")
        backend.delete(f"{folder}/emptied/a{suffix}")
        for directory in (f"{folder}/empty", f"{folder}/emptied"):
            assert backend.is_dir(directory)
            assert backend.list_files(directory) == backend.list_files(directory, recursive=True) == []
            assert backend.list_dir(directory) == []
        assert sorted(backend.list_dir(folder)) == ["emptied", "empty"]

    @needs(READ)
    def test_names_are_kept_as_they_are(self, backend: ReadableBackend, folder: str) -> None:
        """Spaces, signs, other scripts, long names, upper case and the extension survive."""
        suffix, data, _ = self._pair()
        names = [f"{name}{suffix}" for name in NAMES] + [f"A01{suffix.upper()}", f"UPPER lower{suffix}"]
        for name in names:
            backend.save(data, f"{folder}/Plate ä 1/{name}")
        for name in names:
            assert backend.is_file(f"{folder}/Plate ä 1/{name}")
            assert_same(backend.load(f"{folder}/Plate ä 1/{name}"), data, name)
        if Capability.LIST in type(backend).capabilities:
            assert sorted(backend.list_dir(f"{folder}/Plate ä 1")) == sorted(names)
            paths = [f"{folder}/Plate ä 1/{name}" for name in names]
            assert sorted(backend.list_files(f"{folder}/Plate ä 1")) == sorted(paths)

    @needs(LIST)
    def test_many_files_are_all_listed(self, backend: ReadableBackend, folder: str) -> None:
        """No page of a listing is lost; the content belongs to the name."""
        suffix, first, second = self._pair()
        paths = [f"{folder}/many/A01_s{number:03d}{suffix}" for number in range(300)]
        backend.save_batch([(first, second)[n % 2] for n in range(300)], paths)
        assert sorted(backend.list_files(f"{folder}/many")) == paths
        assert sorted(backend.list_files(f"{folder}/many", recursive=True)) == paths
        for number in (0, 1, 150, 299):
            assert_same(backend.load(paths[number]), (first, second)[number % 2], paths[number])

    @needs(LIST)
    def test_deep_paths(self, backend: ReadableBackend, folder: str) -> None:
        """Thirty directories in one another are fine."""
        suffix, data, _ = self._pair()
        path = f"{folder}/deep{'/d' * 30}/a{suffix}"
        backend.save(data, path)
        assert_same(backend.load(path), data)
        assert backend.list_files(f"{folder}/deep", recursive=True) == [path]
        assert backend.list_files(f"{folder}/deep") == []
