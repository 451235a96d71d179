"""A plate as a heat map in SVG: one cell per physical well."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from xml.etree.ElementTree import Element

import attrs

from openhcs_host.contracts.images import well_name
from openhcs_report.colours import hexadecimal, ink_on, scale
from openhcs_report.markup import element

__all__ = ["PlateState", "heat_map"]

_PITCH: Final = 24
"""Distance of wells, in units of the drawing."""
_HEAD: Final = 20
"""Room for the letters of rows and the numbers of columns."""
_STEPS: Final = 48
"""Rectangles that make up the scale."""
_NUMBERS_UP_TO: Final = 96
"""Plates with more wells have no room for numbers in them."""


@attrs.frozen
class PlateState:
    """What is known of the wells of a plate, whatever is measured."""

    shape: tuple[int, int]
    """Rows and columns of the physical plate."""
    worked: Collection[str]
    """Wells that the run worked on."""
    failed: Mapping[str, str]
    """Wells that failed, and why."""


def heat_map(
    plate: PlateState, values: Mapping[str, float], texts: Mapping[str, str], label: str, unit: str = ""
) -> Element:
    """Draw finite ``values`` by well, linearly between the least and the greatest.

    Each cell's title gives the well and its text. A well without a value is an empty outline, dashed if
    the run worked on it; a failed one is crossed.
    """
    rows, columns = plate.shape
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    numbers = rows * columns <= _NUMBERS_UP_TO
    width, height = _HEAD + columns * _PITCH + 4, _HEAD + rows * _PITCH
    cells = [
        _cell(plate, well_name(row, column), row, column, values, texts, (low, high), numbers)
        for row in range(1, rows + 1)
        for column in range(1, columns + 1)
    ]
    return element(
        "svg",
        element("title", _summary(label, unit, values)),
        *_heads(rows, columns),
        *cells,
        *(_legend(low, high, unit, width, height) if values else ()),
        viewBox=f"0 0 {width} {height + 34}",
        role="img",
        class_="plate",
        # Wells are as large on every plate, unless the page is too narrow.
        style=f"max-width:{max(width * 1.4, 240):.0f}px",
    )


def _cell(
    plate: PlateState,
    well: str,
    row: int,
    column: int,
    values: Mapping[str, float],
    texts: Mapping[str, str],
    limits: tuple[float, float],
    numbers: bool,
) -> Element:
    x, y = _HEAD + (column - 1) * _PITCH, _HEAD + (row - 1) * _PITCH
    inside = {"x": x + 1, "y": y + 1, "width": _PITCH - 2, "height": _PITCH - 2, "rx": 3}
    value = values.get(well)
    parts: list[Element] = []
    if value is not None:
        colour = scale(_fraction(value, *limits))
        said = texts.get(well, f"{value:g}")
        parts.append(element("rect", **inside, class_="value", fill=hexadecimal(colour)))
        if numbers:
            place = {"x": x + _PITCH / 2, "y": y + _PITCH / 2 + 2.5}
            parts.append(element("text", _short(value), **place, class_="number", fill=ink_on(colour)))
    else:
        said = "no value" if well in plate.worked else "not in this run"
        parts.append(element("rect", **inside, class_="empty" if well in plate.worked else "off"))
    if well in plate.failed:
        said = f"failed, {plate.failed[well]}" if value is None else f"{said}; failed, {plate.failed[well]}"
        a, b, c, d = x + 4, x + _PITCH - 4, y + 4, y + _PITCH - 4
        line = f"M{a} {c}L{b} {d}M{b} {c}L{a} {d}"
        # A cross is seen on every colour of the scale because it lies on a wider one in the paper's.
        parts += [element("path", d=line, class_="casing"), element("path", d=line, class_="cross")]
    return element("g", element("title", f"{well}: {said}"), *parts)


def _heads(rows: int, columns: int) -> list[Element]:
    above = [
        element("text", str(column), x=_HEAD + (column - 0.5) * _PITCH, y=_HEAD - 5, class_="head")
        for column in range(1, columns + 1)
    ]
    beside = [
        element(
            "text", well_name(row, 1)[:-2], x=_HEAD / 2, y=_HEAD + (row - 0.5) * _PITCH + 3, class_="head"
        )
        for row in range(1, rows + 1)
    ]
    return [*above, *beside]


def _legend(low: float, high: float, unit: str, width: float, height: float) -> list[Element]:
    length, top = width - _HEAD - 4, height + 8
    step = length / _STEPS
    colours = [
        # A little wider than their distance, so that no gap shows between them.
        element(
            "rect",
            x=round(_HEAD + number * step, 2),
            y=top,
            width=round(step + (0.5 if number < _STEPS - 1 else 0), 2),
            height=8,
            fill=hexadecimal(scale(number / (_STEPS - 1) if high > low else 0.5)),
        )
        for number in range(_STEPS)
    ]
    ticks = ((0.0, "start"), (0.5, "middle"), (1.0, "end")) if high > low else ((0.5, "middle"),)
    labels = [
        element(
            "text",
            " ".join(filter(None, (f"{low * (1 - part) + high * part:.4g}", unit))),
            x=_HEAD + length * part,
            y=top + 20,
            class_="tick",
            text_anchor=anchor,
        )
        for part, anchor in ticks
    ]
    return [*colours, *labels]


def _fraction(value: float, low: float, high: float) -> float:
    # Halves, because the distance of two floats may be larger than any float.
    half = high / 2 - low / 2
    return (value / 2 - low / 2) / half if half > 0 else 0.5


def _short(value: float) -> str:
    if value == int(value) and abs(value) < 10_000:
        return str(int(value))
    return f"{value:.3g}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def _summary(label: str, unit: str, values: Mapping[str, float]) -> str:
    if not values:
        return f"{label}: no well has a value"
    least, greatest = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    after = f" {unit}" if unit else ""
    return (
        f"{label} of {len(values)} wells, from {values[least]:.4g}{after} in {least} "
        f"to {values[greatest]:.4g}{after} in {greatest}"
    )
