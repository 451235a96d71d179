"""Which Index belongs to which images, and what both together say."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from openhcs_host.errors import FormatError, PlateError
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_operaphenix.claims import ByPlace, Claims
from openhcs_microscope_operaphenix.collector import Collector
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.index import INDEX_NAMES, KNOWN_VERSIONS, IndexFile
from openhcs_microscope_operaphenix.layout import Folder, Layout

__all__ = ["Measurement", "read_measurement"]


@attrs.frozen
class Measurement:
    """The planes of a plate and what its Index says."""

    planes: ByPlace
    """Every plane that has a file."""
    folder: str
    """Path of the folder that holds the Index, or else the images."""
    acquisition: Acquisition
    """What the Index says; nothing if there is none."""
    missing: ByPlace
    """Planes that the Index lists without a file, and their names there."""
    timepoint_offset: int
    """What turns ``TimepointID`` of the acquisition into time points of planes."""
    unclaimed: int
    """TIFF files that are no plane."""
    listings: tuple[str, ...]
    """What each Index lists, one clause each, for the error that there is no plane."""
    problems: tuple[str, ...]
    """What is strange."""


def read_measurement(root: Path, layout: Layout) -> Measurement:
    """Read the Index that belongs to the images, and give every image its place.

    Raises ``PlateError`` when there are several measurements below the root, and
    ``PlateConflictError`` when two files claim one plane.
    """
    where = _folder_of_index(layout)
    near = [path for path in layout.indexes if _parent(path) == where]
    believed, version, problems = _believed(root, near)
    scope = _scope(where, layout.folders) if believed else []
    claims, collector = Claims.of(scope), Collector()
    complete = believed is not None
    if believed is not None:
        try:
            for record in IndexFile(os.path.join(root, believed)).records():
                collector.take(record)
                if record.kind == "image":
                    claims.take(record.texts)
        except FormatError as error:
            complete = False
            problems.append(
                f"{shown(believed)} is not complete: {error}; what it says before that is used, and images that "
                "it does not come to are read by name"
            )
    unclaimed = claims.settle(version)
    said = list(claims.problems(complete))
    covered = {folder.path for folder in scope}
    others = Claims.of(folder for folder in layout.folders if folder.path not in covered)
    unclaimed += others.settle(None)
    claims.add(others.planes)
    said = [*claims.absences(), *said]
    acquisition = collector.acquisition(version)
    if not layout.indexes:
        problems += _above_root(root)
    far = [shown(path) for path in layout.indexes if path not in near]
    if far:
        problems.append(f"Index files of no image here, not read: {listed(far)}")
    listing = (
        f"{shown(believed or '')} lists {counted(claims.listed, 'plane')}, none of which has a file here"
    )
    return Measurement(
        claims.planes,
        where if where is not None else layout.folders[0].path if layout.folders else "",
        acquisition,
        claims.missing,
        claims.timepoint_offset,
        unclaimed,
        (listing,) if believed else (),
        (*problems, *said, *acquisition.problems),
    )


def _above_root(root: Path) -> list[str]:
    """Say that an Index lies above the root: nothing outside of what was named as the plate is opened."""
    above = os.path.dirname(os.path.realpath(root))
    for name in ("Index.idx.xml", "Index.xml"):
        if os.path.isfile(os.path.join(above, name)):
            return [
                f"{name} lies outside of this folder, in the one above it, and is not read: name "
                f"{shown(above)} as the plate to read it"
            ]
    return []


def _folder_of_index(layout: Layout) -> str | None:
    """Return the folder of the Index: at or above the images, or the only one, as in an archive."""
    holders = {_parent(path) for path in layout.indexes}
    used = {holder for folder in layout.folders if (holder := _above(folder.path, holders)) is not None}
    used = used or holders
    if len(used) > 1:
        names = listed(shown(holder or ".") for holder in sorted(used))
        raise PlateError(
            f"{len(used)} measurements lie here, each with an Index: {names}. Name the folder of one of them "
            "as the plate."
        )
    return next(iter(used), None)


def _above(path: str, holders: set[str]) -> str | None:
    while path not in holders:
        if not path:
            return None
        path = _parent(path)
    return path


def _scope(where: str | None, folders: tuple[Folder, ...]) -> list[Folder]:
    """Return the folders that an Index in ``where`` speaks of: those below it, or all if none is."""
    if where is None:
        return []
    return [folder for folder in folders if _above(folder.path, {where}) is not None] or list(folders)


def _believed(root: Path, paths: list[str]) -> tuple[str | None, int | None, list[str]]:
    """Return the first Index that begins like one, its version, and what is wrong with it and others."""
    problems: list[str] = []
    ordered = sorted(paths, key=lambda path: INDEX_NAMES.index(path.rpartition("/")[2].lower()))
    believed: tuple[str, int | None] | None = None
    for path in ordered:
        index = IndexFile(os.path.join(root, path))
        why = index.refusal()
        if why is not None:
            problems.append(f"{shown(path)} is not read: {why}")
        elif believed is not None:
            problems.append(f"{shown(path)} is a second Index; {shown(believed[0])} is believed")
        else:
            believed = (path, index.version)
            if index.version not in KNOWN_VERSIONS:
                problems.append(
                    f"{shown(path)} is of Harmony version {index.version}, which is not known here; it is "
                    f"read like version {KNOWN_VERSIONS[-1]}"
                )
    return (*believed, problems) if believed else (None, None, problems)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
