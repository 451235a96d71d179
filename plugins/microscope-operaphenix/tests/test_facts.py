"""Small facts: wells, times."""

from __future__ import annotations

import pytest

from openhcs_microscope_operaphenix.facts import moment_of, well_at


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
