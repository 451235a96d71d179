"""The heights of planes, by the headers of one stack."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import attrs

from openhcs_host.contracts.microscopes import Planes
from openhcs_host.plates.wording import listed, shown
from openhcs_microscope_imagexpress.images import Images
from openhcs_microscope_imagexpress.sampling import Sampler

__all__ = ["Stack", "read_stack"]


@attrs.frozen
class Stack:
    """What is known of the planes' heights."""

    z_positions_um: dict[int, float]
    """Plane to its height in one stack, µm, upward."""
    z_step_um: float | None
    """Distance of neighbouring planes, µm."""
    problems: tuple[str, ...] = ()
    """What does not agree."""


def read_stack(sampler: Sampler, images: Images) -> Stack:
    """Open the headers of one stack, the tallest of the first well that has any."""
    paths = _tallest(images.planes)
    if len(paths) < 2:
        return Stack({}, None)
    heights = {z: height for z, path in paths.items() if (height := _height(sampler, path, z)) is not None}
    step, problems = _step(heights, next(iter(paths.values())))
    projection = sampler.first(images.projections.values())
    told = projection.metaseries.projection_step_um if projection else None
    if told is None or problems:
        return Stack(heights, step, problems)
    if step is not None and not 0.8 < told / step < 1.25:
        text = f"a projection says that planes are {told:.2f} µm apart, and their heights say {step:.2f} µm"
        return Stack(heights, None, (text,))
    return Stack(heights, round(told, 2) or None)


def _tallest(planes: Planes) -> dict[int, str]:
    """Return z to path in one stack."""
    if len({z_index for _, _, z_index, _ in planes.places}) < 2:
        return {}
    for places in planes.by_well.values():
        sizes = Counter((site, channel, timepoint) for site, channel, _, timepoint in places)
        tallest, size = sizes.most_common(1)[0]
        if size > 1:
            return {z: path for (s, c, z, t), path in places.items() if (s, c, t) == tallest}
    return {}


def _height(sampler: Sampler, path: str, z_index: int) -> float | None:
    series = sampler.metaseries(path)
    # A filled copy keeps the height and the number of the plane that it is a copy of.
    copied = series.z_step not in (None, z_index)
    return None if copied or series.z_um is None else round(series.z_um, 3)


def _step(heights: dict[int, float], where: str) -> tuple[float | None, tuple[str, ...]]:
    steps = [
        heights[upper] - heights[lower] for lower, upper in pairwise(sorted(heights)) if upper == lower + 1
    ]
    if not steps:
        return None, ()
    mean = sum(steps) / len(steps)
    if mean and all(0.5 < step / mean < 1.5 for step in steps):
        return round(abs(mean), 2) or None, ()
    text = listed(f"{step:.2f}" for step in steps)
    return None, (f"neighbouring planes have no common distance: {text} µm from {shown(where)} upward",)
