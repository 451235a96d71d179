"""Heights of planes, and their distance."""

from __future__ import annotations

import pytest

from openhcs_microscope_operaphenix.stacks import Stack, z_positions_um


@pytest.mark.parametrize(
    ("stacks", "heights"),
    [
        ({}, {}),
        ({1: {1: (20.0, 135000.0)}}, {1: 20.0}),
        ({1: {1: (None, 135000.0)}}, {1: 135000.0}),
        ({1: {1: (0.0, 5.0), 2: (2.0, 9.0)}}, {1: 0.0, 2: 2.0}),
        ({1: {1: (0.0, 100.0), 2: (0.0, 101.0)}}, {1: 100.0, 2: 101.0}),
        ({1: {1: (7.0, None), 2: (7.0, None)}}, {}),
        ({1: {2: (3.0, None)}, 2: {1: (0.0, None), 2: (1.0, None)}}, {1: 0.0, 2: 1.0}),
        ({1: {1: (0.0, None), 2: (1.0, None)}, 2: {1: (5.0, None), 2: (6.0, None)}}, {1: 0.0, 2: 1.0}),
    ],
)
def test_nominal_heights_count_before_measured_ones(
    stacks: dict[int, Stack], heights: dict[int, float]
) -> None:
    assert z_positions_um(stacks) == (heights, [])


def test_channels_that_contradict_each_other_leave_heights_unknown() -> None:
    stacks: dict[int, Stack] = {1: {1: (0.0, None), 2: (1.0, None)}, 3: {1: (0.0, None), 2: (2.0, None)}}
    assert z_positions_um(stacks) == (
        {},
        ["the planes of channel 3 lie at other distances than those of other channels"],
    )
