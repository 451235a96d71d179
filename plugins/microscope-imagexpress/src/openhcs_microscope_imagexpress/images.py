"""From folders and names to planes and projections: which file is which image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
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
Clash: TypeAlias = tuple[str, str, str, Place | ProjectionPlace]
"""Two paths, and the well and place that both claim."""
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
    planes: dict[Place, dict[str, str]] = {}
    projections: dict[ProjectionPlace, dict[str, str]] = {}
    prefixes: Counter[str] = Counter()
    findings = Findings()
    clashes: list[Clash] = []
    acquisitions: dict[str, None] = {}
    for folder in folders:
        acquisitions[folder.acquisition] = None
        prefixes += folder.prefixes
        if folder.holds_projections:
            clashes += _assign(folder, projections, _projection_place)
            _find(findings, "projection z", folder, {n for n in folder.images if n.z_index is not None})
        else:
            clashes += _assign(folder, planes, _place)
            if folder.z_index is not None:
                wrong = {n for n in folder.images if n.z_index not in (None, folder.z_index)}
                _find(findings, "z", folder, wrong)
    if clashes:
        # Of many, always the same one is told, whatever order the file system gave the names in.
        raise _conflict(*min(clashes))
    prefixes = Counter(
        dict(sorted(prefixes.items()))
    )  # of equally common ones, the first by name comes first
    problems = tuple(_problems(findings, prefixes, list(acquisitions)))
    return Images(Planes.ordered(planes), _flat(projections), prefixes, problems)


_AnyPlace = TypeVar("_AnyPlace", Place, ProjectionPlace)


def _assign(
    folder: Folder, images: dict[_AnyPlace, dict[str, str]], place_of: Callable[[Folder, Numbers], _AnyPlace]
) -> Iterator[Clash]:
    """Put the folder's images into ``images`` by place and well, and return those whose place is taken."""
    for numbers, paths in folder.images.items():
        place = place_of(folder, numbers)
        taken = images.get(place)
        if taken is None:
            images[place] = paths
        else:
            for well, path in paths.items():
                yield from _put(taken, place, well, path)
    for numbers, well, path in folder.doubles:
        place = place_of(folder, numbers)
        yield from _put(images[place], place, well, path)


def _put(taken: dict[str, str], place: Place | ProjectionPlace, well: str, path: str) -> Iterator[Clash]:
    other = taken.setdefault(well, path)
    if other is not path:
        first, second = sorted((other, path))
        taken[well] = first
        yield first, second, well, place


def _place(folder: Folder, numbers: Numbers) -> Place:
    z_index = numbers.z_index if folder.z_index is None else folder.z_index
    return numbers.site, numbers.channel, 1 if z_index is None else z_index, _timepoint(folder)


def _projection_place(folder: Folder, numbers: Numbers) -> ProjectionPlace:
    return numbers.site, numbers.channel, _timepoint(folder)


def _timepoint(folder: Folder) -> int:
    return 1 if folder.timepoint is None else folder.timepoint


def _flat(projections: dict[ProjectionPlace, dict[str, str]]) -> dict[ProjectionKey, str]:
    keys = {(well, *place): path for place, paths in projections.items() for well, path in paths.items()}
    return dict(sorted(keys.items()))


def _find(findings: Findings, sort: str, folder: Folder, strange: Iterable[Numbers]) -> None:
    """Add the images of the folder that say one of these numbers, by path."""
    for path in sorted(path for numbers in strange for path in folder.images[numbers].values()):
        findings.add(sort, shown(path))


def _conflict(first: str, second: str, well: str, place: Place | ProjectionPlace) -> PlateConflictError:
    site, channel, *z_index, timepoint = place
    what = "" if z_index else "the projection of "
    z = f", z {z_index[0]}" if z_index else ""
    return PlateConflictError(
        f"two files claim to be {what}{well}, site {site}, channel {channel}{z}, time point {timepoint}: "
        f"{shown(first)} and {shown(second)}. If they belong to different acquisitions, name the folder of one "
        "of them as the plate; else move one of them away."
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
