"""The planes of a plate that ``openhcs_metadata.json`` describes, or that only their names describe."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import attrs

from openhcs_host.contracts.images import Coordinates, parse_image_name
from openhcs_host.contracts.microscopes import Plane, Projection
from openhcs_host.errors import InvalidPathError, PlateConflictError
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_openhcs.detection import is_plane_name

__all__ = ["Recorded", "named", "recorded"]

_PROJECTION: Final = re.compile(
    r"projections/(?P<well>[A-Z]{1,2}[0-9]{2,})_s(?P<site>[0-9]+)_w(?P<channel>[0-9]+)_t(?P<timepoint>[0-9]+)\."
)


@attrs.frozen
class Recorded:
    """Planes, absent planes and projections, as names and record tell them."""

    planes: tuple[Plane, ...]
    """Those that have a file."""
    missing: tuple[Plane, ...] = ()
    """Those that the record lists and that have none."""
    projections: tuple[Projection, ...] = ()
    """Projections of the microscope, which a mapping may show."""
    problems: tuple[str, ...] = ()
    """What contradicts."""


def recorded(paths: Iterable[tuple[str, str]], files: frozenset[str] | None) -> Recorded:
    """Sort (name, real path) pairs of a record; ``files`` are those on disk, ``None`` if none need be.

    Raises ``InvalidPathError`` for a path that leads out of the plate, ``PlateConflictError`` for two of
    one plane.
    """
    there: dict[Coordinates, str] = {}
    missing: dict[Coordinates, str] = {}
    projections: list[Projection] = []
    others: list[str] = []
    for name, path in paths:
        _check_inside(path)
        if (match := _PROJECTION.match(name)) is not None:
            if files is None or path in files:
                site, channel, timepoint = (int(match[part]) for part in ("site", "channel", "timepoint"))
                projections.append(Projection(match["well"], site, channel, timepoint, path))
            continue
        if not is_plane_name(name):
            others.append(shown(name))
            continue
        where = parse_image_name(name.rpartition("/")[2])
        first = there.get(where) or missing.get(where)
        if first is not None:
            raise PlateConflictError(f"two images are {where}: {first!r} and {path!r}; remove one of them")
        (there if files is None or path in files else missing)[where] = path
    problems = []
    if missing:
        examples = listed(shown(path) for path in missing.values())
        has = "has" if len(missing) == 1 else "have"
        problems.append(f"{counted(len(missing), 'image')} of the record {has} no file: {examples}")
    if others:
        problems.append(f"names in the record that are no image names: {listed(others)}")
    unlisted = _unlisted(files or frozenset(), {*there.values(), *(p.path for p in projections)})
    if unlisted:
        problems.append(f"images that the record does not list are not read: {listed(unlisted)}")
    return Recorded(_planes(there), _planes(missing), tuple(projections), tuple(problems))


def named(files: frozenset[str]) -> Recorded:
    """Sort images without a record by their names alone; other files are nobody's."""
    return recorded(((path, path) for path in sorted(files) if is_plane_name(path)), files)


def _planes(paths: dict[Coordinates, str]) -> tuple[Plane, ...]:
    return tuple(Plane(where, path) for where, path in paths.items())


def _unlisted(files: frozenset[str], known: set[str]) -> list[str]:
    return [shown(path) for path in sorted(files - known) if is_plane_name(path)]


def _check_inside(path: str) -> None:
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or ":" in parts[0] or ".." in parts or "\0" in path:
        raise InvalidPathError(f"the record names {path!r}, which is no path inside the plate")
