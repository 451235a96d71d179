"""The folders of a Harmony plate, found in one walk.

Images lie in ``Images`` or ``images``, the Index beside them or in a folder above; an archive keeps it in
``index`` beside ``images``. The walk goes by file names only, so folders may be named as one likes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.contracts.microscopes import Place
from openhcs_host.plates.entries import EntryRules
from openhcs_microscope_operaphenix.index import INDEX_NAMES
from openhcs_microscope_operaphenix.names import halves, name_parts

__all__ = ["Folder", "Layout", "walk"]

# What Harmony writes beside the images; their XML files are metadata that is not needed here.
_METADATA_FOLDERS: Final = ("assaylayout", "ffc_profile")
# The host's own metadata, which lies in a plate when the caller wants it there.
_OURS: Final = ("openhcs_metadata.json", "openhcs_metadata.json.lock")


@attrs.frozen
class Folder:
    """One folder and the images in it."""

    path: str
    """Path relative to the plate, with ``/``; empty for the plate itself."""
    images: dict[Place, dict[str, str]]
    """Place to wells, and these to plate-relative paths, as the names tell; in no order."""
    doubles: list[tuple[Place, str, str]]
    """Place, well and path of images that others of the folder leave no room for in ``images``."""
    odd: list[str]
    """Paths of TIFF files with other names; an Index may claim them."""


@attrs.frozen
class Layout:
    """All that one walk over the folders found."""

    folders: tuple[Folder, ...]
    """Folders that hold TIFF files, by path."""
    indexes: tuple[str, ...]
    """Paths of Index files, by path."""
    unrecognised: int
    """How many files are neither TIFF files nor metadata."""
    problems: tuple[str, ...]
    """What could not be followed or read."""


def walk(root: Path) -> Layout:
    """Find every TIFF file below ``root``; links are never followed out of it, and nothing is opened."""
    walker = _Walker(os.path.realpath(root))
    pending = [("", 0)]
    while pending:
        pending += walker.scan(*pending.pop())
    return walker.layout()


class _Walker:
    def __init__(self, base: str) -> None:
        self.base = base
        self.folders: list[Folder] = []
        self.indexes: list[str] = []
        self.unrecognised = 0
        self.rules = EntryRules(base)
        self.wells: dict[str, str] = {}

    def scan(self, path: str, depth: int) -> list[tuple[str, int]]:
        """Take in the files of one folder and return the folders in it."""
        stem = f"{path}/" if path else ""
        folder = Folder(path, {}, [], [])
        images, doubles, children = folder.images, folder.doubles, list[tuple[str, int]]()
        wells_of, places = self.wells, dict[str, dict[str, str]]()
        here = os.path.join(self.base, path) if path else self.base
        try:
            with os.scandir(here) as entries:
                # The body of this loop runs for every file of the plate: keep it short.
                for entry in entries:
                    if not entry.is_file(follow_symlinks=False) and not self._enter(
                        entry, stem, depth, children
                    ):
                        continue
                    name = entry.name
                    well, wells = wells_of.get(name[:7]), places.get(name[6:])
                    if well is not None and wells is not None and well not in wells:
                        wells[well] = stem + name
                        continue
                    parts = name_parts(name)
                    if parts is None:
                        self._other(name, folder, stem)
                        continue
                    well, place = parts
                    wells = images.setdefault(place, {})
                    if well in wells:
                        doubles.append((place, well, stem + name))
                    else:
                        wells[well] = stem + name
                    if pieces := halves(name):
                        wells_of[pieces[0]], places[pieces[1]] = well, wells
        except OSError as error:
            self.rules.unreadable(path, error)
        if images or folder.odd:
            self.folders.append(folder)
        return sorted(children, reverse=True)

    def _enter(self, entry: os.DirEntry[str], stem: str, depth: int, children: list[tuple[str, int]]) -> bool:
        """Deal with what is no regular file; return whether it stands for a file of the plate."""
        path = stem + entry.name
        kind = self.rules.kind(entry, path, depth + 1)
        if kind == "folder":
            children.append((path, depth + 1))
        return kind == "file"

    def _other(self, name: str, folder: Folder, stem: str) -> None:
        lower = name.lower()
        if lower in INDEX_NAMES:
            self.indexes.append(stem + name)
        elif lower.endswith((".tif", ".tiff")) and not lower.startswith("._"):
            folder.odd.append(stem + name)
        elif lower.endswith(".xml") and folder.path.rpartition("/")[2].lower() in _METADATA_FOLDERS:
            pass
        elif stem or name not in _OURS:
            self.unrecognised += 1

    def layout(self) -> Layout:
        return Layout(
            tuple(self.folders),
            tuple(sorted(self.indexes)),
            self.unrecognised + self.rules.strangers,
            tuple(self.rules.problems()),
        )
