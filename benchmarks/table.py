"""The lines of the comparison and how they are printed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from timing import Result


@dataclass(frozen=True)
class Line:
    """One line: what was done, what its floor is, and the two measurements."""

    key: str
    """Name by which the predecessor's measurement finds its line."""
    label: str
    """What was done."""
    floor: str
    """One sentence: what the floor is."""
    ours: str
    """Our measurement, for people."""
    base: str
    """The floor's."""
    ratio: float | None
    """Ours divided by the floor's."""


def timed(key: str, label: str, floor: str, result: Result) -> Line:
    """Return the line of two times."""
    return Line(key, label, floor, duration(result.ours), duration(result.floor), result.ratio)


def duration(seconds: float) -> str:
    """Write seconds in a unit that suits them."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def header() -> str:
    """Return the first row."""
    return _row("", "ours", "floor", "ours/floor", "predecessor/floor")


def row(line: Line, predecessor: Mapping[str, Any]) -> str:
    """Return the row of one line."""
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    other = predecessor.get(line.key, {}).get("ratio")
    return _row(line.label, line.ours, line.base, ratio, "-" if other is None else f"{other:.2f}")


def notes(lines: Iterable[Line], predecessor: Mapping[str, Any]) -> str:
    """Return a sentence for each floor, and what is to be said of the predecessor's numbers or their lack."""
    lines = list(lines)
    floors = [f"  {line.label}: {line.floor}" for line in lines]
    reasons: dict[str, list[str]] = {}
    for line in lines:
        facts = predecessor.get(line.key, {"reason": "not measured"})
        reason = facts.get("reason") or facts.get("note")
        if reason:
            reasons.setdefault(reason, []).append(line.label)
    said = [f"  {reason}: {'; '.join(labels)}" for reason, labels in reasons.items()]
    return "\n".join(["", "The floors:", *floors, "", "The predecessor:", *said])


def document(lines: Iterable[Line], predecessor: Mapping[str, Any]) -> str:
    """Return everything as JSON."""
    rows = [{**asdict(line), "predecessor": predecessor.get(line.key)} for line in lines]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def _row(label: str, ours: str, floor: str, ratio: str, other: str) -> str:
    return f"{label:<46}{ours:>12}{floor:>12}{ratio:>12}{other:>19}"
