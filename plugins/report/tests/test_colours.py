"""Colours that compare: even for every sight, channels by their light, labels stable."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from openhcs_host.contracts.microscopes import Channel
from openhcs_report.colours import (
    LEVELS,
    channel_colour,
    channel_palette,
    hexadecimal,
    ink_on,
    label_palette,
    scale,
)


def luminance(colour) -> float:
    return float(np.dot(colour, (0.2126, 0.7152, 0.0722)))


def test_the_scale_begins_and_ends_as_viridis_and_grows_lighter_all_the_way():
    assert (hexadecimal(scale(0.0)), hexadecimal(scale(1.0))) == ("#440154", "#fde725")
    lights = [luminance(scale(part / 200)) for part in range(201)]
    # Lightness alone tells values apart, so that it also does without colour vision, and in grey print.
    assert all(after >= before - 0.5 for before, after in itertools.pairwise(lights))
    assert lights[-1] - lights[0] > 150
    assert (scale(-3), scale(7)) == (scale(0), scale(1))


def test_what_stands_on_a_colour_can_be_read():
    assert (ink_on((0, 0, 0)), ink_on((255, 255, 255))) == ("#ffffff", "#000000")
    assert (ink_on(scale(0.0)), ink_on(scale(1.0))) == ("#ffffff", "#000000")


@pytest.mark.parametrize(
    ("channel", "colour"),
    [
        (Channel(color="FF8000", emission_nm=450.0), "#ff8000"),
        (Channel(color="red", emission_nm=450.0), "#5b8dff"),
        (Channel(name="DAPI"), "#5b8dff"),
        (Channel(name="DAPI", emission_nm=525.0), "#3ddc5a"),
        (Channel(emission_nm=617.0), "#ff4b3e"),
        (Channel(name="FITC 05"), "#3ddc5a"),
        (Channel(name="Cy5"), "#e05cff"),
        (Channel(name="Transmitted"), "#ffffff"),
        (Channel(), "#ffffff"),
    ],
)
def test_a_channel_has_its_own_colour_or_that_of_its_light_or_of_its_name(channel, colour):
    assert hexadecimal(channel_colour(channel)) == colour


def test_a_channel_goes_from_black_to_its_colour():
    palette = channel_palette((90, 0, 255))
    assert palette.shape == (LEVELS, 3) and palette.dtype == np.uint8
    assert palette[0].tolist() == [0, 0, 0] and palette[-1].tolist() == [90, 0, 255]


def test_labels_have_distinct_colours_far_from_their_neighbours_and_always_the_same():
    palette = label_palette().astype(int)
    assert palette[0].tolist() == [0, 0, 0]
    assert len({tuple(colour) for colour in palette.tolist()}) == LEVELS
    assert np.abs(np.diff(palette[1:], axis=0)).sum(axis=1).min() > 80
    assert np.array_equal(label_palette(), palette)
