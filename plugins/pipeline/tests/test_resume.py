"""An interrupted run goes on where it was, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.errors import MetadataError, PathExistsError, PipelineError
from openhcs_pipeline import (
    FunctionStep,
    VFSConfig,
    compile_plan,
    counts_per_well,
    json_table,
    label_images,
    run_plan,
    special_outputs,
)

# No worker can import a module of tests by its name.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


KILLS = int(os.environ.get("OPENHCS_KILLS", "4"))
"""How many seeded kills are tried; a stage of its own tries 50."""


@special_outputs(("planes", counts_per_well), ("mean", json_table), ("bright", label_images))
def measure(stack):
    labels = (stack > stack.mean()).astype(np.uint16)
    return stack.max(axis=0, keepdims=True), len(stack), float(stack.mean()), labels


class Stop(BaseException):
    pass


def compiled(host, plate, output, *steps, **options):
    return compile_plan(host, steps or [FunctionStep(measure)], plate, output, **options)


def contents(output: Path) -> dict[str, bytes]:
    """Return every image and table of a run."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for folder in ("images", "images_results")
        for path in sorted((output / folder).rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def whole(host, plate, tmp_path):
    """Return the content of a run that nothing interrupted."""
    run_plan(compiled(host, plate, tmp_path / "whole"), host)
    return contents(tmp_path / "whole")


def stop_after(wells):
    def stop(well, done, total):
        if done == wells:
            raise Stop

    return stop


def interrupted(host, plate, output, wells=1, **options):
    """Run until so many wells are finished."""
    with pytest.raises(Stop):
        run_plan(compiled(host, plate, output, **options), host, on_well=stop_after(wells))


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_finished_wells_are_not_worked_on_again_and_the_end_is_the_same(
    host, plate, tmp_path, whole, executor
):
    interrupted(host, plate, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "images").iterdir()}
    assert {p.name[:3] for p in before} == {"A01"}
    plan = compiled(host, plate, tmp_path / "out")
    result = run_plan(plan, host, resume=True, executor=host.executor(executor))
    assert result.resumed == ("A01",) and not result.failures and len(result.wells) == 3
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert contents(tmp_path / "out") == whole
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["interrupted"] is False and record["resumed"] == ["A01"]


def test_resuming_what_was_never_begun_begins_it_and_what_is_complete_stays(host, plate, tmp_path, whole):
    assert run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True).resumed == ()
    again = run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)
    assert again.resumed == ("A01", "A10", "B02") and contents(tmp_path / "out") == whole


def test_what_an_unfinished_well_left_is_never_taken_for_finished(host, plate, tmp_path, whole):
    interrupted(host, plate, tmp_path / "out")
    images, results = tmp_path / "out" / "images", tmp_path / "out" / "images_results"
    (images / image_name(Coordinates("B02", 1, 1))).write_bytes(b"half of it")
    (images / ".0123456789abcdef.openhcs-part").write_bytes(b"less")
    (results / "B02").mkdir()
    (results / "B02" / "bright_s001_w1_t001.tif").write_bytes(b"half")
    mine = [images / "notes.txt", results / "notes.txt"]
    for path in mine:
        path.write_text("keep me")
    run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)
    for path in mine:
        assert path.read_text() == "keep me"
        path.unlink()
    assert contents(tmp_path / "out") == whole


def test_a_failed_well_is_tried_again(host, plate, tmp_path, whole):
    away = tmp_path / "away"
    name = image_name(Coordinates("A10", 1, 1))
    shutil.move(plate.root / name, away)
    first = run_plan(compiled(host, plate, tmp_path / "out"), host)
    assert set(first.failures) == {"A10"}
    shutil.move(away, plate.root / name)
    second = run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)
    assert second.resumed == ("A01", "B02") and not second.failures
    assert contents(tmp_path / "out") == whole


def test_a_well_whose_planes_changed_or_whose_images_are_gone_is_done_again(host, plate, tmp_path, whole):
    run_plan(compiled(host, plate, tmp_path / "out"), host)
    os.utime(plate.root / image_name(Coordinates("A01", 1, 1)), (1, 1))
    (tmp_path / "out" / "images" / image_name(Coordinates("B02", 1, 1))).unlink()
    assert run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True).resumed == ("A10",)
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("step", "options", "reason"),
    [
        (FunctionStep((measure, {}), name="other"), {}, "pipeline, step 1, name: was measure, is other"),
        (FunctionStep(measure, variable_components=["site", "z_index"]), {}, "stacked: was z_index, is site"),
        (FunctionStep({1: measure}), {}, "pipeline, step 1, functions, all"),
        (FunctionStep(measure), {"vfs": VFSConfig(read_backend="disk")}, "configuration, read_backend"),
        (FunctionStep(measure), {"missing": "skip"}, "configuration, missing: was error, is skip"),
    ],
)
def test_another_run_is_refused_with_the_reason(host, plate, tmp_path, step, options, reason):
    interrupted(host, plate, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(PipelineError, match="cannot be resumed") as caught:
        run_plan(compiled(host, plate, tmp_path / "out", step, **options), host, resume=True)
    assert reason in str(caught.value)
    assert contents(tmp_path / "out") == before


def test_another_version_of_a_plugin_is_refused(host, plate, tmp_path):
    interrupted(host, plate, tmp_path / "out")
    path = tmp_path / "out" / "journal" / "run.json"
    path.write_text(path.read_text().replace('"openhcs-pipeline": "', '"openhcs-pipeline": "9.'))
    with pytest.raises(PipelineError, match=r"versions, openhcs-pipeline: was 9\.") as caught:
        run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)
    assert "start anew with overwrite" in str(caught.value)


