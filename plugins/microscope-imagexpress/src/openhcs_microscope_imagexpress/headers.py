"""A few image headers, chosen well, and the physical facts they give the plate."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.contracts.microscopes import Planes
from openhcs_host.plates.wording import counted, listed, numbered, shown
from openhcs_microscope_imagexpress.images import Images
from openhcs_microscope_imagexpress.metaseries import HeaderError, ImageHeader, MetaSeries, read_header

__all__ = ["STILL_PLANES", "Physics", "Sampler", "projected_problem", "sample"]

_MOST_HEADERS: Final = 256
_TRIES: Final = 3
_SITE, _CHANNEL = 0, 1  # positions in the places of planes
STILL_PLANES: Final = "they stand where planes stand and are read as planes"
"""Why a projection is not kept apart: ``docs/contracts/microscopes.md``."""


class Sampler:
    """Opens headers by plate-relative path, each once and not more than a bounded number."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._headers: dict[str, ImageHeader | None] = {}
        self.failures: list[str] = []
        self.exhausted = False

    def header(self, path: str) -> ImageHeader | None:
        """Return the header of an image, ``None`` if it cannot be read or enough were opened."""
        if path not in self._headers:
            if len(self._headers) >= _MOST_HEADERS:
                self.exhausted = True
                return None
            try:
                self._headers[path] = read_header(os.path.join(self._root, path))
            except HeaderError as error:
                self._headers[path] = None
                self.failures.append(f"{shown(path)} ({error.reason})")
        return self._headers[path]

    def first(self, paths: Iterable[str]) -> ImageHeader | None:
        """Return the first header that can be read, of a few tries."""
        headers = (self.header(path) for path in islice(paths, _TRIES))
        return next((header for header in headers if header is not None), None)

    def opened(self) -> Iterator[tuple[str, ImageHeader]]:
        """Return every header that was read, with its path."""
        return ((path, header) for path, header in self._headers.items() if header is not None)

    def problems(self) -> Iterator[str]:
        """Return what the headers themselves have against them."""
        if self.failures:
            number = f"{len(self.failures)} of the {counted(len(self._headers), 'header')} opened"
            yield f"{number} cannot be read: {listed(self.failures)}"
        if self.exhausted:
            yield (
                f"the plate has so many channels and sites that only {_MOST_HEADERS} headers were opened; names "
                "and positions of the others are unknown"
            )
        broken = [f"{shown(path)} ({header.problem})" for path, header in self.opened() if header.problem]
        if broken:
            yield f"headers whose MetaSeries XML cannot be read: {listed(broken)}"


@attrs.frozen(kw_only=True)
class Physics:
    """What the headers say of the plate."""

    channel_names: dict[int, str | None]
    """Every channel of planes and projections to its name."""
    pixel_size_um: float | None
    """Edge of a pixel, µm."""
    z_step_um: float | None
    """Distance of neighbouring planes, µm."""
    site_positions_um: dict[int, tuple[float, float]]
    """Site to offset from the well's centre, µm."""
    plate_name: str | None
    """Name of the plate."""
    projected: dict[int, str]
    """Channels whose sampled plane calls itself a projection, to the method."""
    unreadable: tuple[str, ...]
    """Headers that could not be read."""
    problems: tuple[str, ...]
    """What the headers contradict among themselves."""


def sample(root: Path, images: Images) -> Physics:
    """Open one header per channel and per site, and a few planes of one stack."""
    sampler = Sampler(root)
    names, projected = _channels(sampler, images)
    positions = _positions(sampler, images)
    z_step, z_problems = _z_step(sampler, images)
    pixel_size, pixel_problems = _pixel_size(sampler)
    found = [header.metaseries.plate_name for _, header in sampler.opened()]
    return Physics(
        channel_names=names,
        pixel_size_um=pixel_size,
        z_step_um=z_step,
        site_positions_um=positions,
        plate_name=next((name for name in found if name), None),
        projected=projected,
        unreadable=tuple(sampler.problems()),
        problems=(*pixel_problems, *z_problems),
    )


