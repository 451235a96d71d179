"""The numbers of a run: heat maps, distributions, values by well."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from openhcs_report.heat_map import PlateState, heat_map
from openhcs_report.histogram import counted_in_bins, histogram
from openhcs_report.markup import Content, element, open_when, table
from openhcs_report.plate_layout import places_of
from openhcs_report.result_tables import Measurement, unit_of

__all__ = ["DRAWN", "results_section"]

DRAWN: Final = 24
"""Heat maps of a report; further columns are listed as values only."""
_UNFOLDED: Final = 2
_BINS: Final = 20


def results_section(measurements: Sequence[Measurement], plate: PlateState) -> Element:
    """Return the section of all numbers by well, table by table."""
    parts: list[Content] = []
    if not measurements:
        parts.append(element("p", "No table of this run has a number by well."))
    drawn = list(measurements[:DRAWN])
    telling = ([measured for measured in drawn if _varies(measured)] or drawn)[:_UNFOLDED]
    for measured in drawn:
        parts.append(_drawn(measured, plate, unfolded=measured in telling))
    if len(measurements) > DRAWN:
        rest = len(measurements) - DRAWN
        parts.append(element("p", f"{rest} more columns are not drawn; their values follow."))
    for name, of_table in itertools.groupby(measurements, key=lambda measured: measured.table):
        parts.append(_values(name, list(of_table), plate))
    return element("section", element("h2", "Results"), *parts, id="results")


def _drawn(measured: Measurement, plate: PlateState, *, unfolded: bool) -> Element:
    label, unit = f"{measured.label} ({measured.table})", unit_of(measured.name)
    parts: list[Content] = [heat_map(plate, measured.values, measured.texts, label, unit)]
    if _varies(measured):
        counts = counted_in_bins(list(measured.values.values()), _BINS)
        drawn = histogram(counts, f"{label} over wells", unit)
        parts.append(element("figure", drawn, element("figcaption", "wells by value"), class_="side"))
    words = f"{measured.label}, {unit}" if unit else measured.label
    summary = element("span", element("b", words), f" · {measured.table}")
    return open_when(unfolded, summary, element("div", *parts, class_="beside"), class_="map")


def _varies(measured: Measurement) -> bool:
    return len(set(measured.values.values())) > 1


def _values(name: str, measurements: Sequence[Measurement], plate: PlateState) -> Element:
    wells = {*plate.failed, *plate.worked, *(well for measured in measurements for well in measured.values)}
    places = places_of(wells)
    rows: list[list[Content]] = [
        [
            well,
            *(measured.texts.get(well, "–") if well in measured.values else "–" for measured in measurements),
        ]
        for well in sorted(places, key=places.__getitem__)
    ]
    headings = ["well", *(measured.label for measured in measurements)]
    return open_when(
        False, f"All values of {name}", table(headings, rows, caption=f"{name}, by well", class_="numbers")
    )
