"""One API for files and images, whichever backend they live in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import DataSink, ReadableBackend, StorageBackend
from openhcs_host.errors import UnsupportedOperationError
from openhcs_host.files.natural import natural_sorted
from openhcs_host.seam.host import Host

__all__ = ["IMAGE_EXTENSIONS", "FileManager"]

AnyPath = str | os.PathLike[str]

IMAGE_EXTENSIONS: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".npy")
"""What ``list_image_files`` looks for unless told otherwise."""


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

    def get_backend(self, backend: str) -> DataSink:
        """Return the backend's object."""
        found = self._backends.get(backend)
        if found is None:
            found = self._backends[str(backend)] = self.host.backend(str(backend))
        return found

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
        """Store ``data`` under ``path``; ``image`` says what an image is."""
        path = path if type(path) is str else _text(path)
        self.get_backend(backend).save(data, path, overwrite=overwrite, image=image, **options)

    def load(self, path: AnyPath, backend: str, **options: Any) -> Any:
        """Return what is stored under ``path``."""
        path = path if type(path) is str else _text(path)
        return self._readable(backend, "load").load(path, **options)

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
        """Store ``data[i]`` under ``paths[i]``; the batch is checked before anything is stored."""
        texts = [_text(path) for path in paths]
        self.get_backend(backend).save_batch(data, texts, overwrite=overwrite, images=images, **options)

    def load_batch(self, paths: Sequence[AnyPath], backend: str, **options: Any) -> list[Any]:
        """Return what is stored under each path, in that order."""
        return self._readable(backend, "load_batch").load_batch([_text(path) for path in paths], **options)

    def exists(self, path: AnyPath, backend: str) -> bool:
        """Whether a file or directory has exactly this path."""
        return self._readable(backend, "exists").exists(_text(path))

    def is_file(self, path: AnyPath, backend: str) -> bool:
        """Whether something loadable has exactly this path."""
        return self._readable(backend, "is_file").is_file(_text(path))

    def is_dir(self, path: AnyPath, backend: str) -> bool:
        """Whether a directory has this path."""
        return self._readable(backend, "is_dir").is_dir(_text(path))

    def list_files(
        self,
        directory: AnyPath,
        backend: str,
        *,
        extensions: Iterable[str] | None = None,
        recursive: bool = False,
    ) -> list[str]:
        """Return full paths in natural order; ``extensions`` are compared without regard to case."""
        found = self._readable(backend, "list_files").list_files(_text(directory), recursive=recursive)
        if extensions is not None:
            endings = tuple(extension.lower() for extension in extensions)
            found = [path for path in found if path.lower().endswith(endings)]
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

    def ensure_directory(self, path: AnyPath, backend: str) -> None:
        """Make a directory and its parents; an existing one is fine."""
        self._storage(backend, "ensure_directory").ensure_directory(_text(path))

    def delete(self, path: AnyPath, backend: str, *, recursive: bool = False) -> None:
        """Delete a file, an empty directory, or with ``recursive`` a directory and its content."""
        self._storage(backend, "delete").delete(_text(path), recursive=recursive)

    def copy(self, source: AnyPath, destination: AnyPath, backend: str, *, overwrite: bool = False) -> None:
        """Copy a file within a backend."""
        self._storage(backend, "copy").copy(_text(source), _text(destination), overwrite=overwrite)

    def move(self, source: AnyPath, destination: AnyPath, backend: str, *, overwrite: bool = False) -> None:
        """Move a file or directory within a backend."""
        self._storage(backend, "move").move(_text(source), _text(destination), overwrite=overwrite)

    def _readable(self, backend: str, operation: str) -> ReadableBackend:
        found = self._backends.get(backend) or self.get_backend(backend)
        if isinstance(found, ReadableBackend):
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
