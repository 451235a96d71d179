"""Grid, positions, pixel size and z step, from what the Index says, with the tolerance a stage needs."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

import attrs

from openhcs_host.plates.wording import counted, listed, numbered
from openhcs_microscope_operaphenix.facts import Acquisition

__all__ = ["Geometry", "geometry"]

_FRACTION: Final = 0.05
_LEAST_UM: Final = 0.5
_DECIMALS: Final = 3  # nanometres


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
    problems: tuple[str, ...] = ()
    """Why something is unknown although something is said of it."""


def geometry(acquisition: Acquisition) -> Geometry:
    """Derive the geometry; positions count as equal within 5 % of an image's width, at least 0.5 µm."""
    tolerance = _tolerance(acquisition)
    problems: list[str] = []
    positions, unsteady = _positions(acquisition, tolerance)
    if unsteady:
        problems.append(
            f"{numbered('field', unsteady)} {'lies' if len(unsteady) == 1 else 'lie'} elsewhere in different "
            "wells or planes: no common position and no grid"
        )
    grid = None
    if positions and not unsteady:
        grid, why = _grid(positions, tolerance)
        problems += why
    pixel_size, why = _pixel_size(acquisition)
    problems += why
    z_step, why = _z_step(acquisition)
    problems += why
    return Geometry(
        grid=grid,
        pixel_size_um=pixel_size,
        z_step_um=z_step,
        site_positions_um=positions,
        problems=tuple(problems),
    )


def _tolerance(acquisition: Acquisition) -> float:
    widths = [
        channel.width * channel.pixel_size_x_um
        for channel in acquisition.channels.values()
        if channel.width and channel.pixel_size_x_um
    ]
    return max(_LEAST_UM, _FRACTION * min(widths, default=0.0))


def _positions(
    acquisition: Acquisition, tolerance: float
) -> tuple[dict[int, tuple[float, float]], list[int]]:
    positions, unsteady = {}, []
    for site, (x, y) in acquisition.site_spans_um.items():
        if max(x.width, y.width) > tolerance:
            unsteady.append(site)
        else:
            # Harmony's y grows upward, the contract's downward; "+ 0.0" turns a -0.0 into 0.0.
            positions[site] = (round(x.middle, _DECIMALS) + 0.0, round(-y.middle, _DECIMALS) + 0.0)
    return positions, unsteady


def _grid(
    positions: dict[int, tuple[float, float]], tolerance: float
) -> tuple[tuple[int, int] | None, list[str]]:
    columns = _clusters((x for x, _ in positions.values()), tolerance)
    rows = _clusters((y for _, y in positions.values()), tolerance)
    cells = {(_line(columns, x), _line(rows, y)) for x, y in positions.values()}
    shape = (len(rows), len(columns))
    fields = f"the {counted(len(positions), 'field')} of a well"
    if len(cells) < len(positions):
        return None, [f"{fields} form no grid: some lie at the same place"]
    if len(cells) < shape[0] * shape[1]:
        return None, [
            f"{fields} form no full rectangular grid ({shape[0]} rows by {shape[1]} columns would hold "
            f"{shape[0] * shape[1]}), so the grid is unknown; every field keeps its number and position"
        ]
    for axis, lines in (("columns", columns), ("rows", rows)):
        steps = [upper - lower for lower, upper in pairwise(lines)]
        if steps and max(steps) - min(steps) > 2 * tolerance:
            text = listed(f"{step:.1f}" for step in steps)
            return None, [f"{fields} form no even grid: the {axis} lie {text} µm apart"]
    return shape, []


def _clusters(values: Iterable[float], tolerance: float) -> list[float]:
    """Return the first of each group of values that lie within the tolerance of it."""
    lines: list[float] = []
    for value in sorted(values):
        if not lines or value - lines[-1] > tolerance:
            lines.append(value)
    return lines


def _line(lines: list[float], value: float) -> int:
    """Return the number of the group that holds the value; lines are the lowest of theirs."""
    return bisect.bisect_right(lines, value) - 1


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


def _z_step(acquisition: Acquisition) -> tuple[float | None, list[str]]:
    """Return the distance of planes if all sampled stacks, one for each channel, agree on it."""
    steps = [step for stack in acquisition.stacks_um.values() for step in _steps(stack)]
    if not steps:
        return None, []
    mean = sum(steps) / len(steps)
    # AbsPositionZ is measured, to about 0.1 µm.
    if mean and all(abs(step - mean) <= max(0.05 * abs(mean), 0.1) for step in steps):
        return round(abs(mean), _DECIMALS) or None, []
    text = listed(f"{step:.2f}" for step in steps)
    return None, [f"neighbouring planes have no common distance: {text} µm"]


def _steps(stack: Mapping[int, tuple[float | None, float | None]]) -> Iterator[float]:
    """Return distances of neighbouring planes: nominal ones, else measured ones."""
    for which in (0, 1):
        heights = [(plane, both[which]) for plane, both in sorted(stack.items())]
        steps = [
            high - low
            for (below, low), (above, high) in pairwise(heights)
            if above == below + 1 and low is not None and high is not None
        ]
        if any(steps):
            yield from steps
            return
