"""One API for files and images, whichever backend they live in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from openhcs_host.arrays.conversion import convert
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import Capability, DataSink, FileStat, ReadableBackend, StorageBackend
from openhcs_host.errors import (
    ArrayError,
    InvalidPathError,
    OpenHCSError,
    PluginError,
    PluginInvalidError,
    UnsupportedOperationError,
)
from openhcs_host.files.mirroring import mirror, move_over_link
from openhcs_host.files.natural import natural_sorted
from openhcs_host.seam.host import Host

__all__ = ["IMAGE_EXTENSIONS", "FileManager", "UsableBackends"]

AnyPath = str | os.PathLike[str]

IMAGE_EXTENSIONS: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".npy")
"""What ``list_image_files`` looks for unless told otherwise."""


@attrs.frozen
class UsableBackends:
    """Every installed backend, told apart by whether it can be activated."""

    usable: Mapping[str, DataSink]
    """Key to backend."""
    broken: Mapping[str, PluginError]
    """Key to what is wrong with the others; the message says what to do."""


class FileManager:
    """Routes (operation, path, backend) to the backend, and adds what all of them share.

    ::

        files = FileManager(host)
        files.save(plane, "/run/A01.npy", "memory")
        plane = files.load("/run/A01.npy", "memory")

    Backends are named by strings or ``Backend`` members and activated when first used. Paths may be
    strings or ``pathlib.Path``. What each operation promises is in ``docs/contracts/storage.md``.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        """The host that the backends come from."""
        self._backends: dict[str, DataSink] = {}
        self._readables: dict[str, ReadableBackend] = {}
        self._takes_numpy: dict[str, bool] = {}  # of arrays; the others keep whatever object they get

    def get_backend(self, backend: str) -> DataSink:
        """Return the backend's object."""
        found = self._backends.get(backend)
        if found is None:
            found = self._backends[str(backend)] = self.host.backend(str(backend))
        return found

    def usable_backends(self) -> UsableBackends:
        """Activate every installed backend; one that cannot be is reported, and never raises.

        This imports all of them. To see what is installed without importing, look at ``host.index``.
        """
        usable: dict[str, DataSink] = {}
        broken: dict[str, PluginError] = {}
        for key in self.host.index.keys("backend"):
            try:
                usable[key] = self.get_backend(key)
            except PluginError as error:
                broken[key] = error
            except OpenHCSError as error:  # raised on purpose while it was being created
                broken[key] = PluginInvalidError(f"backend {key!r} cannot be created: {error}")
                broken[key].__cause__ = error
        return UsableBackends(usable, broken)

    def save(
        self,
        data: Any,
        path: AnyPath,
        backend: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Store ``data`` under ``path``; ``image`` says what an image is.

        An array of any installed memory type becomes a NumPy array on its way to storage; a backend that
        holds any object gets the array itself.
        """
        path = path if type(path) is str else _text(path)
        sink = self._backends.get(backend) or self.get_backend(backend)
        if self._takes_numpy.get(backend, True):
            data = self._in_numpy(data, sink)
        sink.save(data, path, overwrite=overwrite, image=image, **options)

    def load(
        self,
        path: AnyPath,
        backend: str,
        *,
        memory_type: str | None = None,
        device: str | int | None = None,
        **options: Any,
    ) -> Any:
        """Return what is stored under ``path``, as an array of ``memory_type`` on ``device`` if that is given.

        Raises what ``convert`` raises, for what is stored and is no array as well.
        """
        path = path if type(path) is str else _text(path)
        found = self._readables.get(backend) or self._readable(backend, "load")
        loaded = found.load(path, **options)
        if memory_type is None and device is None:
            return loaded
        return self._as_memory_type(loaded, memory_type, device)

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[AnyPath],
        backend: str,
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        **options: Any,
    ) -> None:
        """Store ``data[i]`` under ``paths[i]``; the batch is checked as a whole before any is stored."""
        names = [_text(path) for path in paths]
        sink = self.get_backend(backend)
        if self._takes_numpy.get(backend, True):
            data = [self._in_numpy(each, sink) for each in data]
        sink.save_batch(data, names, overwrite=overwrite, images=images, **options)

    def load_batch(
        self,
        paths: Sequence[AnyPath],
        backend: str,
        *,
        memory_type: str | None = None,
        device: str | int | None = None,
        **options: Any,
    ) -> list[Any]:
        """Return what is stored under each path, in that order; ``memory_type`` and ``device`` as in ``load``."""
        readable = self._readable(backend, "load_batch")
        loaded = readable.load_batch([_text(path) for path in paths], **options)
        if memory_type is None and device is None:
            return loaded
        return [self._as_memory_type(each, memory_type, device) for each in loaded]

    def exists(self, path: AnyPath, backend: str) -> bool:
        """Whether a file or directory has exactly this path."""
        return self._readable(backend, "exists").exists(_text(path))

    def is_file(self, path: AnyPath, backend: str) -> bool:
        """Whether something loadable has exactly this path."""
        return self._readable(backend, "is_file").is_file(_text(path))

    def is_dir(self, path: AnyPath, backend: str) -> bool:
        """Whether a directory has this path."""
        return self._readable(backend, "is_dir").is_dir(_text(path))

    def is_symlink(self, path: AnyPath, backend: str) -> bool:
        """Whether the path is itself a symbolic link, wherever that leads."""
        return self._readable(backend, "is_symlink").is_symlink(_text(path))

    def stat(self, path: AnyPath, backend: str) -> FileStat:
        """Return kind, size and time of a path; a link is described itself, unknown is ``None``."""
        return self._readable(backend, "stat").stat(_text(path))

    def list_files(
        self,
        directory: AnyPath,
        backend: str,
        *,
        extensions: Iterable[str] | None = None,
        recursive: bool = False,
    ) -> list[str]:
        """Return full paths in natural order.

        ``extensions`` is one extension or several, in any case, with or without the dot: ``"tif"``,
        ``[".TIF", ".ome.tiff"]``.
        """
        found = self._readable(backend, "list_files").list_files(_text(directory), recursive=recursive)
        if extensions is not None:
            endings = _endings(extensions)
            # Nearly all extensions are written in one case; lists are long, and so are paths.
            usual = (*endings, *(ending.upper() for ending in endings))
            found = [path for path in found if path.endswith(usual) or path.lower().endswith(endings)]
        return natural_sorted(found)

    def list_image_files(
        self,
        directory: AnyPath,
        backend: str,
        *,
        extensions: Iterable[str] = IMAGE_EXTENSIONS,
        recursive: bool = False,
    ) -> list[str]:
        """Return the full paths of the images in natural order."""
        return self.list_files(directory, backend, extensions=extensions, recursive=recursive)

    def list_dir(self, directory: AnyPath, backend: str) -> list[str]:
        """Return the names in a directory in natural order."""
        return natural_sorted(self._readable(backend, "list_dir").list_dir(_text(directory)))

    def find_file_recursive(self, directory: AnyPath, name: str, backend: str) -> str | None:
        """Return the first path in natural order, at any depth, whose last part is ``name``, or ``None``."""
        if not name or "/" in name:
            raise InvalidPathError(f"{name!r} is not the name of a file; give the last part of a path only")
        found = self._readable(backend, "find_file_recursive").list_files(_text(directory), recursive=True)
        below = "/" + name
        matches = [path for path in found if path == name or path.endswith(below)]
        return natural_sorted(matches)[0] if matches else None

    def ensure_directory(self, path: AnyPath, backend: str) -> None:
        """Make a directory and its parents; an existing one is fine."""
        self._storage(backend, "ensure_directory").ensure_directory(_text(path))

    def delete(self, path: AnyPath, backend: str, *, recursive: bool = False) -> None:
        """Delete a file, a link, an empty directory, or with ``recursive`` a directory and its content."""
        self._storage(backend, "delete").delete(_text(path), recursive=recursive)

    def delete_all(self, path: AnyPath, backend: str) -> None:
        """Delete a file, or a directory with all its content; what links lead to is not touched."""
        self._storage(backend, "delete_all").delete(_text(path), recursive=True)

    def copy(self, source: AnyPath, destination: AnyPath, backend: str, *, overwrite: bool = False) -> None:
        """Copy a file within a backend."""
        self._storage(backend, "copy").copy(_text(source), _text(destination), overwrite=overwrite)

    def move(
        self,
        source: AnyPath,
        destination: AnyPath,
        backend: str,
        *,
        overwrite: bool = False,
        replace_symlinks: bool = False,
    ) -> None:
        """Move a file or directory within a backend.

        With ``replace_symlinks`` a symbolic link under the destination is replaced even without
        ``overwrite``; what it leads to stays as it is.
        """
        storage = self._storage(backend, "move")
        old, new = _text(source), _text(destination)
        if replace_symlinks and storage.is_symlink(new):
            move_over_link(storage, old, new)
        else:
            storage.move(old, new, overwrite=overwrite)

    def create_symlink(
        self, target: AnyPath, link: AnyPath, backend: str, *, overwrite: bool = False
    ) -> None:
        """Make ``link`` a symbolic link to ``target``; with ``overwrite`` an existing link is replaced."""
        storage = self._storage(backend, "create_symlink")
        storage.create_symlink(_text(target), _text(link), overwrite=overwrite)

    def mirror_directory(
        self,
        source: AnyPath,
        target: AnyPath,
        backend: str,
        *,
        recursive: bool = True,
        overwrite_symlinks_only: bool = False,
    ) -> int:
        """Build the tree of ``source`` under ``target`` with links to its files; return how many were made.

        A name that exists under ``target`` is a ``PathExistsError`` before anything is made; with
        ``overwrite_symlinks_only`` links are replaced, and everything else is still refused.
        """
        return mirror(
            self._storage(backend, "mirror_directory"),
            _text(source),
            _text(target),
            recursive=recursive,
            replace_links=overwrite_symlinks_only,
        )

    def _in_numpy(self, data: Any, sink: DataSink) -> Any:
        if sink.key not in self._takes_numpy:
            # What only refuses shall refuse by itself.
            keeps = Capability.ANY_OBJECT | Capability.REFERENCES
            takes = Capability.WRITE | Capability.STREAM
            self._takes_numpy[sink.key] = bool(sink.capabilities & takes and not sink.capabilities & keeps)
        if not self._takes_numpy[sink.key]:
            return data
        key = self.host.memory_type_of(data)
        # Not everything that a library defines is an array.
        if key is None or key == "numpy" or not self.host.memory(key).owns(data):
            return data
        return convert(data, "numpy", host=self.host)

    def _as_memory_type(self, loaded: Any, memory_type: str | None, device: str | int | None) -> Any:
        if memory_type is None:
            raise ArrayError(f"device={device!r} says where, and not as what: give memory_type= too")
        return convert(loaded, memory_type, device, host=self.host)

    def _readable(self, backend: str, operation: str) -> ReadableBackend:
        readable = self._readables.get(backend)
        if readable is not None:
            return readable
        found = self.get_backend(backend)
        if isinstance(found, ReadableBackend):
            self._readables[str(backend)] = found
            return found
        raise UnsupportedOperationError(f"the {backend} backend cannot {operation}: it only takes data")

    def _storage(self, backend: str, operation: str) -> StorageBackend:
        found = self.get_backend(backend)
        if isinstance(found, StorageBackend):
            return found
        raise UnsupportedOperationError(
            f"the {backend} backend cannot {operation}: it is no file storage. "
            f"Its capabilities: {found.capabilities.name}."
        )


def _text(path: AnyPath) -> str:
    if isinstance(path, str):
        return path
    text = os.fspath(path)
    return text.replace("\\", "/") if os.sep == "\\" else text


def _endings(extensions: Iterable[str]) -> tuple[str, ...]:
    given = (extensions,) if isinstance(extensions, str) else extensions
    return tuple("." + extension.lower().removeprefix(".") for extension in given)
