"""The microscope ``imagexpress``: recognises the plates of ImageXpress microscopes and reads them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import attrs

from openhcs_host.contracts.microscopes import (
    Channel,
    Evidence,
    FolderListing,
    MicroscopeHandler,
    PlateReading,
    Projection,
    Skipped,
)
from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import counted, listed, shared_names, shown
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_microscope_imagexpress.completeness import against_description, fits, raggedness
from openhcs_microscope_imagexpress.description import PlateFile, find_description
from openhcs_microscope_imagexpress.detection import evidence
from openhcs_microscope_imagexpress.headers import Physics, projected_problem, sample
from openhcs_microscope_imagexpress.images import Images, assign
from openhcs_microscope_imagexpress.inspection import inspect
from openhcs_microscope_imagexpress.layout import Layout, folder_number, walk
from openhcs_microscope_imagexpress.missing import missing_planes

__all__ = ["ImageXpressHandler"]

OPENHCS_API = 1

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


class ImageXpressHandler(MicroscopeHandler):
    """Reads plates in the layouts of MetaXpress: copies of its database and exports."""

    key = "imagexpress"

    def detect(self, listing: FolderListing) -> Evidence:
        """Say, from names alone, whether the folder is an ImageXpress plate."""
        return evidence(listing)

    def read(self, root: Path, *, deep: bool = False) -> PlateReading:
        """Read the plate below ``root``, writing nothing.

        Raises ``PlateError`` when there is no plane, and ``PlateConflictError`` naming both files
        when two claim one image.
        """
        root = Path(root)
        layout = walk(root)
        images = assign(layout.folders)
        if not images.planes:
            raise PlateError(_nothing(root, layout, images))
        htd = find_description(root, layout.descriptions, _common_prefix(images), every=deep)
        physics = sample(root, images, every=deep)
        channels = _channels(physics, htd)
        missing = missing_planes(images, htd.content, shown(htd.path))
        problems = [*layout.problems, *images.problems, *htd.problems, *raggedness(images)]
        if htd.path is not None:
            problems += [*against_description(images, htd.content, shown(htd.path)), *missing.problems]
        problems += [*shared_names(channels), *physics.problems]
        if deep:
            problems += inspect(root, images)
        else:
            problems += [*physics.unreadable, *projected_problem(physics.projected)]
        return PlateReading(
            microscope=self.key,
            root=root,
            plate_name=_plate_name(root, layout, images, htd, physics),
            planes=images.planes,
            projections=tuple(Projection(*place, path) for place, path in images.projections.items()),
            missing=missing.planes,
            channels=channels,
            plate_shape=_plate_shape(images, htd),
            plate_type=htd.content.plate_type,
            objective=physics.objective,
            started=physics.started,
            time_offsets_s=physics.time_offsets_s,
            grid=htd.content.grid,
            pixel_size_um=physics.pixel_size_um,
            z_step_um=physics.z_step_um,
            site_positions_um=physics.site_positions_um,
            well_site_positions_um=physics.well_site_positions_um,
            z_positions_um=physics.z_positions_um,
            skipped=Skipped(layout.thumbnails, len(images.projections), layout.unrecognised),
            problems=tuple(problems),
        )


def _common_prefix(images: Images) -> str:
    prefix: str = images.prefixes.most_common(1)[0][0]
    # A name that is no text in the file system's encoding holds surrogates, which nothing can print.
    return prefix.encode("utf-8", "replace").decode("utf-8")


def _plate_name(root: Path, layout: Layout, images: Images, htd: PlateFile, physics: Physics) -> str:
    """Return the plate's name as MetaXpress wrote it into names, HTD file or headers, else a folder's."""
    written = _common_prefix(images) or htd.stem or physics.plate_name
    return written or _folder_name(os.path.abspath(root), layout.folders[0].acquisition)


def _folder_name(root: str, acquisition: str) -> str:
    parts = [*Path(root).parts[1:], *acquisition.split("/")] if acquisition else [*Path(root).parts[1:]]
    while parts and folder_number(parts[-1]) != (None, None):
        parts.pop()
    # A database copy is <name>/<date>/<id>: neither the id nor the date is a name.
    if len(parts) > 2 and parts[-1].isdigit() and _DATE.match(parts[-2]):
        parts = parts[:-2]
    return parts[-1] if parts else os.path.basename(root)


def _plate_shape(images: Images, htd: PlateFile) -> tuple[int, int] | None:
    shape = htd.content.plate_shape
    return shape if shape and all(fits(shape, well) for well in images.planes.by_well) else None


def _channels(physics: Physics, htd: PlateFile) -> dict[int, Channel]:
    """Return every channel that files have, named by the HTD file, else by a header."""
    names = dict(htd.content.wave_names)
    if htd.content.has_waves is False:
        names = dict(zip([1], names.values(), strict=False))
    return {
        number: attrs.evolve(channel, name=names.get(number) or channel.name)
        for number, channel in physics.channels.items()
    }


def _nothing(root: Path, layout: Layout, images: Images) -> str:
    found = [
        counted(number, what)
        for number, what in (
            (len(images.projections), "projection"),
            (layout.thumbnails, "thumbnail"),
            (len(layout.descriptions), "HTD file"),
            (layout.unrecognised, "other file"),
        )
        if number
    ]
    more = f" Also: {'; '.join(layout.problems)}." if layout.problems else ""
    return (
        f"{shown(root)} holds no plane of an ImageXpress plate; planes are named like 'Plate_B02_s1_w1.TIF'. "
        f"Found: {listed(found) or 'nothing'}.{more}"
    )


@hookimpl
def openhcs_create_microscope(key: str) -> ImageXpressHandler:
    """Create the handler of ImageXpress plates."""
    return ImageXpressHandler()
