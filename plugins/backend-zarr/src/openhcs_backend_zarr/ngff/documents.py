"""Metadata documents of a store, wherever it lies: found, bounded, parsed.

A store is read through two functions of keys such as ``B/02/1/zarr.json``. Keys are made from what documents
say, and documents may say anything: a key with ``..``, an absolute one or one through a link that leaves the
store is refused before anything is opened.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Sequence
from typing import Any, Final, Protocol

import attrs

from openhcs_host.errors import InvalidPathError, PlateError
from openhcs_host.plates.wording import shown

__all__ = ["LARGEST_DOCUMENT", "Documents", "LocalReader", "StoreReader", "check_key", "parse_json"]

LARGEST_DOCUMENT: Final = 64 * 1024 * 1024
"""Bytes; the document of a plate with 1536 wells has some 100,000."""

_LONGEST_NAME: Final = 255  # bytes, as on nearly every file system
_LONGEST_KEY: Final = 1024

# Where links cannot be refused on opening, they are looked for before.
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FLAGS: Final = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class StoreReader(Protocol):
    """Bytes under keys: a folder, a bucket, a web server."""

    def read(self, key: str) -> bytes | None:
        """Return what is stored under a key, ``None`` if there is nothing."""

    def list(self, prefix: str) -> Sequence[str]:
        """Return the names directly below a prefix (``""`` is the store itself), in any order."""


def check_key(key: str, where: str) -> str:
    """Return ``key`` if it is a plain relative path, or raise ``InvalidPathError`` naming ``where`` it stood."""
    if key.isalnum() and len(key) < 64:  # nearly all that documents name
        return key
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in key or "\0" in key or ":" in parts[0]:
        raise InvalidPathError(f"{where} names {shown(key)}, which is no path inside the store")
    try:
        lengths = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        raise InvalidPathError(f"{where} names {shown(key)}, which is no text") from None
    if max(lengths) > _LONGEST_NAME or sum(lengths) + len(parts) > _LONGEST_KEY:
        raise InvalidPathError(
            f"{where} names a path of {len(key)} characters; no file system has such names"
        )
    return key


class LocalReader:
    """A store in a folder. Links inside it are followed, links out of it are an ``InvalidPathError``."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.path.realpath(root)
        self._plain = {""}  # folders known to be reached without a link

    def read(self, key: str) -> bytes | None:
        """Return the content of a file, ``None`` if there is none; one beyond the bound is a ``PlateError``."""
        check_key(key, "a document")
        try:
            handle = self._open(key)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > LARGEST_DOCUMENT:
                raise PlateError(
                    f"{shown(key)} has {status.st_size} bytes; no metadata document is that large"
                )
            return self._content(handle, status.st_size)
        finally:
            os.close(handle)

    def list(self, prefix: str) -> list[str]:
        """Return the names in a folder, none if it does not exist."""
        folder = self._root if not prefix else self._inside(check_key(prefix, "a document"))
        try:
            return os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    @staticmethod
    def _content(handle: int, size: int) -> bytes:
        content = os.read(handle, size + 1)
        while 0 < len(content) < size:  # a file system may give less than was asked for
            more = os.read(handle, size - len(content))
            if not more:
                break
            content += more
        return content

    def _open(self, key: str) -> int:
        folder, _, _ = key.rpartition("/")
        path = f"{self._root}/{key}"
        if self._is_plain(folder) and (_NO_FOLLOW or not os.path.islink(path)):
            try:
                return os.open(path, _FLAGS)
            except OSError as error:
                if error.errno != errno.ELOOP:  # the file itself is a link: see where it leads
                    raise
        return os.open(self._inside(key), _FLAGS)

    def _inside(self, key: str) -> str:
        real = os.path.realpath(f"{self._root}/{key}")
        if not real.startswith(f"{self._root}/"):
            raise InvalidPathError(f"{shown(key)} is reached by a link out of the store {shown(self._root)}")
        return real

    def _is_plain(self, folder: str) -> bool:
        if folder in self._plain:
            return True
        parent, _, _ = folder.rpartition("/")
        if not self._is_plain(parent) or os.path.islink(f"{self._root}/{folder}"):
            return False
        self._plain.add(folder)
        return True


def parse_json(content: bytes, where: str) -> dict[str, Any]:
    """Return a document's object; anything else, however deep or broken, is a ``PlateError``."""
    try:
        found = json.loads(content)
    except RecursionError:
        raise PlateError(f"{where} is nested too deeply to be a metadata document") from None
    except ValueError as error:  # UnicodeDecodeError is one, and so is a number of too many digits
        raise PlateError(f"{where} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise PlateError(f"{where} holds no JSON object but a {type(found).__name__}")
    return found


@attrs.frozen
class Documents:
    """The metadata documents of one store, all in one Zarr format."""

    reader: StoreReader
    """Where they are read."""
    zarr_format: int
    """2 or 3, as the store's root has it."""

    @classmethod
    def open(cls, reader: StoreReader) -> Documents | None:
        """Look at the root of a store; ``None`` if there is no Zarr group."""
        if reader.read("zarr.json") is not None:
            return cls(reader, 3)
        if reader.read(".zgroup") is not None or reader.read(".zattrs") is not None:
            return cls(reader, 2)
        return None

    def group(self, path: str) -> dict[str, Any] | None:
        """Return the attributes of the group at ``path`` (``""`` is the root), ``None`` if there is none."""
        if self.zarr_format == 3:
            document = self._read(path, "zarr.json")
            return None if document is None or document.get("node_type") != "group" else _attributes(document)
        attributes = self._read(path, ".zattrs")
        if attributes is None and self._read(path, ".zgroup") is not None:
            return {}
        return attributes

    def array(self, path: str) -> dict[str, Any] | None:
        """Return the document of the array at ``path`` as it stands, ``None`` if there is none."""
        if self.zarr_format == 2:
            return self._read(path, ".zarray")
        document = self._read(path, "zarr.json")
        return None if document is None or document.get("node_type") != "array" else document

    def array_attributes(self, path: str) -> dict[str, Any]:
        """Return the attributes of an array, empty if it has none."""
        if self.zarr_format == 2:
            return self._read(path, ".zattrs") or {}
        return _attributes(self._read(path, "zarr.json") or {})

    def _read(self, path: str, name: str) -> dict[str, Any] | None:
        key = f"{path}/{name}" if path else name
        content = self.reader.read(key)
        return None if content is None else parse_json(content, key)


def _attributes(document: dict[str, Any]) -> dict[str, Any]:
    attributes = document.get("attributes", {})
    return attributes if isinstance(attributes, dict) else {}
