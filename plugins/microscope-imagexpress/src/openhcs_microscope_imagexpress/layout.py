"""The folders of an ImageXpress plate, found in one walk.

MetaXpress nests ``TimePoint_<n>`` and ``ZStep_<n>`` below date and id folders (copies of its database)
or below the plate's folder (exports); people add and drop levels around them. So the walk goes by the
names of these two folders only, wherever they stand. Their numbers are not zero-padded.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.plates.entries import EntryRules
from openhcs_host.plates.wording import Findings
from openhcs_microscope_imagexpress.foreign import foreign_mark
from openhcs_microscope_imagexpress.names import NameReader, Numbers, parse_name

__all__ = ["Folder", "Layout", "folder_number", "walk"]

_TIMEPOINT: Final = re.compile(r"timepoint_([0-9]{1,6})", re.IGNORECASE)
_Z_STEP: Final = re.compile(r"zstep_([0-9]{1,6})", re.IGNORECASE)
# The host's own metadata, which lies in a plate when the caller wants it there.
_OURS: Final = ("openhcs_metadata.json", "openhcs_metadata.json.lock")


@attrs.frozen
class Folder:
    """One folder and the images in it."""

    path: str
    """Path relative to the plate, with ``/``; empty for the plate itself."""
    timepoint: int | None
    """Number of the ``TimePoint`` folder that this one is or lies in."""
    z_index: int | None
    """Number of the ``ZStep`` folder that this one is or lies in; 0 means projections."""
    acquisition: str
    """Path of the folder above ``TimePoint`` and ``ZStep``."""
    beside_planes: bool
    """Whether ``ZStep_<n>``, n from 1, stands in this folder: then its images are projections."""
    images: dict[Numbers, list[str]]
    """Numbers to well, path, well, path … of their images; paths relative to the plate, thumbnails left out.

    In the order of the file system. Hundreds of lists that grow in turns stay in the processor's cache;
    hundreds of mappings do not.
    """
    prefixes: Counter[str]
    """How many of them have which prefix."""

    @property
    def holds_projections(self) -> bool:
        """Whether the images here are projections, as ``docs/contracts/microscopes.md`` decides."""
        return self.z_index == 0 or (self.z_index is None and self.beside_planes)


@attrs.frozen
class Layout:
    """All that one walk over the folders found."""

    folders: tuple[Folder, ...]
    """Folders that hold images, by path."""
    descriptions: tuple[str, ...]
    """HTD files, the nearest to the root first."""
    thumbnails: int
    """How many thumbnails there are."""
    unrecognised: int
    """How many files are neither images nor metadata."""
    problems: tuple[str, ...]
    """What could not be followed or read."""


def folder_number(name: str) -> tuple[int | None, int | None]:
    """Return (time point, z) as the name of one folder gives them."""
    if match := _TIMEPOINT.fullmatch(name):
        return int(match[1]), None
    if match := _Z_STEP.fullmatch(name):
        return None, int(match[1])
    return None, None


def walk(root: Path) -> Layout:
    """Find every image below ``root``; links are never followed out of it, and nothing is opened."""
    base = os.path.realpath(root)
    walker = _Walker(base)
    # A single TimePoint or ZStep folder may be given as the plate; its own name still counts.
    timepoint, z_index = folder_number(os.path.basename(base))
    pending = [_Pending("", timepoint, z_index, "", 0)]
    while pending:
        pending += walker.scan(pending.pop())
    return walker.layout()


@attrs.frozen
class _Pending:
    path: str
    timepoint: int | None
    z_index: int | None
    acquisition: str
    depth: int

    def child(self, name: str) -> _Pending:
        path = f"{self.path}/{name}" if self.path else name
        timepoint, z_index = folder_number(name)
        if timepoint is None and z_index is None:
            return _Pending(path, self.timepoint, self.z_index, path, self.depth + 1)
        return _Pending(
            path,
            self.timepoint if timepoint is None else timepoint,
            self.z_index if z_index is None else z_index,
            self.acquisition,
            self.depth + 1,
        )


class _Walker:
    def __init__(self, base: str) -> None:
        self.base = base
        self.folders: list[Folder] = []
        self.descriptions: list[str] = []
        self.names = NameReader()
        self.thumbnails = 0
        self.unrecognised = 0
        self.rules = EntryRules(base)
        self.foreign = Findings()

    def scan(self, here: _Pending) -> list[_Pending]:
        """Take in the files of one folder and return the folders in it."""
        found: dict[Numbers, list[str]] = {}
        children: list[_Pending] = []
        stem = f"{here.path}/" if here.path else ""
        read = self.names.read
        place = os.path.join(self.base, here.path) if here.path else self.base
        try:
            with os.scandir(place) as entries:
                # The body of this loop runs for every file of the plate: keep it short.
                for entry in entries:
                    if not entry.is_file(follow_symlinks=False) and not self._enter(entry, here, children):
                        continue
                    name = entry.name
                    said = read(name)
                    if said is None:
                        self._other(name, here)
                        continue
                    well, numbers = said
                    if numbers.thumbnail:
                        self.thumbnails += 1
                        continue
                    try:
                        pairs = found[numbers]
                    except KeyError:
                        pairs = found[numbers] = []
                    pairs.append(well)
                    pairs.append(stem + name)
        except OSError as error:
            self.rules.unreadable(here.path, error)
        if found:
            beside = any((folder_number(os.path.basename(child.path))[1] or 0) > 0 for child in children)
            self.folders.append(
                Folder(
                    here.path,
                    here.timepoint,
                    here.z_index,
                    here.acquisition,
                    beside,
                    found,
                    self._prefixes(found),
                )
            )
        return sorted(children, key=lambda child: child.path, reverse=True)

    def _prefixes(self, found: dict[Numbers, list[str]]) -> Counter[str]:
        if len(self.names.prefixes) == 1:
            number = sum(map(len, found.values())) // 2
            return Counter(dict.fromkeys(self.names.prefixes, number))
        paths = chain.from_iterable(pairs[1::2] for pairs in found.values())
        said = (parse_name(os.path.basename(path)) for path in paths)
        return Counter(name.prefix for name in said if name is not None)

    def _enter(self, entry: os.DirEntry[str], here: _Pending, children: list[_Pending]) -> bool:
        """Deal with what is no regular file; return whether it stands for a file of the plate."""
        child = here.child(entry.name)
        kind = self.rules.kind(entry, child.path, child.depth)
        if kind == "folder":
            children.append(child)
        return kind == "file"

    def _other(self, name: str, here: _Pending) -> None:
        if name[-4:].lower() == ".htd":
            self.descriptions.append(f"{here.path}/{name}" if here.path else name)
        elif here.path or name not in _OURS:
            self.unrecognised += 1
            foreign = foreign_mark(f"{here.path}/{name}" if here.path else name)
            if foreign:
                self.foreign.add("foreign", foreign)

    def layout(self) -> Layout:
        return Layout(
            tuple(self.folders),
            tuple(sorted(self.descriptions, key=lambda path: (path.count("/"), path))),
            self.thumbnails,
            self.unrecognised + self.rules.strangers,
            (
                *self.rules.problems(),
                *self.foreign.sentences({"foreign": "files of other microscopes"}),
            ),
        )
