"""Numbers and units."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_microscope_operaphenix.units import micrometres, nanometres, number, seconds, whole


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("-0.000645814", "m", -645.814),
        ("0.5", "mm", 500.0),
        ("0.65", "µm", 0.65),
        ("0.65", "μm", 0.65),
        ("650", "nm", 0.65),
        ("1", "", None),
        ("1", None, None),
        ("1", "furlong", None),
        ("1E400", "m", None),
        ("nan", "m", None),
        ("", "m", None),
        (None, "m", None),
    ],
)
def test_lengths(text: str | None, unit: str | None, value: float | None) -> None:
    assert micrometres(text, unit) == value


def test_wavelengths_and_times() -> None:
    assert (nanometres("475", "nm"), nanometres("4.75E-07", "m")) == (475.0, 475.0)
    assert (seconds("20", "ms"), seconds("0.02", "s"), seconds("1", "nm")) == (0.02, 0.02, None)
    assert (number("1e3"), number("inf"), number("x")) == (1000.0, None, None)


@pytest.mark.parametrize("text", ["-1", "1.0", "1_0", "１", "1234567", "", " ", None, "x"])
def test_no_whole_number(text: str | None) -> None:
    assert whole(text) is None


@given(st.floats(-1, 1))
def test_metres_are_micrometres(value: float) -> None:
    found = micrometres(repr(value), "m")
    assert found is not None
    assert math.isclose(found, value * 1e6, rel_tol=1e-11)
