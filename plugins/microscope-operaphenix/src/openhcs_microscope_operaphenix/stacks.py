"""Heights of planes and their distance, from one sampled stack of each channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, TypeAlias

from openhcs_host.plates.wording import listed

__all__ = ["Stack", "z_positions_um", "z_step_um"]

_DECIMALS: Final = 3  # nanometres
# AbsPositionZ is measured, to about 0.1 µm.
_MEASURED_UM: Final = 0.1

Stack: TypeAlias = Mapping[int, tuple[float | None, float | None]]
"""Plane to ``PositionZ``, which is nominal, and ``AbsPositionZ``, which is measured; µm."""


def z_step_um(stacks: Mapping[int, Stack]) -> tuple[float | None, list[str]]:
    """Return the distance of planes if all stacks agree on it, and else why there is none."""
    steps = [step for stack in stacks.values() for step in _steps(_heights(stack))]
    if not any(steps):
        return None, []
    mean = sum(steps) / len(steps)
    if mean and all(abs(step - mean) <= max(0.05 * abs(mean), _MEASURED_UM) for step in steps):
        return round(abs(mean), _DECIMALS) or None, []
    text = listed(f"{step:.2f}" for step in steps)
    return None, [f"neighbouring planes have no common distance: {text} µm"]


def z_positions_um(stacks: Mapping[int, Stack]) -> tuple[dict[int, float], list[str]]:
    """Return plane to height, of the channel that has most planes, if the others do not contradict it.

    A channel may be focused higher than another: only differences count.
    """
    heights = {channel: _heights(stack) for channel, stack in sorted(stacks.items())}
    model = max(heights.values(), key=len, default={})
    for channel, own in heights.items():
        shifts = [own[plane] - model[plane] for plane in own if plane in model]
        if shifts and max(shifts) - min(shifts) > 2 * _MEASURED_UM:
            return {}, [
                f"the planes of channel {channel} lie at other distances than those of other channels"
            ]
    return {plane: round(height, _DECIMALS) + 0.0 for plane, height in model.items()}, []


def _heights(stack: Stack) -> dict[int, float]:
    """Return nominal heights if they say anything, else measured ones."""
    found: dict[int, float] = {}
    for which in (0, 1):
        heights = {
            plane: height for plane, both in sorted(stack.items()) if (height := both[which]) is not None
        }
        if len(set(heights.values())) > 1:
            return heights
        found = found or heights
    # A height that all planes share is that of the focus, unless there is but one plane.
    return found if len(found) == 1 else {}


def _steps(heights: Mapping[int, float]) -> Iterator[float]:
    for (below, low), (above, high) in pairwise(heights.items()):
        if above == below + 1:
            yield high - low
