"""Grid, positions, pixel size and z step, from what the Index says, with the tolerance a stage needs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import attrs

from openhcs_host.plates.wording import counted, listed
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.positions import line, lines, positions
from openhcs_microscope_operaphenix.stacks import z_positions_um, z_step_um

__all__ = ["Geometry", "geometry", "tolerance_um"]

_FRACTION: Final = 0.05
_LEAST_UM: Final = 0.5


@attrs.frozen(kw_only=True)
class Geometry:
    """The geometry of a plate; ``None`` or empty where nothing consistent is said."""

    grid: tuple[int, int] | None = None
    """Sites per well as (rows, columns), if they form a full rectangular grid."""
    pixel_size_um: float | None = None
    """Edge of a pixel, µm."""
    z_step_um: float | None = None
    """Distance of neighbouring planes, µm."""
    site_positions_um: dict[int, tuple[float, float]] = attrs.field(factory=dict)
    """Site to its offset from the well centre (x, y), µm; y grows downward, as in an image."""
    well_site_positions_um: dict[tuple[str, int], tuple[float, float]] = attrs.field(factory=dict)
    """(well, site) to its offset, where that is another than in most wells."""
    z_positions_um: dict[int, float] = attrs.field(factory=dict)
    """Plane to its height, µm, upward."""
    problems: tuple[str, ...] = ()
    """Why something is unknown although something is said of it."""


def geometry(acquisition: Acquisition) -> Geometry:
    """Derive the geometry; positions count as equal within 5 % of an image's width, at least 0.5 µm."""
    tolerance = tolerance_um(acquisition)
    problems: list[str] = []
    found = positions(acquisition.positions_um, tolerance)
    problems += found.problems
    grid = None
    if found.common and not found.problems:
        grid, why = _grid(found.common, tolerance)
        problems += why
    pixel_size, why = _pixel_size(acquisition)
    problems += why
    z_step, why = z_step_um(acquisition.stacks_um)
    problems += why
    heights, why = z_positions_um(acquisition.stacks_um)
    problems += why
    return Geometry(
        grid=grid,
        pixel_size_um=pixel_size,
        z_step_um=z_step,
        site_positions_um=found.common,
        well_site_positions_um=found.elsewhere,
        z_positions_um=heights,
        problems=tuple(problems),
    )


def tolerance_um(acquisition: Acquisition) -> float:
    """Return how far apart two positions may lie and still be one: 5 % of an image's width, at least 0.5 µm."""
    widths = [
        channel.width * channel.pixel_size_x_um
        for channel in acquisition.channels.values()
        if channel.width and channel.pixel_size_x_um
    ]
    return max(_LEAST_UM, _FRACTION * min(widths, default=0.0))


def _grid(
    positions: dict[int, tuple[float, float]], tolerance: float
) -> tuple[tuple[int, int] | None, list[str]]:
    columns = lines((x for x, _ in positions.values()), tolerance)
    rows = lines((y for _, y in positions.values()), tolerance)
    cells = {(line(columns, x), line(rows, y)) for x, y in positions.values()}
    shape = (len(rows), len(columns))
    fields = f"the {counted(len(positions), 'field')} of a well"
    if len(cells) < len(positions):
        return None, [f"{fields} form no grid: some lie at the same place"]
    if len(cells) < shape[0] * shape[1]:
        return None, [
            f"{fields} form no full rectangular grid ({shape[0]} rows by {shape[1]} columns would hold "
            f"{shape[0] * shape[1]}), so the grid is unknown; every field keeps its number and position"
        ]
    for axis, places in (("columns", columns), ("rows", rows)):
        steps = [upper - lower for lower, upper in pairwise(places)]
        if steps and max(steps) - min(steps) > 2 * tolerance:
            text = listed(f"{step:.1f}" for step in steps)
            return None, [f"{fields} form no even grid: the {axis} lie {text} µm apart"]
    return shape, []


def _pixel_size(acquisition: Acquisition) -> tuple[float | None, list[str]]:
    sizes: dict[float, int] = {}
    for number, channel in acquisition.channels.items():
        x, y = channel.pixel_size_x_um, channel.pixel_size_y_um
        if x is None or y is None:
            continue
        if not math.isclose(x, y, rel_tol=1e-3):
            return None, [f"pixels of channel {number} are not square: {x:g} µm by {y:g} µm"]
        sizes.setdefault(x, number)
    if not sizes:
        return None, []
    first = next(iter(sizes))
    if all(math.isclose(size, first, rel_tol=1e-3) for size in sizes):
        return first, []
    examples = listed(f"{size:g} µm in channel {number}" for size, number in sizes.items())
    return None, [f"the channels differ in pixel size: {examples}"]
