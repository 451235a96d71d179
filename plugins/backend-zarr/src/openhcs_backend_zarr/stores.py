"""Where documents and arrays lie: folders of the file system, or what a URL names (``remote_files``)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from typing import Any, BinaryIO, Final, Literal, Protocol

from openhcs_backend_zarr.ngff.documents import LARGEST_DOCUMENT, LocalReader, StoreReader
from openhcs_host.errors import PlateError

__all__ = ["Files", "LocalFiles", "Stamp"]

Stamp = tuple[int, int, int]
"""Device or kind, inode and time of change: differs when a document is another one."""

_NOTHING_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


class Files(Protocol):
    """Bytes under paths."""

    def stamp(self, path: str) -> Stamp | None:
        """Return a mark of the file's present content, ``None`` if there is no file."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, ``None`` if there is none."""

    def names(self, path: str) -> Sequence[str]:
        """Return the names directly below a folder, none if there is no such folder."""

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        """Return what lies at a path."""

    def occupied(self, path: str) -> bool:
        """Whether anything has the name."""

    def children(self, path: str) -> Sequence[tuple[str, bool]]:
        """Return the names directly below a folder that is there, and whether each is a folder."""

    def open(self, path: str) -> BinaryIO:
        """Return a stream of a file's content; without one, ``FileNotFoundError``."""

    def reader(self, root: str) -> StoreReader:
        """Return the store at ``root`` for who reads its documents by keys."""

    def context(self) -> Any:
        """Return the context in which tensorstore opens arrays."""

    def kvstore(self, path: str) -> Any:
        """Return where tensorstore finds the array at ``path``."""


class LocalFiles:
    """Folders of the file system."""

    def stamp(self, path: str) -> Stamp | None:
        """Return device, inode and time of change."""
        try:
            status = os.stat(path)
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return None
            raise
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def read(self, path: str) -> bytes | None:
        """Return the content of a file."""
        try:
            with open(path, "rb", buffering=0) as stream:
                size = os.fstat(stream.fileno()).st_size
                content = stream.read() if size <= LARGEST_DOCUMENT else None
        except OSError as error:
            if error.errno in _NOTHING_THERE or isinstance(error, IsADirectoryError):
                return None
            raise
        if content is None:
            raise PlateError(f"{path!r} has {size} bytes; no metadata document is so large")
        return content

    def names(self, path: str) -> list[str]:
        """Return the names in a folder."""
        try:
            return os.listdir(path)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        """Return what lies at a path, or where a link leads."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(mode):
            return "directory"
        return "file" if stat.S_ISREG(mode) else None

    def occupied(self, path: str) -> bool:
        """Whether anything has the name, a link to nowhere included."""
        return os.path.lexists(path)

    def children(self, path: str) -> list[tuple[str, bool]]:
        """Return the names of files and folders in a folder."""
        with os.scandir(path) as entries:
            return [(item.name, item.is_dir()) for item in entries if item.is_dir() or item.is_file()]

    def open(self, path: str) -> BinaryIO:
        """Return a stream of a file's content."""
        return open(path, "rb")

    def reader(self, root: str) -> LocalReader:
        """Return a reader that follows no link out of ``root``."""
        return LocalReader(root)

    def context(self) -> Any:
        """Return a new context, without a cache: pixels are read once."""
        import tensorstore as ts

        return ts.Context({"cache_pool": {"total_bytes_limit": 0}})

    def kvstore(self, path: str) -> dict[str, str]:
        """Return the folder as tensorstore names it."""
        return {"driver": "file", "path": f"{path}/"}
