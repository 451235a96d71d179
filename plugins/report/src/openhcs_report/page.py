"""The page: its head, its overview, and its sections in order."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import attrs

from openhcs_report.heat_map import PlateState
from openhcs_report.images_section import images_section
from openhcs_report.markup import Content, document, element
from openhcs_report.problems_section import failures_section, notes_section
from openhcs_report.record_section import record_section
from openhcs_report.result_tables import Measurement
from openhcs_report.results_section import results_section
from openhcs_report.run_record import Run
from openhcs_report.thumbnails import Thumbnails
from openhcs_report.timings_section import duration, timings_section

__all__ = ["GENERATOR", "Pictures", "page"]

GENERATOR: Final = "openhcs-report"
"""What the page says it was made by; only pages that say so are ever replaced."""
_STYLE: Final = Path(__file__).with_name("style.css")


@attrs.frozen
class Pictures:
    """The thumbnails of one plate, or why there are none."""

    channels: tuple[Thumbnails, ...] = ()
    """By channel."""
    absent: str | None = None
    """Why no image is shown."""


def page(
    run: Run,
    plate: PlateState,
    measurements: Sequence[Measurement],
    made: Pictures,
    read: Pictures,
    problems: Sequence[str],
) -> str:
    """Return the whole report as HTML that refers to nothing outside itself."""
    sections = [
        results_section(measurements, plate),
        images_section("Images made", "images", made.channels, plate, made.absent),
        images_section("Images read", "input", read.channels, plate, read.absent),
        timings_section(run, plate),
        failures_section(run),
        notes_section(run, problems),
        record_section(run),
    ]
    main = element(
        "main", element("header", element("h1", run.plate_name), _overview(run)), _contents(sections)
    )
    main.extend(sections)
    return document(element("html", _head(run), element("body", main), lang="en"))


def _head(run: Run) -> Element:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="generator", content=f"{GENERATOR} {version(GENERATOR)}"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        # Without an icon of its own a page asks its folder for one.
        element("link", rel="icon", href="data:,"),
        element("title", f"{run.plate_name}: report of a run"),
        element("style", _STYLE.read_text(encoding="utf-8")),
    )


def _overview(run: Run) -> Element:
    finished = sum(well.finished for well in run.wells.values())
    facts: list[tuple[str, Content]] = [
        ("wells", f"{finished} of {len(run.wells)} finished"),
        ("failures", element("a", str(len(run.failures)), href="#failures") if run.failures else "none"),
    ]
    if run.interrupted:
        facts.append(("ended", "interrupted"))
    if run.seconds is not None:
        facts.append(("time", duration(run.seconds)))
    facts += [("microscope", run.microscope or "unknown"), ("run", str(run.folder.absolute()))]
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in facts]
    return element("dl", *pairs, class_="facts bad" if run.failures or run.interrupted else "facts")


def _contents(sections: Sequence[Element]) -> Element:
    links = [element("a", section[0].text, href=f"#{section.get('id')}") for section in sections]
    return element("nav", *links, aria_label="Sections")
