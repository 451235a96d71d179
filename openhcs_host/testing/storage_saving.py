"""The storage kit: saving, loading, overwriting, and what is left when saving fails."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from openhcs_host.contracts.storage import Capability, ReadableBackend, StorageBackend
from openhcs_host.errors import (
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UnsupportedDataError,
)
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import IMAGE, SinkKit
from openhcs_host.testing.equality import Unholdable, assert_same

__all__ = ["SavingTests"]

READ = Capability.READ


class _Anything:
    """An object of a class that no format knows."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Anything) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


class SavingTests(SinkKit):
    """One object under one path."""

    @needs(READ)
    def test_every_example_comes_back_as_it_was(self, backend: ReadableBackend, folder: str) -> None:
        """Values, dtype and shape survive, also with ``image``, and every extension is kept."""
        for suffix, objects in self.examples.items():
            for number, data in enumerate(objects):
                path = f"{folder}/round/{number}{suffix}"
                backend.save(copy.deepcopy(data), path)
                assert_same(backend.load(path), data, f"example {number} of {suffix!r}")
                backend.save(copy.deepcopy(data), f"{folder}/with image/{number}{suffix}", image=IMAGE)
                assert_same(
                    backend.load(f"{folder}/with image/{number}{suffix}"), data, f"{suffix} with image"
                )

    @needs(READ | Capability.ANY_OBJECT)
    def test_any_object_comes_back_whatever_its_extension(
        self, backend: ReadableBackend, folder: str
    ) -> None:
        """With ANY_OBJECT, neither type nor extension matters; ``None`` is an object too."""
        objects: tuple[Any, ...] = (None, {1, 2}, {"a": (1, [2.5])}, _Anything(3), b"", "")
        for number, data in enumerate(objects):
            for name in (f"{number}", f"{number}.of-no-format", f"{number}.tif"):
                backend.save(data, f"{folder}/any/{name}")
                assert_same(backend.load(f"{folder}/any/{name}"), data, name)
                assert backend.is_file(f"{folder}/any/{name}")

    @needs(READ, undeclared=Capability.ANY_OBJECT)
    def test_what_cannot_be_held_is_refused(self, backend: ReadableBackend, folder: str) -> None:
        """Without ANY_OBJECT, an object that no format holds is an UnsupportedDataError; nothing is left."""
        suffix, data, _ = self._pair()
        for odd in (Unholdable(), [data, Unholdable()], {"a": data, "b": Unholdable()}):
            with pytest.raises(UnsupportedDataError):
                backend.save(odd, f"{folder}/odd{suffix}")
            assert not backend.exists(f"{folder}/odd{suffix}")

    @needs(READ)
    def test_an_existing_file_is_refused_and_stays(self, backend: ReadableBackend, folder: str) -> None:
        """Without ``overwrite`` the old content stands there still, and the error names the path."""
        suffix, old, new = self._pair()
        path = f"{folder}/refused{suffix}"
        backend.save(old, path)
        with pytest.raises(PathExistsError, match="refused"):
            backend.save(new, path)
        with pytest.raises(PathExistsError):
            backend.save(new, path, overwrite=False)
        assert_same(backend.load(path), old)

    @needs(READ)
    def test_overwrite_replaces(self, backend: ReadableBackend, folder: str) -> None:
        """With ``overwrite`` the new content, and only that, is there; a new path is fine too."""
        suffix, old, new = self._pair()
        path = f"{folder}/replaced{suffix}"
        backend.save(old, path, overwrite=True)
        assert_same(backend.load(path), old)
        backend.save(new, path, overwrite=True)
        assert_same(backend.load(path), new)

    @needs(READ)
    def test_loading_what_is_not_there_is_file_not_found(self, backend: ReadableBackend, folder: str) -> None:
        """A missing path is a PathNotFoundError that names it, with or without neighbours."""
        suffix, data, _ = self._pair()
        for path in (f"{folder}/missing{suffix}", f"{folder}/none/missing{suffix}", f"{folder}/missing"):
            with pytest.raises(PathNotFoundError, match="missing"):
                backend.load(path)
        backend.save(data, f"{folder}/there{suffix}")
        for path in (f"{folder}/missing{suffix}", f"{folder}/ther", f"{folder}/there"):
            with pytest.raises(PathNotFoundError):
                backend.load(path)
            with pytest.raises(PathNotFoundError):
                backend.load_batch([f"{folder}/there{suffix}", path])

    @needs(READ)
    def test_an_unknown_option_stores_and_loads_nothing(self, backend: ReadableBackend, folder: str) -> None:
        """A misspelt option is a TypeError, and what stood under the path stands there still."""
        suffix, old, new = self._pair()
        with pytest.raises(TypeError):
            backend.save(old, f"{folder}/new{suffix}", no_such_option=1)
        assert not backend.exists(f"{folder}/new{suffix}")
        backend.save(old, f"{folder}/old{suffix}")
        with pytest.raises(TypeError):
            backend.save(new, f"{folder}/old{suffix}", overwrite=True, no_such_option=1)
        with pytest.raises(TypeError):
            backend.load(f"{folder}/old{suffix}", no_such_option=1)
        assert_same(backend.load(f"{folder}/old{suffix}"), old)

    @needs(READ, undeclared=Capability.REFERENCES)
    def test_a_failing_save_leaves_the_old_content(self, backend: ReadableBackend, folder: str) -> None:
        """Whatever fails, what stood under the path stands there still, and no part of the new is there."""
        suffix, old, new = self._pair()
        path = f"{folder}/torn/a{suffix}"
        backend.save(old, path)
        # The second fails after a part of it could have been written.
        for odd in (Unholdable(), [new, new, Unholdable()], {"a": new, "b": Unholdable()}):
            with pytest.raises(UnsupportedDataError):
                backend.save(odd, path, overwrite=True)
            assert_same(backend.load(path), old, "after a save that failed")
            if Capability.LIST in type(backend).capabilities:
                assert backend.list_files(f"{folder}/torn") == [path]
                assert backend.list_dir(f"{folder}/torn") == [f"a{suffix}"]

    @needs(READ)
    def test_missing_parents_are_made(self, backend: ReadableBackend, folder: str) -> None:
        """``save`` makes the directories above the path."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/p/q/r/a{suffix}")
        assert_same(backend.load(f"{folder}/p/q/r/a{suffix}"), data)
        assert all(backend.is_dir(f"{folder}/{parent}") for parent in ("p", "p/q", "p/q/r"))

    @needs(READ)
    def test_a_file_is_no_parent(self, backend: ReadableBackend, folder: str) -> None:
        """Saving below a file is a PathNotDirectoryError, and the file stays."""
        suffix, old, new = self._pair()
        path = f"{folder}/file{suffix}"
        backend.save(old, path)
        for below in (f"{path}/a{suffix}", f"{path}/b/c{suffix}"):
            for overwrite in (False, True):
                with pytest.raises(PathNotDirectoryError):
                    backend.save(new, below, overwrite=overwrite)
            assert not backend.exists(below)
            with pytest.raises(PathNotFoundError):
                backend.load(below)
        assert_same(backend.load(path), old)

    @needs(READ, contract=StorageBackend)
    def test_a_directory_is_no_file(self, backend: StorageBackend, folder: str) -> None:
        """Saving onto a directory, and loading it, is a PathIsDirectoryError, whatever ``overwrite`` says."""
        suffix, data, _ = self._pair()
        path = f"{folder}/directory{suffix}"
        backend.save(data, f"{path}/child{suffix}")
        backend.ensure_directory(f"{folder}/empty{suffix}")
        for directory in (path, f"{folder}/empty{suffix}"):
            for overwrite in (False, True):
                with pytest.raises(PathIsDirectoryError):
                    backend.save(data, directory, overwrite=overwrite)
            with pytest.raises(PathIsDirectoryError):
                backend.load(directory)
            assert backend.is_dir(directory)
        assert_same(backend.load(f"{path}/child{suffix}"), data)
