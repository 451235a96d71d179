"""Running: every well on its own, pixels where they belong, failures told and nothing half done."""

from __future__ import annotations

import csv
import json
import sys
import threading

import cloudpickle
import numpy as np
import pytest
import tifffile

from openhcs_host import FileManager
from openhcs_host.contracts.images import Coordinates, image_name, parse_image_name
from openhcs_host.plates.metadata import read_metadata
from openhcs_pipeline import FunctionStep, compile_plan, counts_per_well, run_plan, special_outputs

# No worker can import a module of tests by its name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def pixels(plate, coordinates):
    """Read a plane of the raw plate with the plain library."""
    (path,) = [plane.path for plane in plate.planes if plane.coordinates == coordinates]
    return tifffile.imread(plate.root / path)


def same(stack):
    return stack


def project(stack):
    return stack.max(axis=0, keepdims=True)


@special_outputs(("planes", counts_per_well))
def count_planes(stack):
    return stack, len(stack)


def images_in(folder):
    return {parse_image_name(path.name): tifffile.imread(path) for path in folder.iterdir()}


def run(host, plate, output, *steps, **options):
    return run_plan(compile_plan(host, steps, plate, output), host, **options)


def test_every_plane_comes_out_where_it_went_in(host, plate, tmp_path):
    result = run(host, plate, tmp_path / "out", FunctionStep(same))
    images = images_in(tmp_path / "out" / "images")
    assert images.keys() == {plane.coordinates for plane in plate.planes}
    for coordinates, image in images.items():
        assert image.dtype == np.uint16 and np.array_equal(image, pixels(plate, coordinates))
    assert not result.failures and [well.well for well in result.wells] == ["A01", "A10", "B02"]


def test_a_projection_stands_at_the_first_plane_of_what_was_stacked(host, plate, tmp_path):
    run(host, plate, tmp_path / "out", FunctionStep(project))
    images = images_in(tmp_path / "out" / "images")
    assert {c.z_index for c in images} == {1} and len(images) == 12
    assert np.array_equal(images[Coordinates("B02", 2, 1)], pixels(plate, Coordinates("B02", 2, 1, 3)))


def test_what_is_stacked_is_a_choice(host, plate, tmp_path):
    shapes = []

    def look(stack):
        shapes.append(stack.shape)
        return stack

    run(host, plate, tmp_path / "out", FunctionStep(look, variable_components=["channel", "z_index"]))
    assert shapes == [(6, 4, 5)] * 6


def test_a_function_may_write_to_its_input_without_harm(host, plate, tmp_path):
    def wipe(stack):
        stack[:] = 0
        return stack

    first = plate.planes[0].coordinates
    before = pixels(plate, first)
    run(host, plate, tmp_path / "out", FunctionStep([same, wipe]))
    assert before.any() and np.array_equal(pixels(plate, first), before)
    assert not images_in(tmp_path / "out" / "images")[first].any()


def test_steps_and_chains_hand_over_in_order_and_free_what_they_no_longer_need(host, plate, tmp_path):
    def add(stack, number):
        return stack + np.uint16(number)

    def double(stack):
        return stack * np.uint16(2)

    steps = [
        FunctionStep([(add, {"number": 1}), double], name="a"),
        FunctionStep((add, {"number": 5}), name="b"),
    ]
    run(host, plate, tmp_path / "out", *steps)
    first = plate.planes[0].coordinates
    expected = (pixels(plate, first) + 1) * 2 + 5
    assert np.array_equal(images_in(tmp_path / "out" / "images")[first], expected)
    memory = FileManager(host)
    assert memory.list_files(tmp_path / "out", "memory", recursive=True) == []


def test_counts_become_one_csv_and_one_json_per_plate(host, plate, tmp_path):
    result = run(host, plate, tmp_path / "out", FunctionStep({1: count_planes}))
    with open(result.tables["planes"], newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["well"] for row in rows] == ["A01", "A10", "B02"]
    assert {(row["sites"], row["count"], row["channel"]) for row in rows} == {("2", "6", "1")}
    document = json.loads((tmp_path / "out" / "images_results" / "planes.json").read_text())
    assert document["total"] == 18
    assert document["wells"][0]["sites"] == {"1": 3, "2": 3}


