"""Work in processes: the same results, and a death that stays with its task."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from openhcs_host.errors import ConfigurationError, PipelineError
from openhcs_pipeline import (
    FunctionStep,
    VFSConfig,
    compile_plan,
    load_pipeline,
    run_plan,
)

PIPELINE = """
import dataclasses, os, signal
from openhcs_pipeline import FunctionStep, json_table, counts_per_well, special_outputs

@dataclasses.dataclass
class Brightness:
    highest: int

def rows(data, path, filemanager, backend):
    assert all(type(output.value) is Brightness for output in data)
    filemanager.save([{"well": o.well, "highest": o.value.highest} for o in data], f"{path}.csv", backend)
    return f"{path}.csv"

@special_outputs(("planes", counts_per_well), ("brightness", rows))
def measure(stack):
    return stack.max(axis=0, keepdims=True), len(stack), Brightness(int(stack.max()))

def deadly(stack, well, once=None):
    if stack.flat[0] // 10_000 == well and not (once and os.path.exists(once)):
        if once:
            open(once, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return stack

def upset(stack):
    if stack.flat[0] // 10_000 == 2:
        raise ValueError("this well upsets me")
    return stack

pipeline = [FunctionStep(STEPS)]
"""


@pytest.fixture
def run(host, plate, tmp_path):
    """Run steps of the pipeline file above."""

    def run(name, steps, executor, **options):
        file = tmp_path / f"{name}.py"
        file.write_text(PIPELINE.replace("STEPS", steps))
        plan = compile_plan(host, load_pipeline(file), plate, tmp_path / name)
        return run_plan(plan, host, executor=host.executor(executor, **options))

    return run


def contents(output: Path) -> dict[str, bytes]:
    """Return every image and table of a run."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for folder in ("images", "images_results")
        for path in sorted((output / folder).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("executor", "workers"), [("threads", 3), ("processes", 1), ("processes", 2)])
def test_images_and_tables_are_the_same_to_the_byte_whatever_the_executor(run, tmp_path, executor, workers):
    run("serial", "measure", "serial")
    result = run("other", "measure", executor, workers=workers)
    assert not result.failures, result.failures
    made = contents(tmp_path / "serial")
    assert len(made) == 12 + 3 and contents(tmp_path / "other") == made


def test_an_exception_comes_back_with_the_place_it_was_raised_at(run):
    result = run("upset", "upset", "processes")
    failure = result.failures["A10"]
    assert failure.error == "ValueError: this well upsets me"
    assert "upset" in failure.traceback and "upset.py:" in failure.where and "(3, 4, 5)" in failure.where
    assert set(result.failures) == {"A10"}


def test_a_well_whose_process_is_killed_fails_alone_and_leaves_nothing(run, tmp_path):
    result = run("deadly", "[measure, (deadly, {'well': 2})]", "processes", workers=2)
    assert set(result.failures) == {"A10"}
    assert "was killed by SIGKILL, 2 times" in result.failures["A10"].error
    assert {name[7:10] for name in contents(tmp_path / "deadly") if name.startswith("images/")} == {
        "A01",
        "B02",
    }


def test_a_death_that_does_not_come_again_costs_nothing(run, tmp_path):
    once = tmp_path / "was here"
    result = run("once", f"[measure, (deadly, {{'well': 2, 'once': {str(once)!r}}})]", "processes")
    assert once.exists() and not result.failures
    run("plain", "measure", "serial")
    assert contents(tmp_path / "once") == contents(tmp_path / "plain")


def test_results_in_memory_and_work_in_processes_do_not_go_together(host, plate, tmp_path):
    vfs = VFSConfig(materialization_backend="memory")
    plan = compile_plan(host, [FunctionStep(np.copy)], plate, tmp_path / "out", vfs)
    with pytest.raises(PipelineError, match="live in the memory of one process"):
        run_plan(plan, host, executor=host.executor("processes"))


def test_what_cannot_travel_is_the_failure_of_its_task_only(host):
    def work(task):
        if task == 1:
            return (line for line in "abc")
        if task == 2:
            raise ValueError(line for line in "abc")
        return task

    outcomes = {o.task: o for o in host.executor("processes", workers=1).run(work, [1, 2, 3])}
    assert "a generator, cannot travel between processes" in str(outcomes[1].error)
    assert "ValueError" in str(outcomes[2].error) and "cannot travel" in str(outcomes[2].error)
    assert outcomes[3].value == 3


def test_the_number_of_workers_is_checked(host):
    with pytest.raises(ConfigurationError, match="workers"):
        host.executor("processes", workers=0)


def test_no_tasks_need_no_process(host):
    assert list(host.executor("processes").run(lambda task: task, [])) == []


SCRIPT = """
import sys
from openhcs_host import Host

def loaded(task):
    import sys
    return sorted({name.partition(".")[0] for name in sys.modules})

def torch(task):
    import torch

if __name__ == "__main__":
    with Host() as host:
        executor = host.executor("processes", workers=1)
        (seen,) = executor.run(loaded, [0])
        (refused,) = executor.run(torch, [0])
    print(" ".join(seen.value))
    print(type(refused.error).__name__)
"""


def test_a_worker_imports_what_its_work_needs_and_no_accelerator_where_none_is_wanted(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "OPENHCS_SUBPROCESS_NO_GPU": "1"}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    modules, refused = done.stdout.splitlines()
    assert not {"torch", "jax", "tensorflow", "zarr", "tifffile", "skimage", "click"} & set(modules.split())
    assert refused == "PluginBlockedError"


ORPHAN = """
import os, time
from openhcs_host import Host

def work(folder):
    for number in range(600):
        open(os.path.join(folder, str(number)), "w").close()
        time.sleep(0.05)

if __name__ == "__main__":
    with Host() as host:
        list(host.executor("processes", workers=1).run(work, [FOLDER]))
"""


def test_workers_of_a_run_that_was_killed_end_at_once(tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    (tmp_path / "script.py").write_text(textwrap.dedent(ORPHAN).replace("FOLDER", repr(str(marks))))
    with subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path) as process:
        deadline = time.monotonic() + 30
        while not any(marks.iterdir()):
            assert time.monotonic() < deadline, "the worker never began"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.5)
    first = len(list(marks.iterdir()))
    time.sleep(0.5)
    assert len(list(marks.iterdir())) == first
