"""``openhcs_metadata.json``: the one writer and the one reader of a plate's records.

The fields are those of the field's existing files; ``docs/contracts/metadata.md`` lists them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Final

from openhcs_host.errors import InvalidPathError, MetadataError, MetadataLockedError, PathNotFoundError
from openhcs_host.files.atomic import atomic_write, make_directories

__all__ = ["FILE_NAME", "LARGE_MAPPING", "read_metadata", "update_metadata", "workspace_mapping"]

FILE_NAME: Final = "openhcs_metadata.json"
LARGE_MAPPING: Final = 50_000
"""Mappings of more images than this live in a side file, so that run state never rewrites them."""
_MAPPING: Final = "workspace_mapping"
_MAPPING_FILE: Final = "workspace_mapping_file"
_LOCK_SECONDS: Final = 60.0


def read_metadata(folder: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Return the records by subdirectory name; a large mapping stays in its side file.

    Raises ``PathNotFoundError`` when the folder has no metadata, ``MetadataError`` when the file is
    corrupt or has another shape.
    """
    path = os.path.join(os.fspath(folder), FILE_NAME)
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except FileNotFoundError:
        raise PathNotFoundError(f"there is no {FILE_NAME} in {os.fspath(folder)!r}") from None
    document = _parsed(content, path)
    records = document.get("subdirectories") if isinstance(document, dict) else None
    if not isinstance(records, dict) or not all(isinstance(record, dict) for record in records.values()):
        raise MetadataError(f"{path!r} has no 'subdirectories' object of records; it was left as it is")
    return records


def update_metadata(
    folder: str | os.PathLike[str],
    subdirectory: str,
    fields: Mapping[str, Any],
    *,
    timeout: float = _LOCK_SECONDS,
) -> None:
    """Merge ``fields`` into the record of ``subdirectory``, keeping every other field and record.

    Writers in other processes wait for each other, ``timeout`` seconds at most
    (``MetadataLockedError``). The file is replaced atomically and flushed to the medium. A corrupt
    file raises ``MetadataError`` and stays as it is.
    """
    import filelock  # only writers need it

    folder = os.fspath(folder)
    make_directories(folder)
    path = os.path.join(folder, FILE_NAME)
    try:
        # The operating system releases the lock of a process that dies.
        with filelock.FileLock(f"{path}.lock", timeout=timeout):
            _merge(folder, path, subdirectory, fields)
    except filelock.Timeout:
        raise MetadataLockedError(
            f"another process has been writing {path!r} for {timeout:g} s; try again when it has ended"
        ) from None


def workspace_mapping(
    record: Mapping[str, Any], folder: str | os.PathLike[str]
) -> tuple[dict[str, str], str]:
    """Return virtual path to plate-relative real path of a record, and the backend that loads these.

    Both shapes found in the field are read: a plain path, which the disk backend loads, and an object
    with ``backend`` and ``backend_address`` that names a whole image. Raises ``MetadataError``
    otherwise, and when the images of one record need several backends.
    """
    where = os.path.join(os.fspath(folder), FILE_NAME)
    mapping = record.get(_MAPPING) or {}
    if _MAPPING_FILE in record:
        where = _side_file(os.fspath(folder), record[_MAPPING_FILE])
        try:
            with open(where, "rb") as stream:
                mapping = _parsed(stream.read(), where)
        except FileNotFoundError:
            raise PathNotFoundError(f"{where!r}, which the metadata beside it names, is missing") from None
    if not isinstance(mapping, Mapping):
        raise MetadataError(f"{where}: {_MAPPING} is {type(mapping).__name__}, not an object")
    backends: set[str] = set()
    paths = {
        virtual: entry if type(entry) is str else _address(virtual, entry, where, backends)
        for virtual, entry in mapping.items()
    }
    if backends and any(type(entry) is str for entry in mapping.values()):
        backends.add("disk")
    if len(backends) > 1:
        raise MetadataError(f"{where}: one record maps images of several backends; give each its own record")
    return paths, next(iter(backends), "disk")


def _merge(folder: str, path: str, subdirectory: str, fields: Mapping[str, Any]) -> None:
    try:
        records = read_metadata(folder)
    except PathNotFoundError:
        records = {}
    record = {**records.get(subdirectory, {}), **fields}
    replaced = record.get(_MAPPING_FILE) if _MAPPING in fields else None
    if _MAPPING in fields:
        record.pop(_MAPPING_FILE, None)
        if len(fields[_MAPPING]) > LARGE_MAPPING:
            record[_MAPPING_FILE] = _write_side_file(folder, record.pop(_MAPPING))
    records[subdirectory] = record
    with atomic_write(path, overwrite=True, power=True) as stream:
        stream.write(_document(records))
    if replaced is not None and replaced != record.get(_MAPPING_FILE):
        _remove_side_file(folder, replaced)


def _write_side_file(folder: str, mapping: Mapping[str, str]) -> str:
    content = _lines(mapping).encode()
    # Named by its content: the metadata never names a file that holds another mapping.
    name = f"workspace_mapping-{hashlib.sha256(content).hexdigest()[:16]}.json"
    with atomic_write(os.path.join(folder, name), overwrite=True, power=True) as stream:
        stream.write(content)
    return name


def _remove_side_file(folder: str, name: str) -> None:
    path = _side_file(folder, name)
    if os.path.exists(path):
        os.unlink(path)


def _side_file(folder: str, name: Any) -> str:
    if not isinstance(name, str) or os.path.basename(name) != name or name in ("", ".", ".."):
        raise InvalidPathError(
            f"{folder!r}: the metadata names {name!r} as its mapping, which is no file beside it"
        )
    return os.path.join(folder, name)


def _document(records: Mapping[str, Mapping[str, Any]]) -> bytes:
    # One line per field and mapped image: people can read it, and the encoder in C, which knows no
    # indentation, can write it.
    parts = []
    for name, record in records.items():
        fields = [f"  {_compact(field)}: {_value(field, value)}" for field, value in record.items()]
        parts.append(f" {_compact(name)}: {{\n" + ",\n".join(fields) + "\n }")
    return ('{"subdirectories": {\n' + ",\n".join(parts) + "\n}}\n").encode()


def _value(field: str, value: Any) -> str:
    return _lines(value) if field == _MAPPING and isinstance(value, Mapping) else _compact(value)


def _lines(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping, ensure_ascii=False, allow_nan=False, separators=(",\n", ":"))


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _address(virtual: str, entry: Any, where: str, backends: set[str]) -> str:
    if isinstance(entry, Mapping):
        address, backend = entry.get("backend_address"), entry.get("backend", "disk")
        if (
            isinstance(address, str)
            and isinstance(backend, str)
            and backend != "virtual_workspace"
            and not entry.get("source_axis_indices")
        ):
            backends.add(backend)
            return address
    raise MetadataError(
        f"{where}: the mapping of {virtual!r} is {entry!r}; only whole images of a backend that stores "
        "can be mapped"
    )


def _parsed(content: bytes, path: str) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise MetadataError(
            f"{path!r} is corrupt at line {error.lineno}, column {error.colno}: {error.msg}. "
            "It was left as it was; restore it from a copy, or delete it to start anew."
        ) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise MetadataError(f"{path!r} is no JSON document ({error}); it was left as it is") from None
