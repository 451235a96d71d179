"""From folders and names to planes and projections: which file is which image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from typing import Final, TypeAlias

import attrs

from openhcs_host.errors import PlateConflictError
from openhcs_microscope_imagexpress.layout import Folder
from openhcs_microscope_imagexpress.names import ImageName
from openhcs_microscope_imagexpress.wording import Findings, listed, shown

__all__ = ["Images", "PlaneKey", "ProjectionKey", "assign"]


_PREFIX: Final = ImageName._fields.index("prefix")
PlaneKey: TypeAlias = tuple[str, int, int, int, int]
"""Well, site, channel, z and time point of a plane: a plain tuple, as there may be a million."""
ProjectionKey: TypeAlias = tuple[str, int, int, int]
"""Well, site, channel and time point of a projection."""


@attrs.frozen
class Images:
    """Every image of the plate by its place."""

    planes: dict[PlaneKey, str]
    """Place to plate-relative path."""
    projections: dict[ProjectionKey, str]
    """Place to plate-relative path."""
    prefixes: Counter[str]
    """How many images carry which prefix."""
    problems: tuple[str, ...]
    """What the names contradict."""


def assign(folders: Iterable[Folder]) -> Images:
    """Give every image its place; two files with one place are a ``PlateConflictError``."""
    planes: dict[PlaneKey, str] = {}
    projections: dict[ProjectionKey, str] = {}
    prefixes: Counter[str] = Counter()
    findings = Findings()
    acquisitions: dict[str, None] = {}
    for folder in folders:
        acquisitions[folder.acquisition] = None
        prefixes.update(map(itemgetter(_PREFIX), folder.images))
        if folder.holds_projections:
            _assign_projections(folder, projections, findings)
        else:
            _assign_planes(folder, planes, findings)
    return Images(planes, projections, prefixes, tuple(_problems(findings, prefixes, list(acquisitions))))


def _assign_planes(folder: Folder, planes: dict[PlaneKey, str], findings: Findings) -> None:
    stem = f"{folder.path}/" if folder.path else ""
    timepoint = 1 if folder.timepoint is None else folder.timepoint
    of_folder = folder.z_index
    # The body of this loop runs for every plane: keep it short.
    for name, _, well, site, channel, of_name, _, _ in folder.images:
        path = stem + name
        z_index = of_name if of_folder is None else of_folder
        if of_name is not None and of_name != z_index:
            findings.add("z", shown(path))
        if z_index is None:
            z_index = 1
        other = planes.setdefault((well, site, channel, z_index, timepoint), path)
        if other is not path:
            place = f"{well}, site {site}, channel {channel}, z {z_index}, time point {timepoint}"
            raise _conflict(path, other, place)


def _assign_projections(folder: Folder, projections: dict[ProjectionKey, str], findings: Findings) -> None:
    stem = f"{folder.path}/" if folder.path else ""
    timepoint = 1 if folder.timepoint is None else folder.timepoint
    for name, _, well, site, channel, z_index, _, _ in folder.images:
        path = stem + name
        if z_index is not None:
            findings.add("projection z", shown(path))
        other = projections.setdefault((well, site, channel, timepoint), path)
        if other is not path:
            place = f"{well}, site {site}, channel {channel}, time point {timepoint}"
            raise _conflict(path, other, f"the projection of {place}")


def _conflict(one: str, other: str, place: str) -> PlateConflictError:
    first, second = sorted((one, other))
    return PlateConflictError(
        f"two files claim to be {place}: {shown(first)} and {shown(second)}. If they belong to different "
        "acquisitions, name the folder of one of them as the plate; else move one of them away."
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
