"""The record: versions, steps with their sources, backends, and every field that no other section shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

from openhcs_report.markup import Content, element, open_when, table
from openhcs_report.run_record import RECORD_NAME, Run

__all__ = ["record_section"]

_SHORT: Final = 200
_LONGEST: Final = 50_000
"""Characters of one field; the file itself has the rest."""


def record_section(run: Run) -> Element:
    """Return the section of what made the results."""
    single = {
        name: value for name, value in run.others.items() if isinstance(value, str | int | float) and value
    }
    short = {name: value for name, value in single.items() if len(str(value)) <= _SHORT}
    facts = [("plate", run.plate), ("microscope", run.microscope), *run.backends.items(), *short.items()]
    rows: list[list[Content]] = [[name, _plain(value)] for name, value in facts if value]
    versions: list[list[Content]] = [[name, _plain(value)] for name, value in run.versions.items()]
    tables: list[list[Content]] = [[name, _plain(value)] for name, value in run.tables.items()]
    parts: list[Content] = [table(["what", "value"], rows, caption="Input and settings")]
    parts += [_step(number, step) for number, step in enumerate(run.steps, start=1)]
    if tables:
        parts.append(table(["output", "file"], tables, caption="Tables"))
    if versions:
        parts.append(
            open_when(False, "Versions", table(["distribution", "version"], versions, caption="Versions"))
        )
    parts += [
        open_when(False, f"{name} (from {RECORD_NAME})", element("pre", _bounded(_plain(value))))
        for name, value in run.others.items()
        if name not in short
    ]
    return element("section", element("h2", "Record"), *parts, id="record")


def _step(number: int, step: Mapping[str, Any]) -> Element:
    functions = step.get("functions")
    summary = element("span", f"Step {number}: ", element("b", _plain(step.get("name", ""))))
    others = {name: value for name, value in step.items() if name not in ("name", "functions")}
    rows: list[list[Content]] = [[name, _plain(value)] for name, value in others.items()]
    parts: list[Content] = [table(["setting", "value"], rows, caption="Settings")] if rows else []
    if isinstance(functions, Mapping):
        for group, chain in functions.items():
            calls = chain if isinstance(chain, list) else [chain]
            parts += [part for call in calls for part in _call(group, call)]
    elif functions is not None:
        parts.append(element("pre", _bounded(_plain(functions))))
    return open_when(False, summary, *parts, class_="step")


def _call(group: str, call: Any) -> Iterator[Element]:
    if not isinstance(call, Mapping):
        yield element("pre", _bounded(_plain(call)))
        return
    keywords = call.get("keywords")
    given = (
        ", ".join(f"{name}={value}" for name, value in keywords.items())
        if isinstance(keywords, Mapping)
        else ""
    )
    yield element("p", element("code", f"{call.get('name', '?')}({given})"), f" for {group}")
    others = {name: value for name, value in call.items() if name not in ("name", "keywords", "source")}
    if others:
        yield element("pre", _bounded(_plain(others)))
    source = call.get("source")
    yield element("pre", _bounded(source)) if isinstance(source, str) else element("p", "No source recorded.")


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(str, value))
    return json.dumps(value, indent=2, ensure_ascii=False)


def _bounded(told: str) -> str:
    if len(told) <= _LONGEST:
        return told
    return f"{told[:_LONGEST]}\n… {len(told) - _LONGEST} more characters in {RECORD_NAME}"
