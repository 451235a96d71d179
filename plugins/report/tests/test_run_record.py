"""Records are read tolerantly, and what is no run is told with what to do."""

from __future__ import annotations

import json

import pytest

from openhcs_host.errors import MetadataError, PathNotDirectoryError, PathNotFoundError
from openhcs_report.run_record import FailureRecord, read_run


def write(folder, **fields):
    (folder / "run.json").write_text(json.dumps({"wells": {}, **fields}), encoding="utf-8")
    return folder


def test_a_record_of_today_is_read_completely(tmp_path):
    run = read_run(
        write(
            tmp_path,
            plate="/data/p",
            plate_name="P1",
            microscope="imagexpress",
            seconds=12,
            interrupted=True,
            wells={"A01": {"finished": True, "images": 4, "seconds": 1.5}},
            failures={
                "B01": {"step": "count", "error": "ValueError: x", "traceback": "T", "where": "p.py:3"}
            },
            missing={"policy": "fill", "planes": ["A01_s001_w1_z001_t001"]},
            resumed=["A02"],
            notes=["n"],
            warnings=["w"],
            steps=[{"name": "count"}],
            versions={"numpy": "2"},
            backends={"read_backend": "disk"},
            tables={"nuclei": "nuclei.csv"},
        )
    )
    assert (run.plate, run.plate_name, run.microscope) == ("/data/p", "P1", "imagexpress")
    assert (run.seconds, run.interrupted, run.others) == (
        12.0,
        True,
        {"missing": {"policy": "fill", "planes": ["A01_s001_w1_z001_t001"]}},
    )
    assert (run.missing, run.resumed) == (("A01_s001_w1_z001_t001",), ("A02",))
    well = run.wells["A01"]
    assert (well.finished, well.images, well.seconds, well.steps) == (True, 4, 1.5, {})
    assert run.failures == {"B01": FailureRecord("count", "ValueError: x", "T", "p.py:3")}
    assert (run.notes, run.warnings) == (("n",), ("w",))
    assert (run.steps, run.versions, run.tables) == (
        ({"name": "count"},),
        {"numpy": "2"},
        {"nuclei": "nuclei.csv"},
    )


@pytest.mark.parametrize("field", ["steps", "step_seconds", "timings"])
@pytest.mark.parametrize(
    "said",
    [
        {"smooth": 1, "count": 2.5},
        {"smooth": {"seconds": 1, "calls": 3}, "count": {"seconds": 2.5}},
        [{"step": "smooth", "seconds": 1}, {"name": "count", "seconds": 2.5}],
    ],
)
def test_seconds_by_step_are_found_in_every_usual_shape(tmp_path, field, said):
    run = read_run(write(tmp_path, wells={"A01": {"finished": True, field: said}}))
    assert run.wells["A01"].steps == {"smooth": 1.0, "count": 2.5}
    assert run.others == {}


def test_unknown_fields_and_fields_of_another_shape_are_kept_to_be_shown(tmp_path):
    wells = {"A01": {"finished": True, "retries": 2, "steps": ["smooth"]}}
    failures = {"A02": "just words", "A03": {"error": "E", "attempt": 3}}
    strange = {"executor": "dask", "notes": "no list", "seconds": "long", "steps": [1], "missing": 4}
    run = read_run(write(tmp_path, wells=wells, failures=failures, **strange))
    assert run.failures == {"A02": FailureRecord("", "just words", ""), "A03": FailureRecord("", "E", "")}
    assert run.others == {
        "failures": {"A03": {"attempt": 3}},
        "missing": 4,
        "executor": "dask",
        "notes": "no list",
        "seconds": "long",
        "steps": [1],
        "wells": {"A01": {"retries": 2, "steps": ["smooth"]}},
    }
    assert (run.notes, run.seconds, run.steps) == ((), None, ())


def test_a_well_is_finished_only_if_the_record_says_so(tmp_path):
    run = read_run(write(tmp_path, wells={"A01": {}, "A02": {"finished": "yes"}, "A03": 7}))
    assert [well.finished for well in run.wells.values()] == [False, False, False]


def test_a_folder_that_is_no_run_says_so_and_what_to_give(tmp_path):
    with pytest.raises(PathNotFoundError, match=r"there is no folder"):
        read_run(tmp_path / "absent")
    with pytest.raises(PathNotFoundError, match=r"is no run: there is no run\.json.*openhcs run"):
        read_run(tmp_path)
    write(tmp_path)
    with pytest.raises(PathNotDirectoryError, match="give the output folder of a run"):
        read_run(tmp_path / "run.json")
    (tmp_path / "images").mkdir()
    with pytest.raises(PathNotFoundError, match=rf"{tmp_path.name}' is one, give that"):
        read_run(tmp_path / "images")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"wells": {}', "line 1, column 13"),
        (b"[]", "no object 'wells'"),
        (b'{"plate": "p"}', "no object 'wells'"),
        (b'{"wells": "\xff"}', "no JSON document"),
    ],
)
def test_a_corrupt_record_is_told_with_its_place(tmp_path, content, words):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(MetadataError, match=words):
        read_run(tmp_path)
