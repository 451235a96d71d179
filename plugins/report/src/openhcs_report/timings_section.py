"""How long wells took, and steps where the record has them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from openhcs_report.heat_map import PlateState, heat_map
from openhcs_report.histogram import counted_in_bins, histogram
from openhcs_report.markup import Content, element, open_when, table
from openhcs_report.run_record import Run

__all__ = ["duration", "step_seconds", "timings_section"]


def timings_section(run: Run, plate: PlateState) -> Element:
    """Return the section of seconds by well and by step."""
    wells = {name: well.seconds for name, well in run.wells.items() if well.seconds is not None}
    steps = step_seconds(run)
    parts: list[Content] = []
    if not wells and not steps:
        parts.append(element("p", "The record has no timings."))
    if run.seconds is not None:
        parts.append(element("p", f"The run took {duration(run.seconds)}."))
    if wells:
        parts.append(_map("seconds per well", wells, plate, unfolded=True))
    if steps:
        parts.append(_steps(steps))
    parts += [_map(f"seconds in {step}", seconds, plate, unfolded=False) for step, seconds in steps.items()]
    return element("section", element("h2", "Timings"), *parts, id="timings")


def step_seconds(run: Run) -> dict[str, dict[str, float]]:
    """Return step to well to seconds, in the order in which the wells name the steps."""
    steps: dict[str, dict[str, float]] = {}
    for name, well in run.wells.items():
        for step, seconds in well.steps.items():
            steps.setdefault(step, {})[name] = seconds
    return steps


def duration(seconds: float) -> str:
    """Return ``12.3 s``, ``4 min 5 s`` or ``2 h 3 min``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _map(label: str, seconds: Mapping[str, float], plate: PlateState, *, unfolded: bool) -> Element:
    texts = {well: f"{value:.3g} s" for well, value in seconds.items()}
    parts: list[Content] = [heat_map(plate, seconds, texts, label, "s")]
    if len(set(seconds.values())) > 1:
        drawn = histogram(counted_in_bins(list(seconds.values()), 20), label, "s")
        parts.append(element("figure", drawn, element("figcaption", "wells by time"), class_="side"))
    return open_when(unfolded, element("b", label), element("div", *parts, class_="beside"), class_="map")


def _steps(steps: Mapping[str, Mapping[str, float]]) -> Element:
    rows: list[list[Content]] = []
    for step, seconds in steps.items():
        slowest = max(seconds, key=seconds.__getitem__)
        values = (sum(seconds.values()), statistics.median(seconds.values()))
        rows.append([step, *(f"{value:.3g}" for value in values), f"{seconds[slowest]:.3g} ({slowest})"])
    headings = ["step", "all wells, s", "median well, s", "slowest well, s"]
    return table(headings, rows, caption="Seconds by step", class_="numbers")
