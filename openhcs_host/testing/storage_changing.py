"""The storage kit: making directories, deleting, copying, moving."""

from __future__ import annotations

import pytest

from openhcs_host.contracts.storage import Capability, StorageBackend
from openhcs_host.errors import (
    DirectoryNotEmptyError,
    InvalidPathError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import SinkKit
from openhcs_host.testing.equality import assert_same

__all__ = ["ChangingTests"]

STORAGE = Capability.READ | Capability.WRITE


class ChangingTests(SinkKit):
    """The operations of a file system."""

    @needs(STORAGE, contract=StorageBackend)
    def test_directories_are_made_with_their_parents(self, backend: StorageBackend, folder: str) -> None:
        """``ensure_directory`` may be called again, and never touches what is in the directory."""
        suffix, data, _ = self._pair()
        for _ in range(2):
            backend.ensure_directory(f"{folder}/made/in/here")
            assert all(backend.is_dir(f"{folder}/{name}") for name in ("made", "made/in", "made/in/here"))
        backend.save(data, f"{folder}/made/in/a{suffix}")
        backend.ensure_directory(f"{folder}/made/in")
        assert_same(backend.load(f"{folder}/made/in/a{suffix}"), data)

    @needs(STORAGE, contract=StorageBackend)
    def test_a_file_in_the_way_of_a_directory_is_refused(self, backend: StorageBackend, folder: str) -> None:
        """``ensure_directory`` on or below a file is a PathNotDirectoryError."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/way/file{suffix}")
        for path in (f"{folder}/way/file{suffix}", f"{folder}/way/file{suffix}/sub"):
            with pytest.raises(PathNotDirectoryError):
                backend.ensure_directory(path)
        assert_same(backend.load(f"{folder}/way/file{suffix}"), data)

    @needs(STORAGE, contract=StorageBackend)
    def test_deleting_takes_what_is_named_and_nothing_else(
        self, backend: StorageBackend, folder: str
    ) -> None:
        """A file goes, its neighbours and its directory stay; what is missing is a PathNotFoundError."""
        suffix, data, _ = self._pair()
        for name in ("a", "ab", "b", "a.d/c"):
            backend.save(data, f"{folder}/del/{name}{suffix}")
        backend.delete(f"{folder}/del/a{suffix}")
        backend.delete(f"{folder}/del/b{suffix}", recursive=True)
        assert not backend.exists(f"{folder}/del/a{suffix}")
        with pytest.raises(PathNotFoundError):
            backend.load(f"{folder}/del/a{suffix}")
        for left in (f"ab{suffix}", f"a.d/c{suffix}"):
            assert_same(backend.load(f"{folder}/del/{left}"), data, left)
        for recursive in (False, True):
            for missing in (f"a{suffix}", "a", "ab", f"none/x{suffix}"):
                with pytest.raises(PathNotFoundError):
                    backend.delete(f"{folder}/del/{missing}", recursive=recursive)
        assert backend.is_dir(f"{folder}/del")
        backend.save(data, f"{folder}/del/a{suffix}")  # the name is free again

    @needs(STORAGE, contract=StorageBackend)
    def test_a_directory_with_content_is_deleted_only_recursively(
        self, backend: StorageBackend, folder: str
    ) -> None:
        """Without ``recursive`` it is a DirectoryNotEmptyError and all stays; with it all goes."""
        suffix, data, _ = self._pair()
        for path in (f"tree/a{suffix}", f"tree/sub/b{suffix}", f"tree2/c{suffix}"):
            backend.save(data, f"{folder}/{path}")
        backend.ensure_directory(f"{folder}/tree/only/directories")
        for directory in ("tree", "tree/sub", "tree/only"):
            with pytest.raises(DirectoryNotEmptyError):
                backend.delete(f"{folder}/{directory}")
        assert_same(backend.load(f"{folder}/tree/a{suffix}"), data)
        assert_same(backend.load(f"{folder}/tree/sub/b{suffix}"), data)
        backend.delete(f"{folder}/tree", recursive=True)
        for gone in ("tree", f"tree/a{suffix}", "tree/sub", f"tree/sub/b{suffix}", "tree/only/directories"):
            assert not backend.exists(f"{folder}/{gone}"), f"{gone} is still there"
        backend.ensure_directory(f"{folder}/tree/sub")  # the names are free, and what was below is gone
        assert not backend.exists(f"{folder}/tree/sub/b{suffix}")
        assert_same(backend.load(f"{folder}/tree2/c{suffix}"), data)

    @needs(STORAGE, contract=StorageBackend)
    def test_an_empty_directory_is_deleted(self, backend: StorageBackend, folder: str) -> None:
        """With and without ``recursive``; its parent stays."""
        for name, recursive in (("e1", False), ("e2", True)):
            backend.ensure_directory(f"{folder}/parent/{name}")
            backend.delete(f"{folder}/parent/{name}", recursive=recursive)
            assert not backend.exists(f"{folder}/parent/{name}")
        assert backend.is_dir(f"{folder}/parent")

    @needs(STORAGE, contract=StorageBackend)
    def test_a_copy_leaves_its_source(self, backend: StorageBackend, folder: str) -> None:
        """Both are there, apart from each other; missing parents are made."""
        suffix, data, other = self._pair()
        source, copy = f"{folder}/c/a{suffix}", f"{folder}/c/new/parents/b{suffix}"
        backend.save(data, source)
        backend.copy(source, copy)
        assert_same(backend.load(source), data, "the source")
        assert_same(backend.load(copy), data, "the copy")
        backend.save(other, source, overwrite=True)
        assert_same(backend.load(copy), data, "the copy, after its source was overwritten")
        backend.delete(source)
        assert_same(backend.load(copy), data, "the copy, after its source was deleted")

    @needs(STORAGE, contract=StorageBackend)
    def test_a_moved_file_leaves_its_old_place(self, backend: StorageBackend, folder: str) -> None:
        """It is at the new place and not at the old one; missing parents are made."""
        suffix, data, _ = self._pair()
        source, new = f"{folder}/m/a{suffix}", f"{folder}/m/new/parents/b{suffix}"
        backend.save(data, source)
        backend.move(source, new)
        assert_same(backend.load(new), data)
        assert not backend.exists(source)
        assert backend.is_dir(f"{folder}/m")
        backend.save(data, source)  # the name is free again

    @needs(STORAGE, contract=StorageBackend)
    def test_copy_and_move_refuse_what_exists(self, backend: StorageBackend, folder: str) -> None:
        """Without ``overwrite`` both files stay as they are; with it the destination is replaced."""
        suffix, data, other = self._pair()
        source, taken = f"{folder}/x/a{suffix}", f"{folder}/x/b{suffix}"
        backend.save(data, source)
        backend.save(other, taken)
        for act in (backend.copy, backend.move):
            with pytest.raises(PathExistsError):
                act(source, taken)
            assert_same(backend.load(source), data, "the source")
            assert_same(backend.load(taken), other, "the destination")
            act(source, taken, overwrite=True)
            assert_same(backend.load(taken), data, "the destination")
            backend.save(other, taken, overwrite=True)
        assert not backend.exists(source)

    @needs(STORAGE, contract=StorageBackend)
    def test_onto_itself_nothing_happens(self, backend: StorageBackend, folder: str) -> None:
        """A file copied or moved, or a directory moved, onto itself is still there."""
        suffix, data, _ = self._pair()
        path = f"{folder}/self/a{suffix}"
        backend.save(data, path)
        for overwrite in (False, True):
            backend.copy(path, path, overwrite=overwrite)
            backend.move(path, path, overwrite=overwrite)
            assert_same(backend.load(path), data)
        backend.move(f"{folder}/self", f"{folder}/self")
        assert_same(backend.load(path), data)
        for act in (backend.copy, backend.move):
            with pytest.raises(PathNotFoundError):
                act(f"{folder}/none{suffix}", f"{folder}/none{suffix}")

    @needs(STORAGE, contract=StorageBackend)
    def test_a_missing_source_leaves_the_destination(self, backend: StorageBackend, folder: str) -> None:
        """It is a PathNotFoundError, and nothing is made or overwritten."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/s/there{suffix}")
        for act in (backend.copy, backend.move):
            for overwrite in (False, True):
                with pytest.raises(PathNotFoundError):
                    act(f"{folder}/s/none{suffix}", f"{folder}/s/there{suffix}", overwrite=overwrite)
                with pytest.raises(PathNotFoundError):
                    act(f"{folder}/s/none{suffix}", f"{folder}/s/new{suffix}", overwrite=overwrite)
            assert_same(backend.load(f"{folder}/s/there{suffix}"), data)
            assert not backend.exists(f"{folder}/s/new{suffix}")

    @needs(STORAGE, contract=StorageBackend)
    def test_a_directory_is_no_place_for_a_file(self, backend: StorageBackend, folder: str) -> None:
        """Copying or moving a file onto a directory, and copying a directory, is a PathIsDirectoryError."""
        suffix, data, _ = self._pair()
        source = f"{folder}/d/a{suffix}"
        backend.save(data, source)
        backend.ensure_directory(f"{folder}/d/empty{suffix}")
        backend.save(data, f"{folder}/d/full/b{suffix}")
        for act in (backend.copy, backend.move):
            for overwrite in (False, True):
                for directory in (f"{folder}/d/empty{suffix}", f"{folder}/d/full"):
                    with pytest.raises(PathIsDirectoryError):
                        act(source, directory, overwrite=overwrite)
                with pytest.raises(PathNotDirectoryError):
                    act(f"{folder}/d/full/b{suffix}", f"{source}/below{suffix}", overwrite=overwrite)
        with pytest.raises(PathIsDirectoryError):
            backend.copy(f"{folder}/d/full", f"{folder}/d/copy{suffix}")
        assert not backend.exists(f"{folder}/d/copy{suffix}")
        assert_same(backend.load(source), data)
        assert_same(backend.load(f"{folder}/d/full/b{suffix}"), data)

    @needs(STORAGE, contract=StorageBackend)
    def test_a_directory_moves_with_all_below_it(self, backend: StorageBackend, folder: str) -> None:
        """Files, sub-directories and empty ones arrive; neighbours of a similar name stay."""
        suffix, data, other = self._pair()
        backend.save(data, f"{folder}/old/a{suffix}")
        backend.save(other, f"{folder}/old/sub/b{suffix}")
        backend.save(data, f"{folder}/old2/c{suffix}")
        backend.ensure_directory(f"{folder}/old/void/void")
        backend.move(f"{folder}/old", f"{folder}/new/place")
        assert_same(backend.load(f"{folder}/new/place/a{suffix}"), data)
        assert_same(backend.load(f"{folder}/new/place/sub/b{suffix}"), other)
        assert backend.is_dir(f"{folder}/new/place/void/void")
        assert_same(backend.load(f"{folder}/old2/c{suffix}"), data)
        for gone in ("old", f"old/a{suffix}", "old/sub", f"old/sub/b{suffix}"):
            assert not backend.exists(f"{folder}/{gone}"), f"{gone} is still there"
        with pytest.raises(PathNotFoundError):
            backend.move(f"{folder}/old", f"{folder}/again")

    @needs(STORAGE, contract=StorageBackend)
    def test_a_directory_moves_over_nothing_and_not_into_itself(
        self, backend: StorageBackend, folder: str
    ) -> None:
        """What exists is a PathExistsError, whatever ``overwrite`` says; inside itself an InvalidPathError."""
        suffix, data, other = self._pair()
        backend.save(data, f"{folder}/dir/sub/a{suffix}")
        backend.save(other, f"{folder}/full/b{suffix}")
        backend.ensure_directory(f"{folder}/void")
        for overwrite in (False, True):
            for taken in ("void", "full", f"full/b{suffix}"):
                with pytest.raises(PathExistsError):
                    backend.move(f"{folder}/dir", f"{folder}/{taken}", overwrite=overwrite)
            for inside in ("dir/new", "dir/sub/new"):
                with pytest.raises(InvalidPathError):
                    backend.move(f"{folder}/dir", f"{folder}/{inside}", overwrite=overwrite)
        assert_same(backend.load(f"{folder}/dir/sub/a{suffix}"), data)
        assert_same(backend.load(f"{folder}/full/b{suffix}"), other)
        backend.move(f"{folder}/dir", f"{folder}/dir2")  # begins like it, and is not inside it
        assert_same(backend.load(f"{folder}/dir2/sub/a{suffix}"), data)
