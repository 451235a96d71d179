"""One mounted plate: its virtual names, checked to stay inside it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping

import attrs

from openhcs_host.errors import InvalidPathError, MetadataError
from openhcs_host.plates.metadata import read_metadata, workspace_mapping

__all__ = ["MountedPlate"]


@attrs.frozen(eq=False)
class MountedPlate:
    """The virtual names of one plate and the real files behind them."""

    root: str
    """The plate's folder, absolute."""
    metadata: str
    """The folder of its ``openhcs_metadata.json``, absolute."""
    files: Mapping[str, str]
    """Virtual path to real path, both relative to the root."""
    folders: Mapping[str, Mapping[str, None]]
    """Virtual folder (``""`` is the plate) to the names in it."""
    elsewhere: Mapping[str, str] = attrs.field(factory=dict)
    """Virtual path to the backend that loads it, for what is no file of the disk backend."""
    _safe: set[str] = attrs.field(factory=set)

    @classmethod
    def read(cls, root: str, metadata: str) -> MountedPlate:
        """Read the mappings of all subdirectories of the plate's metadata."""
        files: dict[str, str] = {}
        elsewhere: dict[str, str] = {}
        for subdirectory, record in read_metadata(metadata).items():
            where = f"{metadata}/openhcs_metadata.json, subdirectory {subdirectory!r}"
            mapping, backend = workspace_mapping(record, metadata)
            if backend != "disk":
                elsewhere |= dict.fromkeys(mapping, backend)
            for virtual, real in mapping.items():
                _inside(virtual, where)
                _inside(real, where)
                if virtual in files:
                    raise MetadataError(f"{where}: {virtual!r} is mapped by two subdirectories")
                files[virtual] = real
        if not files:
            raise MetadataError(
                f"the metadata in {metadata!r} maps no image; write it with prepare_workspace"
            )
        return cls(root, metadata, files, _folders(files), elsewhere)

    def real_path(self, virtual: str, real: str) -> str:
        """Return the absolute real path, refusing links that lead out of the plate.

        A folder is followed once and remembered; a file that is itself a link is followed each time.
        """
        path = f"{self.root}/{real}"
        folder = posixpath.dirname(path)
        if folder not in self._safe:
            self._check(folder, virtual)
            self._safe.add(folder)
        if os.path.islink(path):
            self._check(path, virtual)
        return path

    def _check(self, path: str, virtual: str) -> None:
        target, root = os.path.realpath(path), os.path.realpath(self.root)
        if target != root and not target.startswith(root.rstrip("/") + "/"):
            raise InvalidPathError(
                f"{virtual!r} of plate {self.root!r} leads outside the plate, to {target!r}; it is not read"
            )


def _inside(path: str, where: str) -> None:
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or ":" in parts[0] or ".." in parts or "\0" in path:
        raise InvalidPathError(f"{where}: {path!r} is no path inside the plate; the mapping is refused")


def _folders(files: Mapping[str, str]) -> dict[str, dict[str, None]]:
    folders: dict[str, dict[str, None]] = {"": {}}
    for path in files:
        folder, name = posixpath.split(path)
        if folder in folders:
            folders[folder][name] = None
            continue
        while True:
            known = folder in folders
            folders.setdefault(folder, {})[name] = None
            if known or not folder:
                break
            folder, name = posixpath.split(folder)
    return folders
