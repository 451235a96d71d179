"""Failures with their tracebacks, and everything else that should be known."""

from __future__ import annotations

import json

from openhcs_report.markup import document
from openhcs_report.problems_section import failures_section, notes_section
from openhcs_report.run_record import read_run


def run_with(folder, **fields):
    (folder / "run.json").write_text(json.dumps({"wells": {}, **fields}))
    return read_run(folder)


def test_each_failure_has_step_error_place_and_traceback(parse_page, tmp_path):
    failures = {
        "B02": {
            "step": "count",
            "error": "ValueError: x",
            "where": "p.py:7, (3, 40, 60)",
            "traceback": "T1\n  T2",
        },
        "table nuclei": {"error": "KeyError"},
    }
    page = parse_page(document(failures_section(run_with(tmp_path, failures=failures))))
    assert page.texts("summary") == ["B02 in count: ValueError: x", "table nuclei: KeyError"]
    assert page.texts("p") == ["p.py:7, (3, 40, 60)"]
    assert page.texts("pre") == ["T1\n  T2", "The record has no traceback."]


def test_an_interrupted_run_says_so_and_a_whole_one_has_none(parse_page, tmp_path):
    whole = parse_page(document(failures_section(run_with(tmp_path))))
    assert whole.texts("p") == ["None."]
    stopped = parse_page(document(failures_section(run_with(tmp_path, interrupted=True))))
    assert stopped.texts("p")[0].startswith("The run was interrupted")


def test_notes_warnings_missing_planes_resumed_wells_and_problems_of_the_report(parse_page, tmp_path):
    planes = [f"A01_s001_w1_z00{n}_t001" for n in range(1, 8)]
    run = run_with(
        tmp_path, notes=["n1"], warnings=["w1"], missing={"policy": "skip", "planes": planes}, resumed=["C01"]
    )
    said = parse_page(document(notes_section(run, ["p1"]))).texts("li")
    assert said[:2] == ["n1", "w1"] and said[4] == "p1"
    assert (
        said[2].startswith("7 planes of the input missing: A01_s001_w1_z001_t001, ")
        and "and 2 more" in said[2]
    )
    assert said[3] == "1 well finished by an earlier, interrupted run: C01"
    assert parse_page(document(notes_section(run_with(tmp_path), []))).texts("p") == ["None."]
