"""``openhcs_metadata.json``: the one writer and the one reader of a plate's description.

The fields are those of the field's existing files; ``docs/contracts/metadata.md`` lists them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from openhcs_host.errors import MetadataError, PathNotFoundError
from openhcs_host.files.atomic import atomic_write, make_directories

__all__ = ["FILE_NAME", "read_metadata", "update_metadata", "workspace_mapping"]

FILE_NAME: Final = "openhcs_metadata.json"
_LOCK_SECONDS: Final = 60


def read_metadata(folder: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Return the records by subdirectory name.

    Raises ``PathNotFoundError`` when the folder has no metadata, ``MetadataError`` when the file is
    corrupt or has another shape.
    """
    path = os.path.join(os.fspath(folder), FILE_NAME)
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except FileNotFoundError:
        raise PathNotFoundError(f"there is no {FILE_NAME} in {os.fspath(folder)!r}") from None
    return _records(content, path)


def update_metadata(folder: str | os.PathLike[str], subdirectory: str, fields: Mapping[str, Any]) -> None:
    """Merge ``fields`` into the record of ``subdirectory``, keeping every other field and record.

    Writers in other processes wait for each other. The file is replaced atomically and flushed to
    the medium. A corrupt file raises ``MetadataError`` and stays as it is.
    """
    import filelock

    folder = os.fspath(folder)
    make_directories(folder)
    path = os.path.join(folder, FILE_NAME)
    # The operating system releases the lock of a process that dies.
    with filelock.FileLock(f"{path}.lock", timeout=_LOCK_SECONDS):
        try:
            records = read_metadata(folder)
        except PathNotFoundError:
            records = {}
        records[subdirectory] = {**records.get(subdirectory, {}), **fields}
        text = json.dumps({"subdirectories": records}, indent=1, ensure_ascii=False, allow_nan=False)
        with atomic_write(path, overwrite=True, power=True) as stream:
            stream.write(text.encode())


def workspace_mapping(record: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return virtual path to plate-relative real path.

    Both shapes found in the field are read: a plain path, and an object with ``backend_address``
    when its backend is ``disk`` and it names a whole file. Raises ``MetadataError`` otherwise.
    """
    mapping = record.get("workspace_mapping") or {}
    if not isinstance(mapping, Mapping):
        raise MetadataError(f"{where}: workspace_mapping is {type(mapping).__name__}, not an object")
    return {virtual: _address(virtual, entry, where) for virtual, entry in mapping.items()}


def _address(virtual: str, entry: Any, where: str) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Mapping):
        address, backend = entry.get("backend_address"), entry.get("backend", "disk")
        if isinstance(address, str) and backend == "disk" and not entry.get("source_axis_indices"):
            return address
    raise MetadataError(
        f"{where}: the mapping of {virtual!r} is {entry!r}; only whole files of the disk backend can be mapped"
    )


def _records(content: bytes, path: str) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        raise MetadataError(
            f"{path!r} is corrupt at line {error.lineno}, column {error.colno}: {error.msg}. "
            "It was left as it is; restore it from a copy, or delete it to start anew."
        ) from None
    except UnicodeDecodeError as error:
        raise MetadataError(f"{path!r} is not UTF-8 text ({error}); it was left as it is") from None
    records = document.get("subdirectories") if isinstance(document, dict) else None
    if not isinstance(records, dict) or not all(isinstance(record, dict) for record in records.values()):
        raise MetadataError(f"{path!r} has no 'subdirectories' object of records; it was left as it is")
    return records