def fail_in_a10(stack):
    if stack.flat[0] // 10_000 == 2:
        raise ValueError("this well upsets me")
    return stack


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_a_failing_well_is_told_leaves_nothing_and_takes_no_other_down(host, plate, tmp_path, executor):
    seen = []
    steps = [FunctionStep(count_planes, name="count"), FunctionStep(fail_in_a10, name="upset")]
    result = run(
        host,
        plate,
        tmp_path / "out",
        *steps,
        executor=host.executor(executor),
        on_well=lambda well, done, total: seen.append((well.well, done, total)),
    )
    (well,) = result.failures
    assert well == "A10" and result.failures[well].step == "step 'upset'"
    assert result.failures[well].error == "ValueError: this well upsets me"
    assert "fail_in_a10" in result.failures[well].traceback
    assert {c.well for c in images_in(tmp_path / "out" / "images")} == {"A01", "B02"}
    assert "A10" not in (tmp_path / "out" / "images_results" / "planes.csv").read_text()
    assert sorted(well for well, _, _ in seen) == ["A01", "A10", "B02"] and {total for *_, total in seen} == {
        3
    }
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["wells"]["A10"] == {
        "finished": False,
        "images": 0,
        "seconds": record["wells"]["A10"]["seconds"],
    }
    assert "this well upsets me" in record["failures"]["A10"]["traceback"]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda stack: None, "returned NoneType"),
        (lambda stack: stack[0], "shape (4, 5)"),
        (lambda stack: stack[:0], "shape (0, 4, 5)"),
        (lambda stack: stack[:2], "made 2 planes of 3"),
        (lambda stack: (stack, 1), "returned tuple"),
        (
            special_outputs("a", "b")(lambda stack: (stack, 1)),
            "declares a, b beside its image and returned 2 values",
        ),
        (special_outputs("a")(lambda stack: stack), "returned one value"),
        (lambda stack: stack.astype(object), "object"),
    ],
)
def test_a_function_that_breaks_its_contract_fails_its_well_with_the_reason(
    host, plate, tmp_path, function, words
):
    result = run(host, plate, tmp_path / "out", FunctionStep(function, name="wrong"))
    assert len(result.failures) == 3
    assert words in result.failures["A01"].error


def test_special_outputs_are_bound_in_the_order_of_declaration(host, plate, tmp_path):
    got = {}

    def keep(name):
        def materialize(data, path, filemanager, backend):
            got[name] = [(output.well, output.z_index, output.value) for output in data]
            filemanager.save("x", f"{path}.txt", backend)
            return f"{path}.txt"

        return materialize

    @special_outputs(("zebra", keep("zebra")), ("ant", keep("ant")))
    def both(stack):
        return stack, "striped", "small"

    run(host, plate, tmp_path / "out", FunctionStep({1: both}))
    assert got["zebra"][0] == ("A01", None, "striped") and got["ant"][0] == ("A01", None, "small")
    assert len(got["zebra"]) == 6


def test_a_table_that_fails_is_told_and_the_images_stay(host, plate, tmp_path):
    @special_outputs(("bad", counts_per_well))
    def not_a_number(stack):
        return stack, "many"

    result = run(host, plate, tmp_path / "out", FunctionStep(not_a_number))
    assert "whole number" in result.failures["table bad"].error
    assert len(images_in(tmp_path / "out" / "images")) == 36


def test_the_output_is_a_plate_with_metadata_and_the_input_s_mapping(host, plate, tmp_path):
    run(host, plate, tmp_path / "out", FunctionStep({1: project}))
    record = read_metadata(tmp_path / "out")["images"]
    assert record["main"] is True and record["available_backends"] == {"disk": True}
    assert record["channels"] == {"1": "DAPI"} and record["pixel_size"] == 0.65
    assert list(record["wells"]) == ["A01", "A10", "B02"]
    assert len(record["image_files"]) == 6 and record["image_files"][0] == "images/A01_s001_w1_z001_t001.tif"
    assert all((tmp_path / "out" / path).is_file() for path in record["image_files"])
    mapping = read_metadata(tmp_path / "out" / "workspace")["."]["workspace_mapping"]
    assert len(mapping) == 36


def test_images_carry_their_physical_metadata(host, plate, tmp_path):
    run(host, plate, tmp_path / "out", FunctionStep(same))
    path = tmp_path / "out" / "images" / image_name(Coordinates("A01", 1, 1))
    with tifffile.TiffFile(path) as tiff:
        assert 'PhysicalSizeX="0.65"' in tiff.ome_metadata and 'Name="DAPI"' in tiff.ome_metadata


def test_the_record_says_what_made_the_results(host, plate, tmp_path):
    run(host, plate, tmp_path / "out", FunctionStep((fail_in_a10, {}), name="upset"))
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["versions"]["openhcs-pipeline"] and record["versions"]["numpy"] == np.__version__
    (call,) = record["steps"][0]["functions"]["all"]
    assert "this well upsets me" in call["source"]