def _channels(sampler: Sampler, images: Images) -> tuple[dict[int, str | None], dict[int, str]]:
    names: dict[int, str | None] = {}
    projected: dict[int, str] = {}
    of_planes = _few_of_each(images.planes, _CHANNEL)
    of_projections: dict[int, list[str]] = {}
    for (_, _, channel, _), path in images.projections.items():
        of_projections.setdefault(channel, []).append(path)
    for channel in sorted(of_planes.keys() | of_projections.keys()):
        found = sampler.first(of_planes.get(channel) or of_projections[channel])
        series = found.metaseries if found else MetaSeries()
        names[channel] = series.channel_name
        if series.projection and channel in of_planes:
            projected[channel] = series.projection
    return names, projected


def _positions(sampler: Sampler, images: Images) -> dict[int, tuple[float, float]]:
    positions = {}
    for site, paths in sorted(_few_of_each(images.planes, _SITE).items()):
        found = sampler.first(paths)
        offset = found.metaseries.offset_um if found else None
        if offset is not None:
            # The stage is accurate to about 0.1 µm; "+ 0.0" turns the -0.0 of rounding into 0.0.
            positions[site] = (round(offset[0], 3) + 0.0, round(offset[1], 3) + 0.0)
    return positions


def _few_of_each(planes: Planes, position: int) -> dict[int, list[str]]:
    """Return for each number at one position of the places the first few paths."""
    paths: dict[int, list[str]] = {place[position]: [] for place in planes.places}
    missing = len(paths) * _TRIES
    for places in planes.by_well.values():
        if not missing:
            break  # mostly after the first well of hundreds
        for place, path in places.items():
            few = paths[place[position]]
            if len(few) < _TRIES:
                few.append(path)
                missing -= 1
    return paths


def _pixel_size(sampler: Sampler) -> tuple[float | None, list[str]]:
    sizes: dict[float, str] = {}
    for path, header in sampler.opened():
        series = header.metaseries
        x, y = series.pixel_size_x_um, series.pixel_size_y_um
        if x and y and series.pixel_size_um is None:
            return None, [f"pixels are not square: {x} µm by {y} µm in {shown(path)}"]
        if series.pixel_size_um is not None:
            sizes.setdefault(series.pixel_size_um, path)
    if not sizes:
        return None, []
    first = next(iter(sizes))
    if all(math.isclose(size, first, rel_tol=1e-3) for size in sizes):
        return first, []
    examples = listed(f"{size} µm in {shown(path)}" for size, path in sizes.items())
    return None, [f"the images differ in pixel size: {examples}"]


def _z_step(sampler: Sampler, images: Images) -> tuple[float | None, list[str]]:
    stack = _stack(images.planes)
    if len(stack) < 2:
        return None, []
    projection = sampler.first(images.projections.values())
    if projection and projection.metaseries.projection_step_um:
        return round(projection.metaseries.projection_step_um, 2) or None, []
    heights = [_height(sampler, path) for path in stack]
    steps = [upper - lower for lower, upper in pairwise(heights) if lower is not None and upper is not None]
    if not steps:
        return None, []
    mean = sum(steps) / len(steps)
    if mean and all(0.5 < step / mean < 1.5 for step in steps):
        return round(abs(mean), 2) or None, []
    where = shown(stack[0])
    text = ", ".join(f"{step:.2f}" for step in steps)
    return None, [f"neighbouring planes have no common distance: {text} µm from {where} upward"]


def _height(sampler: Sampler, path: str) -> float | None:
    header = sampler.header(path)
    series = header.metaseries if header else MetaSeries()
    return series.z_um


def _stack(planes: Planes) -> list[str]:
    """Return up to three neighbouring planes of one position."""
    if len({z_index for _, _, z_index, _ in planes.places}) < 2:
        return []
    for places in planes.by_well.values():
        for site, channel, z_index, timepoint in places:
            stack = [(site, channel, z_index + n, timepoint) for n in range(3)]
            if stack[1] in places:
                return [places[place] for place in stack if place in places]
    return []


def projected_problem(projected: dict[int, str]) -> Iterator[str]:
    """Say which channels' planes call themselves projections."""
    for method in sorted(set(projected.values())):
        channels = numbered("channel", (channel for channel, value in projected.items() if value == method))
        yield f"by their header, the planes of {channels} are projections ({shown(method)}); {STILL_PLANES}"
