"""Numbers with the units that the Index writes beside them (``Unit="m"``)."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["micrometres", "nanometres", "number", "seconds", "whole"]

_MICROMETRES: Final = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "nm": 1e-3,
    "pm": 1e-6,
}
_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "μs": 1e-6, "us": 1e-6, "min": 60.0, "h": 3600.0}
_LONGEST: Final = 6


def micrometres(text: str | None, unit: str | None) -> float | None:
    """Return a length in µm; ``None`` without a usable number or unit, for nothing is guessed."""
    return _scaled(text, _MICROMETRES.get(unit or ""))


def nanometres(text: str | None, unit: str | None) -> float | None:
    """Return a length in nm, ``None`` like ``micrometres``."""
    scale = _MICROMETRES.get(unit or "")
    return _scaled(text, None if scale is None else scale * 1e3)


def seconds(text: str | None, unit: str | None) -> float | None:
    """Return a duration in seconds, ``None`` like ``micrometres``."""
    return _scaled(text, _SECONDS.get(unit or ""))


def number(text: str | None) -> float | None:
    """Return a finite number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str | None) -> int | None:
    """Return a number from 0 that has at most six digits, as every number of a plate does."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None


def _scaled(text: str | None, scale: float | None) -> float | None:
    value = number(text)
    if value is None or scale is None or not math.isfinite(value * scale):
        return None
    # 5.98e-07 m are 0.598 µm, not 0.5980000000000001: twelve digits are more than any stage has.
    return float(f"{value * scale:.12g}")
