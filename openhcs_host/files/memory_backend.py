"""The storage backend ``memory``, the host's own: objects in a dictionary, references shared."""

from __future__ import annotations

import copy as copying
import functools
import posixpath
import threading
from typing import Any, ClassVar

from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import Capability, FileStat, StorageBackend, refuse_options
from openhcs_host.errors import (
    DirectoryNotEmptyError,
    InvalidPathError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from openhcs_host.seam.hookspecs import hookimpl

__all__ = ["MemoryBackend"]

OPENHCS_API = 1


class MemoryBackend(StorageBackend):
    """Keeps references to any object until the process ends; what you load is what was saved.

    Safe to use from several threads. ``load(path, copy=True)`` gives a deep copy of your own.
    """

    key = "memory"
    capabilities: ClassVar[Capability] = (
        Capability.WRITE | Capability.READ | Capability.LIST | Capability.REFERENCES | Capability.ANY_OBJECT
    )

    def __init__(self) -> None:
        self._files: dict[str, Any] = {}
        self._directories: dict[str, dict[str, None]] = {}  # directory to the names in it
        self._lock = threading.RLock()

    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Keep a reference to ``data``; ``image`` is not kept, the object stands for itself."""
        if options:
            refuse_options(self.key, options)
        name = _normal(path)
        with self._lock:
            if name in self._files:
                if not overwrite:
                    raise PathExistsError(f"memory has {path!r} already; pass overwrite=True to replace it")
            elif name in self._directories:
                raise PathIsDirectoryError(f"cannot save {path!r} to memory: it is a directory there")
            else:
                self._enter(name)
            self._files[name] = data

    def load(self, path: str, *, copy: bool = False, **options: Any) -> Any:
        """Return the object saved under ``path``, or with ``copy`` a deep copy of it."""
        if options:
            refuse_options(self.key, options)
        try:
            found = self._files[path]
        except KeyError:
            found = self._find(path)
        return copying.deepcopy(found) if copy else found

    def is_file(self, path: str) -> bool:
        """Whether an object was saved under exactly this path."""
        return path in self._files or _normal(path) in self._files

    def is_dir(self, path: str) -> bool:
        """Whether the path was made, or is a parent of something saved."""
        return _normal(path) in self._directories

    def stat(self, path: str) -> FileStat:
        """Return what stands there; only arrays, and whatever else counts its bytes, have a size."""
        name = _normal(path)
        with self._lock:
            if name in self._directories:
                return FileStat("directory")
            found = self._find(path)
        size = getattr(found, "nbytes", None)
        return FileStat("file", size if isinstance(size, int) else None)

    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the paths of the objects in ``directory``."""
        name = _normal(directory)
        with self._lock:
            return list(self._walk(self._directory(name, directory), name, recursive))

    def list_dir(self, directory: str) -> list[str]:
        """Return the names in ``directory``."""
        with self._lock:
            return list(self._directory(_normal(directory), directory))

    def ensure_directory(self, path: str) -> None:
        """Make the directory and its parents."""
        name = _normal(path)
        with self._lock:
            if name in self._files:
                raise PathNotDirectoryError(f"cannot make directory {path!r} in memory: a file has that name")
            if name not in self._directories:
                self._enter(name)
                self._directories[name] = {}

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Forget a file, an empty directory, or with ``recursive`` everything below a directory."""
        name = _normal(path)
        with self._lock:
            if name in self._files:
                del self._files[name]
            elif name not in self._directories:
                raise PathNotFoundError(f"memory has nothing at {path!r} to delete")
            elif self._directories[name] and not recursive:
                raise DirectoryNotEmptyError(
                    f"directory {path!r} in memory is not empty; pass recursive=True"
                )
            else:
                for child in list(self._directories[name]):
                    self.delete(posixpath.join(name, child), recursive=True)
                del self._directories[name]
            parent, base = _split(name)
            self._directories.get(parent, {}).pop(base, None)

    def copy(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Let ``destination`` refer to the same object as ``source``."""
        with self._lock:
            if self.is_dir(source):
                raise PathIsDirectoryError(f"cannot copy {source!r} in memory: it is a directory")
            self.save(
                self._find(source),
                destination,
                overwrite=overwrite or _normal(source) == _normal(destination),
            )

    def move(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Move an object, or a directory with all below it."""
        old, new = _normal(source), _normal(destination)
        with self._lock:
            if old == new and self.exists(source):
                return
            if old in self._directories:
                self._move_directory(old, new, source, destination)
            else:
                self.save(self._find(source), destination, overwrite=overwrite)
                self.delete(source)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._files.clear()
            self._directories.clear()

    def _find(self, path: str) -> Any:
        name = _normal(path)
        try:
            return self._files[name]
        except KeyError:
            if name in self._directories:
                raise PathIsDirectoryError(f"{path!r} in memory is a directory, not a file") from None
            raise PathNotFoundError(f"memory has nothing at {path!r}") from None

    def _directory(self, name: str, asked: str) -> dict[str, None]:
        if name in self._files:
            raise PathNotDirectoryError(f"{asked!r} in memory is a file, not a directory")
        try:
            return self._directories[name]
        except KeyError:
            raise PathNotFoundError(f"memory has no directory {asked!r}") from None

    def _enter(self, name: str) -> None:
        """Write a new name into its parent directory, making the parents that are missing."""
        missing = []
        while True:
            parent, base = _split(name)
            if parent in self._files:
                raise PathNotDirectoryError(f"cannot save below {parent!r} in memory: it is a file")
            missing.append((parent, base))
            if parent in self._directories or parent == name:
                break
            name = parent
        for parent, base in reversed(missing):
            names = self._directories.setdefault(parent, {})
            if base:
                names[base] = None

    def _walk(self, names: dict[str, None], directory: str, recursive: bool) -> list[str]:
        found = []
        for base in names:
            path = posixpath.join(directory, base)
            if path in self._files:
                found.append(path)
            elif recursive:
                found.extend(self._walk(self._directories[path], path, recursive))
        return found

    def _move_directory(self, old: str, new: str, source: str, destination: str) -> None:
        if new == old or new.startswith(old.rstrip("/") + "/"):
            raise InvalidPathError(f"cannot move directory {source!r} into itself ({destination!r})")
        if self.exists(new):
            raise PathExistsError(f"memory has {destination!r} already; a directory is not moved over it")
        inside = self._walk(self._directories[old], old, recursive=True)
        empty = [name for name in self._directories if name.startswith(old + "/")]
        self.ensure_directory(new)
        for name in empty:
            self.ensure_directory(new + name[len(old) :])
        for name in inside:
            self.save(self._files[name], new + name[len(old) :])
        self.delete(old, recursive=True)


@functools.lru_cache(maxsize=65536)
def _normal(path: str) -> str:
    if not path:
        raise InvalidPathError("an empty path names nothing; give a path such as '/run/A01.npy'")
    name = posixpath.normpath(path)
    return name[1:] if name.startswith("//") else name


def _split(name: str) -> tuple[str, str]:
    parent, base = posixpath.split(name)
    return parent or ".", base


@hookimpl
def openhcs_create_backend(key: str) -> MemoryBackend:
    """Create the memory backend."""
    return MemoryBackend()
