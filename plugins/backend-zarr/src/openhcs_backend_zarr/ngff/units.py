"""Units of axes: the names that the specification recommends, from UDUNITS-2."""

from __future__ import annotations

from typing import Final

__all__ = ["SPACE_UNITS", "TIME_UNITS", "micrometers"]

_SMALL: Final = ("yocto", "zepto", "atto", "femto", "pico", "nano", "micro", "milli", "centi", "deci")
_LARGE: Final = ("hecto", "kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta")
_PREFIXES: Final = (*_SMALL, *_LARGE)

SPACE_UNITS: Final = frozenset(
    [
        "angstrom",
        "foot",
        "inch",
        "meter",
        "mile",
        "parsec",
        "yard",
        *(f"{prefix}meter" for prefix in _PREFIXES),
    ]
)
"""Recommended for axes of type space."""

TIME_UNITS: Final = frozenset(
    ["day", "hour", "minute", "second", *(f"{prefix}second" for prefix in _PREFIXES)]
)
"""Recommended for axes of type time."""

# Others write what people write; these spellings leave no doubt.
_MICROMETERS: Final = {
    "picometer": 1e-6,
    "angstrom": 1e-4,
    "nanometer": 1e-3,
    "nm": 1e-3,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "micron": 1.0,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,
    "millimeter": 1e3,
    "mm": 1e3,
    "centimeter": 1e4,
    "meter": 1e6,
}


def micrometers(unit: str | None) -> float | None:
    """Return how many µm a unit of length has, ``None`` if it is not known to be a length."""
    return None if unit is None else _MICROMETERS.get(unit.lower())
