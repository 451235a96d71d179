"""Small facts: spans, wells, times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_microscope_operaphenix.facts import Span, moment_of, well_at


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_a_span_holds_its_values(values: list[float]) -> None:
    span = Span(values[0], values[0])
    for value in values:
        span.add(value)
    assert (span.low, span.high, span.width) == (min(values), max(values), max(values) - min(values))
    assert span.low <= span.middle <= span.high


@pytest.mark.parametrize(
    ("row", "column", "well"),
    [
        ("1", "1", "A01"),
        ("27", "5", "AA05"),
        ("0", "1", None),
        ("703", "1", None),
        (None, "1", None),
        ("x", "1", None),
    ],
)
def test_wells(row: str | None, column: str | None, well: str | None) -> None:
    assert well_at(row, column) == well


def test_a_time_needs_a_zone() -> None:
    assert moment_of("2021-03-29T16:51:44.6444882-04:00") is not None
    assert moment_of("2021-03-29T16:51:44.6444882Z") is not None
    assert (moment_of("2021-03-29T16:51:44"), moment_of("yesterday"), moment_of(None)) == (None, None, None)
