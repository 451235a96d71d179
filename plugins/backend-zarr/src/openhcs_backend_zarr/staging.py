"""Images between a URL and a folder of this machine, in which they are made as everywhere else.

An object store has no rename. So the arrays of an image get new names with every version, ``0-3f9a21bc04d7`` for
level 0, and are put first; the document that names them is put last, in one step. Whoever has the old document
finds the old arrays until they are deleted. In the folder levels are ``0``, ``1`` … as always.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from openhcs_backend_zarr.ngff.documents import parse_json
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.ngff.writing import encoded
from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_host.files.atomic import is_temporary

__all__ = ["ChangedError", "fetched", "put", "sent", "staged"]

_VERSIONED: Final = re.compile(r"([0-9]+)-[0-9a-f]{12}\Z")
_DOCUMENTS: Final = ("zarr.json", ".zattrs")
_MOST_WAITING: Final = 32
"""Objects on their way at once; each holds its bytes in memory."""


class ChangedError(Exception):
    """Another writer has replaced the document since it was looked at."""


def fetched(files: RemoteFiles, url: str, folder: str) -> list[str]:
    """Bring an image, with its labels, into a folder; return the keys that its documents refer to.

    Arrays that no document names are those of writers that were killed, or of one that writes now: they stay.
    """
    keys = [key for key in files.keys(url) if key]
    documents = {key for key in keys if key.rpartition("/")[2] in _DOCUMENTS and not _of_array(key)}
    contents = dict(files.fetch(f"{url}/{key}" for key in sorted(documents)))
    known = {path[len(url) + 1 :]: content for path, content in contents.items()}
    named = {path for key, content in known.items() for path in _levels(key, content)}
    wanted = [key for key in keys if (array := _array_of(key)) is None or array in named]
    for key in wanted:
        if key in known:
            _save(f"{folder}/{_plain(key)}", _renamed(known[key], key, _unversioned))
    rest = [key for key in wanted if key not in known and not key.endswith("/")]
    for some in _batches(rest):
        for path, content in files.fetch(f"{url}/{key}" for key in some):
            _save(f"{folder}/{_plain(path[len(url) + 1 :])}", content)
    return wanted


def staged(folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield keys and contents of what lies in a folder, in the order in which it is to be put.

    Documents of images and groups come last, the deepest first, each after all that it names.
    """
    version = os.urandom(6).hex()
    found = sorted(
        os.path.relpath(f"{at}/{name}", folder).replace(os.sep, "/")
        for at, _, names in os.walk(folder)
        for name in names
        if not is_temporary(name)
    )
    documents = [key for key in found if key.rpartition("/")[2] in _DOCUMENTS]
    contents = {key: _content(f"{folder}/{key}") for key in documents}
    arrays = {path for key in documents for path in _levels(key, contents[key])}
    groups = [key for key in documents if key.rpartition("/")[0] not in arrays]
    names = {array: f"{array}-{version}" for array in arrays}
    for key in sorted(set(found) - set(groups)):
        yield _moved(key, names), _content(f"{folder}/{key}")
    for key in sorted(groups, key=lambda key: (-key.count("/"), key)):
        yield key, _renamed(contents[key], key, lambda path: f"{path}-{version}")


def put(files: RemoteFiles, objects: Iterable[tuple[str, bytes]]) -> None:
    """Put objects at URLs; many are on the way at once."""
    waiting: deque[tuple[str, Any]] = deque()
    for path, content in objects:
        waiting.append((path, files.write(path, content)))
        if len(waiting) > _MOST_WAITING:
            files.finish(*waiting.popleft())
    while waiting:
        files.finish(*waiting.popleft())


def sent(files: RemoteFiles, folder: str, url: str, generation: bytes | None) -> list[str]:
    """Put the image in a folder at a URL, its own document last; return the keys.

    If that document is not of ``generation`` any more, nothing has happened and it is a ``ChangedError``;
    ``None`` replaces any.
    """
    keys: list[str] = []
    last: list[tuple[str, bytes]] = []

    def objects() -> Iterator[tuple[str, bytes]]:
        for key, content in staged(folder):
            keys.append(key)
            if key.rpartition("/")[2] in _DOCUMENTS and not _of_array(key):
                last.append((f"{url}/{key}", content))
            else:
                yield f"{url}/{key}", content

    put(files, objects())
    for path, content in last[:-1]:  # one after the other: each names what was put before
        put(files, [(path, content)])
    path, content = last[-1]
    if generation is None:
        put(files, [(path, content)])
    elif not files.written(path, content, generation):
        files.delete(f"{url}/{key}" for key in keys if _of_array(key))
        raise ChangedError(path)
    return keys


def _levels(key: str, content: bytes) -> set[str]:
    """Return the arrays that the document of an image names, as keys."""
    folder = key.rpartition("/")[0]
    return {f"{folder}/{path}" if folder else path for path in _paths(_attributes(content, key))}


def _paths(attributes: Mapping[str, Any]) -> list[str]:
    found, _ = section(attributes, "multiscales")
    first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    listed = first.get("datasets")
    items = listed if isinstance(listed, list) else []
    return [item["path"] for item in items if isinstance(item, dict) and isinstance(item.get("path"), str)]


def _attributes(content: bytes, key: str) -> dict[str, Any]:
    document = parse_json(content, key)
    if not key.endswith("zarr.json"):
        return document
    attributes = document.get("attributes")
    return attributes if isinstance(attributes, dict) else {}


def _renamed(content: bytes, key: str, rename: Any) -> bytes:
    """Return a document with other names of its arrays."""
    document = parse_json(content, key)
    attributes = document.get("attributes", {}) if key.endswith("zarr.json") else document
    found, _ = section(attributes, "multiscales")
    if not isinstance(found, list) or not _paths(attributes):
        return content
    for dataset in found[0]["datasets"]:
        dataset["path"] = rename(dataset["path"])
    return encoded(document)


def _unversioned(path: str) -> str:
    match = _VERSIONED.match(path)
    return path if match is None else match[1]


def _of_array(key: str) -> bool:
    return _array_of(key) is not None


def _array_of(key: str) -> str | None:
    """Return the versioned array in which a key lies."""
    parts = key.split("/")
    for depth, part in enumerate(parts, start=1):
        if _VERSIONED.match(part):
            return "/".join(parts[:depth])
    return None


def _plain(key: str) -> str:
    return "/".join(map(_unversioned, key.split("/")))


def _moved(key: str, names: Mapping[str, str]) -> str:
    for array, name in names.items():
        if key.startswith(f"{array}/"):
            return name + key[len(array) :]
    return key


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _MOST_WAITING):
        yield keys[start : start + _MOST_WAITING]


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _save(path: str, content: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
