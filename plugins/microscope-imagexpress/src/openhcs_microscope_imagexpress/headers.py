"""A few image headers, chosen well, and the physical facts they give the plate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_host.plates.wording import listed, numbered, shown
from openhcs_microscope_imagexpress.images import Images
from openhcs_microscope_imagexpress.metaseries import MetaSeries
from openhcs_microscope_imagexpress.positions import site_positions
from openhcs_microscope_imagexpress.sampling import Sampler, few_of_each
from openhcs_microscope_imagexpress.stacks import read_stack
from openhcs_microscope_imagexpress.times import read_times

__all__ = ["STILL_PLANES", "Physics", "projected_problem", "sample"]

# The maker's names state the magnification first: "20X Plan Apo Lambda".
_MAGNIFICATION: Final = re.compile(r"\s*([0-9]{1,4}(?:\.[0-9]{1,3})?)\s*[xX]\b")
STILL_PLANES: Final = "they stand where planes stand and are read as planes"
"""Why a projection is not kept apart: ``docs/contracts/microscopes.md``."""


@attrs.frozen(kw_only=True)
class Physics:
    """What the headers say of the plate."""

    channels: dict[int, Channel]
    """Every channel of planes and projections."""
    objective: Objective | None
    """The objective, if the headers agree on it."""
    started: datetime | None
    """Local time of the first image."""
    time_offsets_s: dict[int, float]
    """Time point to seconds since the first one began."""
    pixel_size_um: float | None
    """Edge of a pixel, µm."""
    z_step_um: float | None
    """Distance of neighbouring planes, µm."""
    z_positions_um: dict[int, float]
    """Plane to height in one stack, µm."""
    site_positions_um: dict[int, tuple[float, float]]
    """Site to offset from the well's centre, µm."""
    well_site_positions_um: dict[tuple[str, int], tuple[float, float]]
    """Well and site to its offset, for those that lie elsewhere."""
    plate_name: str | None
    """Name of the plate."""
    projected: dict[int, str]
    """Channels whose sampled plane calls itself a projection, to the method."""
    unreadable: tuple[str, ...]
    """Headers that could not be read."""
    problems: tuple[str, ...]
    """What the headers contradict among themselves."""


def sample(root: Path, images: Images, *, every: bool = False) -> Physics:
    """Open a few headers: of each channel, site, time point and of one stack; of each well too if ``every``."""
    sampler = Sampler(root, every=every)
    channels, projected = _channels(sampler, images)
    positions = site_positions(sampler, images.planes, every)
    stack = read_stack(sampler, images)
    times = read_times(sampler, images.planes)
    pixel_size, pixel_problems = _pixel_size(sampler)
    objective, objective_problems = _objective(sampler)
    found = [header.metaseries.plate_name for _, header in sampler.opened()]
    return Physics(
        channels=channels,
        objective=objective,
        started=times.started,
        time_offsets_s=times.offsets_s,
        pixel_size_um=pixel_size,
        z_step_um=stack.z_step_um,
        z_positions_um=stack.z_positions_um,
        site_positions_um=positions.sites,
        well_site_positions_um=positions.elsewhere,
        plate_name=next((name for name in found if name), None),
        projected=projected,
        unreadable=tuple(sampler.problems()),
        problems=(
            *pixel_problems,
            *objective_problems,
            *stack.problems,
            *positions.problems,
            *times.problems,
        ),
    )


def _channels(sampler: Sampler, images: Images) -> tuple[dict[int, Channel], dict[int, str]]:
    channels: dict[int, Channel] = {}
    projected: dict[int, str] = {}
    of_planes = few_of_each(images.planes, 1)
    of_projections: dict[int, list[str]] = {}
    for (_, _, channel, _), path in images.projections.items():
        of_projections.setdefault(channel, []).append(path)
    for channel in sorted(of_planes.keys() | of_projections.keys()):
        found = sampler.first(of_planes.get(channel) or of_projections[channel])
        series = found.metaseries if found else MetaSeries()
        channels[channel] = Channel(
            name=series.channel_name, emission_nm=series.wavelength_nm, exposure_ms=series.exposure_ms
        )
        if series.projection and channel in of_planes:
            projected[channel] = series.projection
    return channels, projected


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


def _objective(sampler: Sampler) -> tuple[Objective | None, list[str]]:
    names: dict[str, str] = {}
    apertures: dict[float, str] = {}
    for path, header in sampler.opened():
        series = header.metaseries
        if series.objective:
            names.setdefault(series.objective, path)
        if series.numerical_aperture:
            apertures.setdefault(series.numerical_aperture, path)
    if len(names) > 1 or len(apertures) > 1:
        said = (
            [*(f"{shown(name)} in {shown(path)}" for name, path in names.items())] if len(names) > 1 else []
        )
        said += (
            [f"NA {na:g} in {shown(path)}" for na, path in apertures.items()] if len(apertures) > 1 else []
        )
        return None, [f"the images differ in their objective: {listed(said)}"]
    if not names and not apertures:
        return None, []
    name = next(iter(names), None)
    stated = _MAGNIFICATION.match(name or "")
    magnification = float(stated[1]) if stated else 0.0
    return (
        Objective(
            name=name,
            magnification=magnification or None,
            numerical_aperture=next(iter(apertures), None),
        ),
        [],
    )


def projected_problem(projected: dict[int, str]) -> Iterator[str]:
    """Say which channels' planes call themselves projections."""
    for method in sorted(set(projected.values())):
        channels = numbered("channel", (channel for channel, value in projected.items() if value == method))
        yield f"by their header, the planes of {channels} are projections ({shown(method)}); {STILL_PLANES}"
