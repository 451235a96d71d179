"""What lies in the folder of a plate of ours: files, and links that stay inside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.errors import PlateError
from openhcs_host.plates.metadata import FILE_NAME
from openhcs_host.plates.wording import listed, shown

__all__ = ["Contents", "look"]

_DEEPEST: Final = 32
_STORE: Final = frozenset({"zarr.json", ".zattrs", ".zgroup"})


@attrs.frozen
class Contents:
    """One walk over a plate's folder."""

    files: frozenset[str]
    """Plate-relative paths of files, with ``/``; of links, those to files inside the plate. Metadata
    of ours is not among them, and what lies in a zarr store is its backend's affair."""
    problems: tuple[str, ...]
    """Links that lead out, folders that cannot be read."""


def look(root: Path) -> Contents:
    """Walk the folder without opening a file; raises ``PlateError`` if it cannot be listed."""
    base = os.path.realpath(root)
    files: set[str] = set()
    links: list[str] = []
    unread: list[str] = []
    pending = [("", 0)]
    while pending:
        folder, depth = pending.pop()
        try:
            with os.scandir(os.path.join(base, folder)) as entries:
                found = list(entries)
        except OSError as error:
            if not folder:
                raise PlateError(f"{shown(root)} cannot be read: {error.strerror or error}") from error
            unread.append(shown(folder))
            continue
        if folder and not _STORE.isdisjoint(entry.name for entry in found):
            continue
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_symlink():
                if not _inside(entry.path, base):
                    links.append(shown(path))
                elif os.path.isfile(entry.path):
                    files.add(path)
            elif entry.is_file(follow_symlinks=False):
                files.add(path)
            elif entry.is_dir(follow_symlinks=False) and depth < _DEEPEST:
                pending.append((path, depth + 1))
    problems = (
        [f"links that lead out of the plate are not followed: {listed(sorted(links))}"] if links else []
    )
    problems += [f"folders that cannot be read: {listed(sorted(unread))}"] if unread else []
    return Contents(frozenset(path for path in files if not _is_ours(path)), tuple(problems))


def _inside(path: str, base: str) -> bool:
    return os.path.realpath(path).startswith(base.rstrip(os.sep) + os.sep)


def _is_ours(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in (FILE_NAME, f"{FILE_NAME}.lock", "run.json") or name.startswith("workspace_mapping-")