def test_an_output_with_content_is_refused_and_an_earlier_run_replaced_only_when_told(host, plate, tmp_path):
    run(host, plate, tmp_path / "out", FunctionStep(same))
    with pytest.raises(FileExistsError, match="not empty"):
        run(host, plate, tmp_path / "out", FunctionStep(project))
    assert len(images_in(tmp_path / "out" / "images")) == 36
    (tmp_path / "out" / "my notes.txt").write_text("keep me")
    run(host, plate, tmp_path / "out", FunctionStep(project), overwrite=True)
    assert len(images_in(tmp_path / "out" / "images")) == 12
    assert (tmp_path / "out" / "my notes.txt").read_text() == "keep me"


def test_a_folder_that_holds_no_run_is_never_replaced(host, plate, tmp_path):
    (tmp_path / "photos" / "images").mkdir(parents=True)
    (tmp_path / "photos" / "images" / "cat.png").write_bytes(b"meow")
    with pytest.raises(FileExistsError, match="no earlier run"):
        run(host, plate, tmp_path / "photos", FunctionStep(same), overwrite=True)
    assert (tmp_path / "photos" / "images" / "cat.png").read_bytes() == b"meow"


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_an_interrupt_keeps_the_wells_that_were_reported_and_no_others(host, plate, tmp_path, executor):
    def interrupt(well, done, total):
        raise KeyboardInterrupt

    plan = compile_plan(host, [FunctionStep(same)], plate, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, host, executor=host.executor(executor), on_well=interrupt)
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    (finished,) = record["wells"]
    assert record["interrupted"] is True
    assert {c.well for c in images_in(tmp_path / "out" / "images")} == {finished}
    assert list(read_metadata(tmp_path / "out")["images"]["wells"]) == [finished]


def test_an_interrupt_inside_a_function_leaves_no_part_of_its_well(host, plate, tmp_path):
    def stop(stack):
        if stack.flat[0] // 10_000 == 2:
            raise KeyboardInterrupt
        return stack

    with pytest.raises(KeyboardInterrupt):
        run(host, plate, tmp_path / "out", FunctionStep(stop))
    assert {c.well for c in images_in(tmp_path / "out" / "images")} == {"A01"}


def test_threads_give_the_same_images_as_one_worker(host, plate, tmp_path):
    run(host, plate, tmp_path / "one", FunctionStep(project))
    run(host, plate, tmp_path / "many", FunctionStep(project), executor=host.executor("threads", workers=3))
    one, many = (tmp_path / name / "images" for name in ("one", "many"))
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in many.iterdir()}


def test_threads_do_work_at_the_same_time(host):
    barrier = threading.Barrier(2, timeout=20)
    outcomes = list(host.executor("threads", workers=2).run(lambda _: barrier.wait() >= 0, [1, 2]))
    assert [outcome.error for outcome in outcomes] == [None, None]


def test_the_raw_plate_is_left_as_it_was(host, plate, tmp_path):
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in plate.root.rglob("*") if p.is_file()}
    run(host, plate, tmp_path / "out", FunctionStep(same))
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in plate.root.rglob("*") if p.is_file()}


WATCHER = """
from openhcs_host import hookimpl
OPENHCS_API = 1
events = []
@hookimpl
def openhcs_before_step(well, step): events.append(("before", well, step))
@hookimpl
def openhcs_after_step(well, step, seconds): events.append(("after", well, step))
@hookimpl
def openhcs_progress(done, total, well, failed): events.append(("progress", well, done, total, failed))
@hookimpl
def openhcs_materialized(name, path, backend):
    events.append(("materialized", name, backend))
    raise OSError("my disk is full")
"""


def test_an_enabled_observer_sees_the_run_and_cannot_break_it(host, plate, tmp_path, monkeypatch):
    info = tmp_path / "site" / "run_watcher-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: run-watcher\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[openhcs.observer]\nwatch = run_watcher\n")
    (tmp_path / "site" / "run_watcher.py").write_text(WATCHER)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    host.enable_observers(["watch"])
    result = run(host, plate, tmp_path / "out", FunctionStep({1: count_planes}, name="count"))
    import run_watcher

    assert run_watcher.events[:3] == [
        ("before", "A01", "count"),
        ("after", "A01", "count"),
        ("progress", "A01", 1, 3, False),
    ]
    assert run_watcher.events[-1] == ("materialized", "planes", "disk")
    assert not result.failures and any("my disk is full" in warning for warning in result.warnings)
