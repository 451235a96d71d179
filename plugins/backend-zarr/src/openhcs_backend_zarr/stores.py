"""Where documents and arrays lie: folders of the file system, or what a URL names."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any, Final, Protocol

from openhcs_backend_zarr.ngff.documents import LARGEST_DOCUMENT, LocalReader, StoreReader
from openhcs_host.errors import PlateError

__all__ = ["Files", "LocalFiles", "Stamp", "is_url"]

Stamp = tuple[int, int, int]
"""Device or kind, inode and time of change: differs when a document is another one."""

_NOTHING_THERE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


def is_url(path: str) -> bool:
    """Whether a path names something that is reached over a protocol, ``s3://bucket/plate``."""
    scheme, separator, _ = path.partition("://")
    return bool(separator) and scheme.isalnum()


class Files(Protocol):
    """Bytes under paths."""

    def stamp(self, path: str) -> Stamp | None:
        """Return a mark of the file's present content, ``None`` if there is no file."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, ``None`` if there is none."""

    def names(self, path: str) -> Sequence[str]:
        """Return the names directly below a folder, none if there is no such folder."""

    def reader(self, root: str) -> StoreReader:
        """Return the store at ``root`` for who reads its documents by keys."""

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

    def reader(self, root: str) -> LocalReader:
        """Return a reader that follows no link out of ``root``."""
        return LocalReader(root)

    def kvstore(self, path: str) -> dict[str, str]:
        """Return the folder as tensorstore names it."""
        return {"driver": "file", "path": f"{path}/"}
