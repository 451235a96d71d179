"""Colours: a scale that everybody tells apart, channels by their light, labels at random but always the same."""

from __future__ import annotations

import colorsys
import itertools
import re
from typing import Any, Final, TypeAlias

import numpy as np

from openhcs_host.contracts.microscopes import Channel

__all__ = [
    "LEVELS",
    "RGB",
    "channel_colour",
    "channel_palette",
    "hexadecimal",
    "ink_on",
    "label_palette",
    "scale",
]

RGB: TypeAlias = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
LEVELS: Final = 64
"""Colours of a thumbnail; more could not be told apart, and would only make it larger."""

# Ten colours of viridis (van der Walt and Smith, CC0), dark to light: even for every kind of sight, and in grey.
_VIRIDIS: Final = (
    "440154",
    "482878",
    "3e4989",
    "31688e",
    "26828e",
    "1f9e89",
    "35b779",
    "6ece58",
    "b5de2b",
    "fde725",
)
_BY_EMISSION: Final = (
    (490.0, "5b8dff"),
    (560.0, "3ddc5a"),
    (600.0, "ffb02e"),
    (680.0, "ff4b3e"),
    (2000.0, "e05cff"),
)
_BY_NAME: Final = (
    (re.compile(r"dapi|hoechst|bfp", re.IGNORECASE), "5b8dff"),
    (re.compile(r"fitc|gfp|alexa.?488", re.IGNORECASE), "3ddc5a"),
    (re.compile(r"tritc|cy3|alexa.?5[56]", re.IGNORECASE), "ffb02e"),
    (re.compile(r"texas|mcherry|rfp|alexa.?594", re.IGNORECASE), "ff4b3e"),
    (re.compile(r"cy5|alexa.?6", re.IGNORECASE), "e05cff"),
)
_GREY: Final = "ffffff"


def scale(fraction: float) -> RGB:
    """Return the colour at ``fraction`` of the scale, 0 dark to 1 light."""
    position = min(max(fraction, 0.0), 1.0) * (len(_VIRIDIS) - 1)
    below = min(int(position), len(_VIRIDIS) - 2)
    low, high = (_parsed(stop) for stop in _VIRIDIS[below : below + 2])
    part = position - below
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def hexadecimal(colour: RGB) -> str:
    """Return a colour as HTML writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def ink_on(colour: RGB) -> str:
    """Return black or white, whichever is read better on ``colour``."""
    linear = (part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour)
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # The luminance at which WCAG's contrast ratio to black equals that to white.
    return "#000000" if luminance > 0.179 else "#ffffff"


def channel_colour(channel: Channel) -> RGB:
    """Return the display colour of a channel: its own, else by emission, else by a usual name, else white."""
    if channel.color and re.fullmatch("[0-9A-Fa-f]{6}", channel.color):
        return _parsed(channel.color)
    if channel.emission_nm is not None:
        return _parsed(next((colour for end, colour in _BY_EMISSION if channel.emission_nm < end), _GREY))
    named = (colour for pattern, colour in _BY_NAME if channel.name and pattern.search(channel.name))
    return _parsed(next(named, _GREY))


def channel_palette(colour: RGB) -> np.ndarray[Any, Any]:
    """Return ``LEVELS`` colours from black to ``colour``, uint8 ``[LEVELS, 3]``."""
    steps = np.linspace(0.0, 1.0, LEVELS)[:, np.newaxis] * np.array(colour, np.float64)
    palette: np.ndarray[Any, Any] = np.rint(steps).astype(np.uint8)
    return palette


def label_palette() -> np.ndarray[Any, Any]:
    """Return black and ``LEVELS - 1`` vivid colours, uint8 ``[LEVELS, 3]``; neighbours differ much."""
    # Steps of the golden ratio around the circle of hues keep every few consecutive ones far apart.
    hues = (number * 0.6180339887 % 1.0 for number in range(LEVELS - 1))
    values = itertools.cycle((1.0, 0.8, 0.9))
    colours = [colorsys.hsv_to_rgb(hue, 0.65, value) for hue, value in zip(hues, values, strict=False)]
    palette: np.ndarray[Any, Any] = np.rint(np.array([(0.0, 0.0, 0.0), *colours]) * 255).astype(np.uint8)
    return palette


def _parsed(text: str) -> RGB:
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)
