"""Distributions lose no value."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openhcs_report.histogram import Histogram, counted_in_bins, histogram


@given(st.lists(st.floats()), st.integers(1, 50))
def test_every_finite_value_is_counted_once(values, bins):
    data = counted_in_bins(values, bins)
    assert sum(data.counts) == sum(map(math.isfinite, values))
    assert len(data.edges) == len(data.counts) + 1


def test_bins_are_of_equal_width_between_the_least_and_the_greatest():
    assert counted_in_bins([0, 1, 1, 9, 10], 5) == Histogram((3, 0, 0, 0, 2), (0.0, 2.0, 4.0, 6.0, 8.0, 10.0))
    assert counted_in_bins([7, 7], 5) == Histogram((2,), (7.0, 7.0))


def test_bars_are_as_high_as_their_counts_or_logarithms_and_name_them():
    data = Histogram((8, 0, 4), (0.0, 1.0, 2.0, 3.0))
    linear, logarithmic = histogram(data, "x", "µm"), histogram(data, "x", logarithmic=True)
    heights = [
        [float(bar.get("height")) for bar in drawing.findall("rect")] for drawing in (linear, logarithmic)
    ]
    assert heights[0] == [70.0, 35.0]
    assert np.isclose(heights[1][1] / heights[1][0], math.log(5) / math.log(9), atol=0.001)
    assert [bar.find("title").text for bar in linear.findall("rect")] == ["0 to 1: 8", "2 to 3: 4"]
    assert linear.find("title").text == "Distribution of x: 12 values, from 0 µm to 3 µm"


def test_nothing_at_all_is_an_empty_axis():
    assert histogram(counted_in_bins([], 5), "x").findall("rect") == []
