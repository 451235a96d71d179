"""Documents and objects at URLs, through the key-value stores of tensorstore.

Keys are listed, read, written and deleted whole. A store has no folders: an empty object whose key ends in ``/``
stands for a directory that was made and has nothing in it, as the consoles of S3 do it.

Credentials are found by tensorstore where Amazon's tools look for them: the environment, a file, the machine's
role. ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` names another server than Amazon's, ``AWS_REGION`` or
``AWS_DEFAULT_REGION`` the region. None of it is part of the backend's configuration.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, Literal

import attrs

from openhcs_backend_zarr.addresses import Address, address_of
from openhcs_backend_zarr.ngff.documents import LARGEST_DOCUMENT, check_key
from openhcs_backend_zarr.stores import Stamp
from openhcs_host.errors import PathExistsError, PlateError, UnsupportedOperationError

__all__ = ["RemoteFiles", "RemoteReader"]

_KIND: Final = 1
"""First number of stamps: no device of a file system, but a digest follows."""

_RETRIES: Final = 5
"""With longer pauses each time: a server that does not answer is an error after a minute, and not after ten."""


@attrs.frozen
class _Content:
    content: bytes | None
    generation: bytes
    stamp: Stamp | None


class RemoteFiles:
    """Bytes at URLs; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._context: Any = None
        self._stores: dict[str, Any] = {}
        self._of_thread = threading.local()

    def context(self) -> Any:
        """Return the context that all arrays and stores share; ``memory://`` lives in it."""
        import tensorstore as ts

        with self._lock:
            if self._context is None:
                retries = {"max_retries": _RETRIES}
                self._context = ts.Context(
                    {
                        "cache_pool": {"total_bytes_limit": 0},
                        "s3_request_retries": retries,
                        "http_request_retries": retries,
                    }
                )
            return self._context

    def stamp(self, path: str) -> Stamp | None:
        """Return a digest of the object's content, ``None`` if there is no object."""
        return self._looked(path).stamp

    def read(self, path: str) -> bytes | None:
        """Return the content of a document."""
        content = self._looked(path).content
        if content is not None and len(content) > LARGEST_DOCUMENT:
            raise PlateError(f"{path!r} has {len(content)} bytes; no metadata document is so large")
        return content

    def generation(self, path: str) -> bytes:
        """Return what the store calls the object's present content, also when there is none."""
        return self._fetched(path).generation

    def open(self, path: str) -> BinaryIO:
        """Return a stream of an object's content; without one, ``FileNotFoundError``."""
        content = self._fetched(path).content
        if content is None:
            raise FileNotFoundError(path)
        return io.BytesIO(content)

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        """Return what lies at a path: an object, or anything below it."""
        store, key = self._store(path)
        if not key:
            return "directory"
        known = self._looks.get(path)
        if known is not None and known.content is not None:
            return "file"
        if any(self.stamp(f"{path}/{name}") is not None for name in ("zarr.json", ".zattrs", ".zgroup")):
            return "directory"
        try:
            with _spoken(path):
                if store.read(key, byte_range=slice(0, 0)).result().state == "value":
                    return "file"
        except OSError as error:
            if "HTTP code 30" not in str(error):  # servers redirect from a folder to the page of it
                raise
        if path.startswith("http"):
            return None
        return "directory" if self.keys(path) else None

    def occupied(self, path: str) -> bool:
        """Whether there is an object at a path or below it."""
        return self.kind(path) is not None

    def names(self, path: str) -> list[str]:
        """Return the names directly below a path; servers of HTTP tell none."""
        return [name for name, _ in self.children(path)]

    def children(self, path: str, skipped: Iterable[str] = ()) -> list[tuple[str, bool]]:
        """Return the names directly below a path and whether each has anything below it.

        A store tells all keys below a name; those below names that are ``skipped`` are not asked for, and
        the names are left out.
        """
        if path.startswith("http"):
            return []
        found: dict[str, bool] = {}
        for key in self.keys(path, skipped):
            name, separator, _ = key.partition("/")
            if name:
                found[name] = found.get(name, False) or bool(separator)
        return list(found.items())

    def keys(self, path: str, skipped: Iterable[str] = ()) -> list[str]:
        """Return the keys below a path, relative to it; a marker of the directory itself is ``""``."""
        import tensorstore as ts

        store, key = self._store(path)
        before = f"{key}/".encode() if key else b""
        gaps = sorted((before + f"{name}/".encode(), before + f"{name}0".encode()) for name in skipped)
        starts = [before, *(end for _, end in gaps)]
        ends = [*(start for start, _ in gaps), _after(before)]
        with _spoken(path):
            listings = [
                store.list(ts.KvStore.KeyRange(start, end)) for start, end in zip(starts, ends, strict=True)
            ]
            # Cut here: the driver of S3 leaves out the key of which nothing is left when it cuts.
            return [name[len(before) :].decode() for listing in listings for name in listing.result()]

    def write(self, path: str, content: bytes) -> Any:
        """Put an object whole; return the future of it."""
        store, key = self._store(path)
        with _spoken(path):
            return store.write(key, content)

    @staticmethod
    def finish(path: str, future: Any) -> None:
        """Wait for an object that is being put."""
        with _spoken(path):
            future.result()

    def written(self, path: str, content: bytes, generation: bytes) -> bool:
        """Put an object if its content is still that generation; return whether it was."""
        store, key = self._store(path)
        with _spoken(path):
            return bool(store.write(key, content, if_equal=generation).result().generation)

    def absence(self, path: str) -> bytes:
        """Return the generation of nothing at a path; what is there is a ``PathExistsError``."""
        there = self._fetched(path)
        if there.content is not None:
            raise PathExistsError(f"{path!r} exists already; pass overwrite=True to replace it")
        return there.generation

    def created(self, path: str, content: bytes) -> bool:
        """Put an object where there is none; return whether it was."""
        return self.written(path, content, self.absence(path))

    def mark(self, path: str) -> None:
        """Let a path be a directory, whether or not there is anything below it."""
        store, key = self._store(path)
        if key:
            with _spoken(path):
                store.write(f"{key.rstrip('/')}/", b"").result()

    def fetch(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield objects that there are with their content; many are on the way at once."""
        for path, future in [(path, self._reading(path)) for path in paths]:
            with _spoken(path):
                found = future.result()
            if found.state == "value":
                yield path, found.value

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those that there are not are no error."""
        waiting = []
        for path in paths:
            store, key = self._store(path)
            with _spoken(path):
                waiting.append((path, store.write(key, None)))
        for path, future in waiting:
            with _spoken(path):
                future.result()

    @contextlib.contextmanager
    def looking(self, ahead: Iterable[str] = ()) -> Iterator[None]:
        """While the block runs in this thread, ask for every document once, and for those ``ahead`` together."""
        before = self._looks
        looks = self._of_thread.looks = before if self._nested else {}
        self._of_thread.depth = self._depth + 1
        try:
            missing = [path for path in ahead if path not in looks]
            for path, future in [(path, self._reading(path)) for path in missing]:
                looks[path] = self._content(path, future)
            yield
        finally:
            self._of_thread.depth = self._depth - 1
            self._of_thread.looks = before

    def reader(self, root: str) -> RemoteReader:
        """Return the store at ``root``."""
        return RemoteReader(self, root)

    def kvstore(self, path: str) -> dict[str, str]:
        """Return the prefix as tensorstore names it."""
        found = address_of(path)
        return {**_driver(found), "path": f"{_start(found)}{found.key}/"}

    def close(self) -> None:
        """Let go of connections; what was at ``memory://`` is gone."""
        with self._lock:
            self._stores.clear()
            self._context = None

    @property
    def _looks(self) -> dict[str, _Content]:
        found: dict[str, _Content] = getattr(self._of_thread, "looks", None) or {}
        return found

    @property
    def _depth(self) -> int:
        return getattr(self._of_thread, "depth", 0)

    @property
    def _nested(self) -> bool:
        return self._depth > 0

    def _looked(self, path: str) -> _Content:
        if not self._nested:
            return self._fetched(path)
        looks: dict[str, _Content] = self._of_thread.looks
        if path not in looks:
            looks[path] = self._fetched(path)
        return looks[path]

    def _fetched(self, path: str) -> _Content:
        return self._content(path, self._reading(path))

    def _reading(self, path: str) -> Any:
        store, key = self._store(path)
        with _spoken(path):
            return store.read(key)

    @staticmethod
    def _content(path: str, future: Any) -> _Content:
        with _spoken(path):
            found = future.result()
        content = found.value if found.state == "value" else None
        stamp = None
        if content is not None:
            digest = hashlib.blake2b(content, digest_size=8).digest()
            stamp = (_KIND, int.from_bytes(digest, "big"), len(content))
        return _Content(content, found.stamp.generation, stamp)

    def _store(self, path: str) -> tuple[Any, str]:
        import tensorstore as ts

        found, context = address_of(path), self.context()
        with self._lock:
            store = self._stores.get(found.base)
            if store is None:
                spec = {**_driver(found), "path": _start(found)}
                store = self._stores[found.base] = ts.KvStore.open(spec, context=context).result()
        marker = "/" if found.key and path.endswith("/") else ""
        return store, found.key + marker


class RemoteReader:
    """A store at a URL, for who reads its documents by keys; what was read once is not asked for again."""

    def __init__(self, files: RemoteFiles, root: str) -> None:
        self._files, self._root = files, root
        self._read: dict[str, bytes | None] = {}
        self._below: dict[str, set[str]] | None = None

    def read(self, key: str) -> bytes | None:
        """Return what is stored under a key."""
        check_key(key, "a document")
        if key not in self._read:
            self._read[key] = self._files.read(f"{self._root}/{key}")
        return self._read[key]

    def ahead(self, keys: Iterable[str]) -> None:
        """Read documents together that will be asked for."""
        paths = {f"{self._root}/{check_key(key, 'a document')}": key for key in keys}
        with self._files.looking(paths):
            for path, key in paths.items():
                self._read[key] = self._files.read(path)

    def list(self, prefix: str) -> Sequence[str]:
        """Return the names directly below a prefix; the whole store is listed when first asked for any."""
        if self._below is None:
            below: dict[str, set[str]] = {}
            for key in () if self._root.startswith("http") else self._files.keys(self._root):
                parts = key.split("/")
                for depth, name in enumerate(parts):
                    if name:
                        below.setdefault("/".join(parts[:depth]), set()).add(name)
            self._below = below
        return sorted(self._below.get(prefix, ()))


def _driver(found: Address) -> dict[str, str]:
    if found.scheme == "memory":
        return {"driver": "memory"}
    if found.scheme.startswith("http"):
        return {"driver": "http", "base_url": found.base}
    spec = {"driver": "s3", "bucket": found.authority}
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if endpoint:
        spec["endpoint"] = endpoint
    if endpoint or region:
        spec["aws_region"] = region or "us-east-1"
    return spec


def _start(found: Address) -> str:
    """Return where the keys of a bucket or server begin in the driver's own."""
    return {"memory": f"{found.authority}/", "s3": ""}.get(found.scheme, "/")


def _after(prefix: bytes) -> bytes:
    """Return the first key that is no more below a prefix; ``b""`` has no end."""
    return prefix[:-1] + b"0" if prefix else b""


@contextlib.contextmanager
def _spoken(path: str) -> Iterator[None]:
    """Raise what a store says as what Python calls it."""
    try:
        yield
    except NotImplementedError as error:
        raise UnsupportedOperationError(
            f"{path!r} can be read only: its server neither lists nor writes"
        ) from error
    except ValueError as error:
        text = str(error)
        refused = "PERMISSION_DENIED" in text or "UNAUTHENTICATED" in text
        raise (PermissionError if refused else OSError)(f"{path!r}: {text}") from error
