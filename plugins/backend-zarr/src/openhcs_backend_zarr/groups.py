"""Zarr groups by their folders: attributes and format, read once while their document stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from openhcs_backend_zarr.ngff.documents import parse_json
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.stores import Files, Stamp

__all__ = ["DOCUMENT_NAMES", "Group", "Groups"]

DOCUMENT_NAMES: Final = frozenset({"zarr.json", ".zgroup", ".zattrs", ".zarray", ".zmetadata"})
"""Names that belong to Zarr in any folder, and to no file of a user."""

_MOST: Final = 8192


@attrs.frozen(eq=False)
class Group:
    """A Zarr group, or an array, as its document has it."""

    stamp: Stamp
    zarr_format: int
    kind: Literal["plate", "well", "image", "group", "array"]
    attributes: Mapping[str, Any]
    document: str
    """Path of the document that was read."""


class Groups:
    """The groups of folders; safe to use from several threads."""

    def __init__(self, files: Files) -> None:
        self.files = files
        """Where they are read."""
        self._known: OrderedDict[str, Group] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, folder: str) -> Group | None:
        """Return the group at a folder as it is now, ``None`` if there is none."""
        with self._lock:
            known = self._known.get(folder)
        if known is not None and self.files.stamp(known.document) == known.stamp:
            return known
        found = self._read(folder)
        with self._lock:
            self._known.pop(folder, None)
            if found is not None:
                self._known[folder] = found
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        return found

    def is_current(self, group: Group) -> bool:
        """Whether the document is still the one that was read."""
        return self.files.stamp(group.document) == group.stamp

    def _read(self, folder: str) -> Group | None:
        for name in ("zarr.json", ".zattrs", ".zgroup", ".zarray"):
            path = f"{folder}/{name}"
            stamp = self.files.stamp(path)
            if stamp is None:
                continue
            content = self.files.read(path)
            if content is None or self.files.stamp(path) != stamp:  # replaced while we looked
                return self._read(folder)
            return _group(parse_json(content, path), stamp, path)
        return None


def _group(document: dict[str, Any], stamp: Stamp, path: str) -> Group:
    if not path.endswith("/zarr.json"):
        kind = "array" if path.endswith("/.zarray") else _kind(document)
        return Group(stamp, 2, kind, document, path)
    attributes = document.get("attributes")
    if not isinstance(attributes, dict):
        attributes = {}
    kind = "array" if document.get("node_type") == "array" else _kind(attributes)
    return Group(stamp, 3, kind, attributes, path)


def _kind(attributes: Mapping[str, Any]) -> Literal["plate", "well", "image", "group"]:
    if section(attributes, "plate")[0] is not None:
        return "plate"
    if section(attributes, "well")[0] is not None:
        return "well"
    if section(attributes, "multiscales")[0] is not None:
        return "image"
    return "group"