def test_a_run_that_was_killed_before_it_began_is_begun(host, plate, tmp_path, whole):
    (tmp_path / "out" / "journal").mkdir(parents=True)
    (tmp_path / "out" / "journal" / ".0123456789abcdef.openhcs-part").write_bytes(b"{")
    assert run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True).resumed == ()
    assert contents(tmp_path / "out") == whole


def test_a_folder_that_holds_no_begun_run_is_not_resumed(host, plate, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(PathExistsError, match="no begun run"):
        run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)
    assert os.listdir(tmp_path / "out") == ["thesis.txt"]


def test_a_run_that_was_killed_can_be_started_anew(host, plate, tmp_path, whole):
    interrupted(host, plate, tmp_path / "out")
    (tmp_path / "out" / "run.json").unlink()  # a killed run writes none
    with pytest.raises(PathExistsError, match="or resume the run in it"):
        run_plan(compiled(host, plate, tmp_path / "out"), host)
    assert run_plan(compiled(host, plate, tmp_path / "out"), host, overwrite=True).resumed == ()
    assert contents(tmp_path / "out") == whole


def test_results_in_memory_cannot_be_resumed(host, plate, tmp_path):
    vfs = VFSConfig(materialization_backend="memory")
    with pytest.raises(PipelineError, match="cannot be resumed"):
        run_plan(compiled(host, plate, tmp_path / "out", vfs=vfs), host, resume=True)


def test_values_that_cannot_be_written_down_cost_time_and_no_result(host, plate, tmp_path):
    @special_outputs(("odd", lambda data, path, filemanager: path))
    def odd(stack):
        return stack, {1, 2}

    plan = compile_plan(host, [FunctionStep(odd)], plate, tmp_path / "out")
    first = run_plan(plan, host)
    assert not first.failures
    assert any("well A01 would be worked on again" in w and "builtins.set" in w for w in first.warnings)
    assert run_plan(plan, host, resume=True).resumed == ()


@pytest.mark.parametrize("how", [{"resume": True}, {"overwrite": True}])
def test_two_runs_in_one_output_do_not_meet(host, plate, tmp_path, how):
    refusals = []

    def second(well, done, total):
        with pytest.raises(PipelineError, match="another run is writing to") as caught:
            run_plan(compiled(host, plate, tmp_path / "out"), host, **how)
        refusals.append(caught)

    result = run_plan(compiled(host, plate, tmp_path / "out"), host, on_well=second)
    assert len(refusals) == 3 and not result.failures


def test_a_damaged_journal_is_told(host, plate, tmp_path):
    interrupted(host, plate, tmp_path / "out")
    (tmp_path / "out" / "journal" / "A01.json").write_text("{")
    with pytest.raises(MetadataError, match=r"A01\.json' is corrupt"):
        run_plan(compiled(host, plate, tmp_path / "out"), host, resume=True)


SCRIPT = """
import pickle, sys, time
from pathlib import Path
import numpy as np
from openhcs_host import Host
from openhcs_pipeline import FunctionStep, compile_plan, counts_per_well, json_table, label_images
from openhcs_pipeline import run_plan, special_outputs

@special_outputs(("planes", counts_per_well), ("mean", json_table), ("bright", label_images))
def measure(stack):
    time.sleep(0.02)
    labels = (stack > stack.mean()).astype(np.uint16)
    return stack.max(axis=0, keepdims=True), len(stack), float(stack.mean()), labels

if __name__ == "__main__":
    plate = pickle.loads(Path(sys.argv[1]).read_bytes())
    with Host() as host:
        executor = host.executor(sys.argv[3])
        plan = compile_plan(host, [FunctionStep(measure)], plate, sys.argv[2])
        result = run_plan(plan, host, resume=True, executor=executor)
    sys.exit(1 if result.failures else 0)
"""


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_kills_at_any_moment_change_nothing_in_the_end(host, plate, tmp_path, whole, executor):
    """Seeded kills of the whole run, each followed by another attempt."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "plate").write_bytes(pickle.dumps(plate))
    command = [sys.executable, "script.py", "plate", "out", executor]
    chance = random.Random(f"{executor} 7")
    started = time.monotonic()
    subprocess.run([*command[:3], "timing", executor], cwd=tmp_path, check=True, timeout=60)
    usual = time.monotonic() - started
    killed = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, cwd=tmp_path) as process:
            try:
                process.wait(chance.uniform(0.5, 1.0) * usual)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                killed += 1
        if process.returncode == 0:  # it was faster: again from the beginning
            assert contents(tmp_path / "out") == whole
            shutil.rmtree(tmp_path / "out")
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert contents(tmp_path / "out") == whole
    assert killed >= KILLS // 4, "the runs ended before they could be killed"
