"""Seconds by well and by step, as far as the record has them."""

from __future__ import annotations

import json

import pytest

from openhcs_report.heat_map import PlateState
from openhcs_report.markup import document
from openhcs_report.run_record import read_run
from openhcs_report.timings_section import duration, step_seconds, timings_section

PLATE = PlateState((2, 3), ("A01", "A02", "A03"), {})


def run_with(folder, wells):
    (folder / "run.json").write_text(json.dumps({"wells": wells, "seconds": 3725}))
    return read_run(folder)


def test_steps_are_summed_and_the_slowest_well_named(parse_page, tmp_path):
    wells = {
        f"A0{n}": {"finished": True, "seconds": n, "steps": {"smooth": n * 0.5, "count": 4 - n}}
        for n in (1, 2, 3)
    }
    run = run_with(tmp_path, wells)
    assert step_seconds(run)["smooth"] == {"A01": 0.5, "A02": 1.0, "A03": 1.5}
    page = parse_page(document(timings_section(run, PLATE)))
    assert page.texts("td") == ["3", "1", "1.5 (A03)", "6", "2", "3 (A01)"]
    titles = page.texts("title")
    assert "A02: 2 s" in titles and "A03: 1.5 s" in titles
    assert "The run took 1 h 2 min." in page.texts("p")


def test_a_record_without_timings_says_so(parse_page, tmp_path):
    page = parse_page(document(timings_section(run_with(tmp_path, {"A01": {}}), PLATE)))
    assert page.texts("p")[0] == "The record has no timings." and page.texts("svg") == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1234, "0.123 s"), (59.4, "59.4 s"), (60.2, "1 min 0 s"), (3599.7, "1 h 0 min"), (7265, "2 h 1 min")],
)
def test_durations_are_in_the_units_that_people_use(seconds, words):
    assert duration(seconds) == words
