"""Results in several backends at once, and a run that was killed and goes on, on real plates."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import image_name
from openhcs_host.plates import open_plate
from openhcs_host.plates.metadata import read_metadata
from openhcs_pipeline import (
    FunctionStep,
    VFSConfig,
    compile_plan,
    counts_per_well,
    run_plan,
    special_outputs,
)

PLATE = "ix-zmb-export-3433"


@special_outputs(("bright", counts_per_well))
def count(stack):
    return stack.max(axis=0, keepdims=True), int((stack > 1000).sum())


def test_images_and_tables_go_to_every_backend_and_each_copy_is_a_plate(plates, tmp_path):
    pytest.importorskip("openhcs_backend_zarr")
    options = {"disk": {"compression": "zlib"}}
    vfs = VFSConfig(materialization_backend=("disk", "zarr"), backend_kwargs=options)
    with Host() as host:
        plan = compile_plan(
            host, [FunctionStep(count)], open_plate(host, plates / PLATE), tmp_path / "out", vfs
        )
        result = run_plan(plan, host)
        assert not result.failures, result.failures
        files = FileManager(host)
        names = [image_name(c) for well in result.wells for c in well.images]
        for name in names:
            first = files.load(tmp_path / "out" / "images" / name, "disk")
            second = files.load(tmp_path / "out" / "images_zarr" / name, "zarr")
            assert first.dtype == second.dtype == np.uint16 and np.array_equal(first, second)
        assert sorted(p.name for p in (tmp_path / "out" / "images").iterdir()) == sorted(names)
        with tifffile.TiffFile(tmp_path / "out" / "images" / names[0]) as tiff:
            assert tiff.pages[0].compression.name == "ADOBE_DEFLATE"
        reading = open_plate(host, tmp_path / "out" / "images_zarr")
        assert len(reading.planes) == len(names)
    tables = [
        tmp_path / "out" / folder / "bright.csv" for folder in ("images_results", "images_zarr_results")
    ]
    assert tables[0].read_text() == tables[1].read_text()
    records = read_metadata(tmp_path / "out")
    assert {n: (r["main"], r["available_backends"]) for n, r in records.items()} == {
        "images": (True, {"disk": True}),
        "images_zarr": (False, {"zarr": True}),
    }


SLOW = """
import time
from openhcs_pipeline import FunctionStep, counts_per_well, special_outputs

@special_outputs(("bright", counts_per_well))
def count(stack):
    time.sleep(0.3)
    return stack.max(axis=0, keepdims=True), int((stack > 1000).sum())

pipeline = [FunctionStep(count)]
"""


def contents(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for folder in ("images", "images_results")
        for path in sorted((output / folder).rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_run_that_was_killed_goes_on_with_resume(openhcs, plates, tmp_path, executor):
    (tmp_path / "slow.py").write_text(SLOW)
    arguments = ["run", "slow.py", str(plates / PLATE), "--executor", executor, "--workers", "1"]
    program = Path(sys.executable).with_name("openhcs")
    assert openhcs(*arguments, "-o", "whole").returncode == 0
    command = [program, *arguments, "-o", "out"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("[1/2]"):
                break
        process.send_signal(signal.SIGKILL)
    refused = openhcs(*arguments, "-o", "out")
    assert refused.returncode == 1 and "or resume the run in it" in refused.stderr
    done = openhcs(*arguments, "-o", "out", "--resume")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 wells finished, 1 of them before" in done.stdout
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["resumed"] == ["B02"]
    changed = SLOW.replace("1000", "1001")
    (tmp_path / "slow.py").write_text(changed)
    other = openhcs(*arguments, "-o", "out", "--resume")
    assert other.returncode == 1 and "cannot be resumed" in other.stderr and "slow.py" in other.stderr


def test_resuming_and_overwriting_are_two_things(openhcs, plates, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    done = openhcs("run", "slow.py", plates / PLATE, "-o", "out", "--resume", "--overwrite")
    assert done.returncode == 2 and "give one of them" in done.stderr
