"""What went wrong, and what should be known before looking at the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from openhcs_host.plates.wording import counted, listed
from openhcs_report.markup import Content, element, open_when
from openhcs_report.run_record import FailureRecord, Run

__all__ = ["failures_section", "notes_section"]


def failures_section(run: Run) -> Element:
    """Return the section of failures, each with its traceback."""
    parts: list[Content] = [_failure(name, failure) for name, failure in run.failures.items()]
    if run.interrupted:
        parts.insert(
            0, element("p", "The run was interrupted; wells that it did not report have no results.")
        )
    if not parts:
        parts.append(element("p", "None."))
    return element("section", element("h2", "Failures"), *parts, id="failures")


def notes_section(run: Run, problems: Sequence[str]) -> Element:
    """Return the section of the run's notes and warnings, and of what this report could not use."""
    groups = (
        ("Noted before the run", run.notes),
        ("Warnings of the run", run.warnings),
        ("Input and resumption", tuple(_circumstances(run))),
        ("Found while making this report", problems),
    )
    parts: list[Content] = [
        element(
            "div", element("h3", title), element("ul", *(element("li", sentence) for sentence in sentences))
        )
        for title, sentences in groups
        if sentences
    ]
    return element("section", element("h2", "Notes"), *(parts or [element("p", "None.")]), id="notes")


def _failure(name: str, failure: FailureRecord) -> Element:
    where = f" in {failure.step}" if failure.step else ""
    summary = element("span", element("b", name), f"{where}: {failure.error}")
    told = failure.traceback or "The record has no traceback."
    place = element("p", failure.where) if failure.where else None
    return open_when(False, summary, place, element("pre", told), class_="failure")


def _circumstances(run: Run) -> Iterator[str]:
    if run.missing:
        yield f"{counted(len(run.missing), 'plane')} of the input missing: {listed(run.missing)}; the record lists all"
    if run.resumed:
        yield f"{counted(len(run.resumed), 'well')} finished by an earlier, interrupted run: {listed(run.resumed)}"
