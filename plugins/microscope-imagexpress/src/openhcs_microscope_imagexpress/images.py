"""From folders and names to planes and projections: which file is which image."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TypeAlias, TypeVar

import attrs

from openhcs_host.contracts.microscopes import Place, Planes
from openhcs_host.errors import PlateConflictError
from openhcs_host.plates.wording import Findings, listed, shown
from openhcs_microscope_imagexpress.layout import Folder
from openhcs_microscope_imagexpress.names import Numbers

__all__ = ["Images", "PlaneKey", "ProjectionKey", "assign"]


PlaneKey: TypeAlias = tuple[str, int, int, int, int]
"""Well, site, channel, z and time point of a plane."""
ProjectionPlace: TypeAlias = tuple[int, int, int]
"""Site, channel and time point of a projection within its well."""
ProjectionKey: TypeAlias = tuple[str, int, int, int]
"""Well, site, channel and time point of a projection."""


@attrs.frozen
class Images:
    """Every image of the plate by its place."""

    planes: Planes
    """The planes, in order."""
    projections: dict[ProjectionKey, str]
    """Place to plate-relative path."""
    prefixes: Counter[str]
    """How many images carry which prefix."""
    problems: tuple[str, ...]
    """What the names contradict."""


def assign(folders: Iterable[Folder]) -> Images:
    """Give every image its place; two files with one place are a ``PlateConflictError``."""
    planes: list[tuple[Place, list[str]]] = []
    projections: list[tuple[ProjectionPlace, list[str]]] = []
    prefixes: Counter[str] = Counter()
    findings = Findings()
    acquisitions: dict[str, None] = {}
    for folder in folders:
        acquisitions[folder.acquisition] = None
        prefixes += folder.prefixes
        if folder.holds_projections:
            projections += [(_projection_place(folder, n), pairs) for n, pairs in folder.images.items()]
            _find(findings, "projection z", folder, {n for n in folder.images if n.z_index is not None})
        else:
            planes += [(_place(folder, n), pairs) for n, pairs in folder.images.items()]
            if folder.z_index is not None:
                wrong = {n for n in folder.images if n.z_index not in (None, folder.z_index)}
                _find(findings, "z", folder, wrong)
    prefixes = Counter(
        dict(sorted(prefixes.items()))
    )  # of equally common ones, the first by name comes first
    problems = (
        *_from_zero([place for place, _ in planes], [place for place, _ in projections]),
        *_problems(findings, prefixes, list(acquisitions)),
    )
    projected = {
        (well, *place): path for well, paths in _by_well(projections).items() for place, path in paths.items()
    }
    return Images(Planes.of_wells(_by_well(planes)), dict(sorted(projected.items())), prefixes, problems)


_AnyPlace = TypeVar("_AnyPlace", Place, ProjectionPlace)


def _by_well(claims: list[tuple[_AnyPlace, list[str]]]) -> dict[str, dict[_AnyPlace, str]]:
    """Turn place to well, path, well, path … into well to place to path, places in order."""
    by_well: defaultdict[str, dict[_AnyPlace, str]] = defaultdict(dict)
    for place, pairs in sorted(claims, key=itemgetter(0)):
        for well, path in zip(pairs[::2], pairs[1::2], strict=True):
            by_well[well][place] = path
    if sum(map(len, by_well.values())) < sum(len(pairs) // 2 for _, pairs in claims):
        raise _conflict(claims)
    return by_well


def _place(folder: Folder, numbers: Numbers) -> Place:
    z_index = numbers.z_index if folder.z_index is None else folder.z_index
    return numbers.site, numbers.channel, 1 if z_index is None else z_index, _timepoint(folder)


def _projection_place(folder: Folder, numbers: Numbers) -> ProjectionPlace:
    return numbers.site, numbers.channel, _timepoint(folder)


def _timepoint(folder: Folder) -> int:
    return 1 if folder.timepoint is None else folder.timepoint


def _find(findings: Findings, sort: str, folder: Folder, strange: Iterable[Numbers]) -> None:
    """Add the images of the folder that say one of these numbers, by path."""
    for path in sorted(path for numbers in strange for path in folder.images[numbers][1::2]):
        findings.add(sort, shown(path))


def _conflict(claims: list[tuple[_AnyPlace, list[str]]]) -> PlateConflictError:
    """Return the error for the first two files by name, whatever order the file system gave the names in."""
    claimed: defaultdict[tuple[str, _AnyPlace], list[str]] = defaultdict(list)
    for place, pairs in claims:
        for well, path in zip(pairs[::2], pairs[1::2], strict=True):
            claimed[well, place].append(path)
    (first, second, *_), (well, where) = min(
        (sorted(paths), claim) for claim, paths in claimed.items() if len(paths) > 1
    )
    site, channel, timepoint = where[0], where[1], where[-1]
    what, z = ("", f", z {where[2]}") if len(where) == 4 else ("the projection of ", "")
    return PlateConflictError(
        f"two files claim to be {what}{well}, site {site}, channel {channel}{z}, time point {timepoint}: "
        f"{shown(first)} and {shown(second)}. If they belong to different acquisitions, name the folder of one "
        "of them as the plate; else move one of them away."
    )


def _from_zero(planes: list[Place], projections: list[ProjectionPlace]) -> Iterator[str]:
    """Say which numbers begin at 0; they are kept, because a name is worth more than a guess."""
    numbers = {
        "site": {place[0] for place in (*planes, *projections)},
        "channel": {place[1] for place in (*planes, *projections)},
        "z": {place[2] for place in planes},
        "time point": {place[-1] for place in (*planes, *projections)},
    }
    found = [what for what, present in numbers.items() if 0 in present]
    if found:
        yield (
            f"the names say {listed(f'{what} 0' for what in found)}; MetaXpress counts from 1, newer systems "
            "(HCS.ai) from 0, and the numbers are kept as they are"
        )


def _problems(findings: Findings, prefixes: Counter[str], acquisitions: list[str]) -> Iterable[str]:
    if findings.count("z"):
        yield (
            "the z in these names contradicts their ZStep folder, and the folder is followed: "
            + findings.examples("z")
        )
    if findings.count("projection z"):
        yield (
            "these names carry a z although they stand where projections stand, and they are taken as "
            "projections: " + findings.examples("projection z")
        )
    if len(prefixes) > 1:
        (main, most), *others = prefixes.most_common()
        rest = listed(f"{shown(prefix)} ({number})" for prefix, number in others)
        yield f"the names of the images begin differently: {shown(main)} ({most}), {rest}"
    if len(acquisitions) > 1:
        yield f"the images lie in {len(acquisitions)} acquisition folders: " + listed(
            shown(path or ".") for path in acquisitions
        )
