"""``openhcs run`` on real plates, as a scientist would try it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from openhcs_host import FileManager, Host
from openhcs_host.plates import open_plate, prepare_workspace


@pytest.mark.parametrize(
    ("name", "wells", "images"),
    [("ix-faim-projection-mix", ["E07", "E08"], 4), ("ix-zmb-export-3433", ["B02", "B03"], 4)],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_example_pipeline_runs_unchanged_on_real_plates(
    openhcs, plates, pipeline_file, tmp_path, name, wells, images, workers
):
    done = openhcs("run", pipeline_file, plates / name, "--output", tmp_path / "out", "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert f"[{len(wells)}/{len(wells)}]" in done.stderr
    with (tmp_path / "out" / "images_results" / "nuclei.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["well"] for row in rows] == wells
    counted = {row["well"]: int(row["count"]) for row in rows}
    labels = sorted((tmp_path / "out" / "images").iterdir())
    assert len(labels) == images
    for well in wells:
        # The table says what the label images say.
        assert counted[well] > 0
        assert counted[well] == sum(int(tifffile.imread(p).max()) for p in labels if p.name.startswith(well))
    assert str(tmp_path / "out" / "images") in done.stdout


PASS = """
from openhcs_pipeline import FunctionStep
def same(stack):
    return stack
pipeline = [FunctionStep(same)]
"""


@pytest.mark.parametrize(
    "name", ["ix-faim-projection-mix", "ix-faim-timelapse", "ix-zmb-export-3420", "ix-zmb-export-3433"]
)
def test_no_pixel_changes_between_the_microscope_s_files_and_ours(openhcs, plates, tmp_path, name):
    (tmp_path / "same.py").write_text(PASS)
    done = openhcs("run", tmp_path / "same.py", plates / name, "--output", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "workspace" / "openhcs_metadata.json").read_text())
    mapping = record["subdirectories"]["."]["workspace_mapping"]
    planes = {virtual: real for virtual, real in mapping.items() if "/" not in virtual}
    written = {path.name: path for path in (tmp_path / "out" / "images").iterdir()}
    # What we write is .tif, whatever the vendor calls its files.
    assert written.keys() == {f"{virtual.rpartition('.')[0]}.tif" for virtual in planes}
    for virtual, real in planes.items():
        theirs = tifffile.imread(plates / name / real)
        ours = tifffile.imread(written[f"{virtual.rpartition('.')[0]}.tif"])
        assert theirs.dtype == ours.dtype == np.uint16 and np.array_equal(theirs, ours)


FAILING = """
from openhcs_pipeline import FunctionStep
def fail_bright(stack):
    if stack.max() > LIMIT:
        raise ValueError(f"too bright: {stack.max()}")
    return stack
pipeline = [FunctionStep(fail_bright, name="look")]
"""


def test_a_failing_well_is_reported_the_others_finish_and_the_status_says_so(openhcs, plates, tmp_path):
    plate = plates / "ix-zmb-export-3433" / "9987_Plate_3433" / "TimePoint_1"
    brightest = {
        well: max(int(tifffile.imread(p).max()) for p in plate.glob(f"ZStep_[123]/*_{well}_*.TIF"))
        for well in ("B02", "B03")
    }
    fails, works = sorted(brightest, key=brightest.get, reverse=True)
    limit = (brightest[fails] + brightest[works]) // 2
    (tmp_path / "failing.py").write_text(FAILING.replace("LIMIT", str(limit)))
    done = openhcs("run", tmp_path / "failing.py", plates / "ix-zmb-export-3433", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert f"failed: {fails} in step 'look': ValueError: too bright" in done.stderr
    assert "Traceback" not in done.stderr and "run.json" in done.stderr
    assert {path.name[:3] for path in (tmp_path / "out" / "images").iterdir()} == {works}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "there is no pipeline file"),
        ("pipeline = 3", "defines no variable 'pipeline'"),
        ("1 / 0", "ZeroDivisionError"),
        ("def broken(:", "SyntaxError"),
        (
            "from openhcs_pipeline import FunctionStep\npipeline = [FunctionStep('nonsense')]",
            "offers 'nonsense'",
        ),
        ("pipeline = []", "no steps"),
    ],
)
def test_a_wrong_pipeline_is_a_message_and_writes_nothing(openhcs, plates, tmp_path, source, words):
    if source is not None:
        (tmp_path / "p.py").write_text(source)
    done = openhcs("run", tmp_path / "p.py", plates / "ix-zmb-export-3420", "-o", tmp_path / "out")
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_plate_is_never_written_to_and_nothing_is_overwritten_unasked(
    openhcs, plates, tmp_path, pipeline_file
):
    plate = plates / "ix-zmb-export-3420"
    inside = openhcs("run", pipeline_file, plate, "-o", plate / "out")
    assert inside.returncode == 1 and "never written to" in inside.stderr
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    again = openhcs("run", pipeline_file, plate, "-o", tmp_path / "out")
    assert again.returncode == 1 and "not empty" in again.stderr
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


def test_a_folder_that_nothing_reads_ends_with_status_2(openhcs, pipeline_file, tmp_path):
    (tmp_path / "empty").mkdir()
    assert openhcs("run", pipeline_file, tmp_path / "empty", "-o", tmp_path / "out").returncode == 2


SLOW = """
import time
from openhcs_pipeline import FunctionStep
def slow(stack):
    time.sleep(0.5)
    return stack
pipeline = [FunctionStep(slow)]
"""


def test_ctrl_c_leaves_whole_wells_and_a_record(plates, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    command = [
        Path(sys.executable).with_name("openhcs"),
        "run",
        "slow.py",
        plates / "ix-zmb-export-3433",
        "-o",
        "out",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("[1/2]"):
                break
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130 and "Traceback" not in rest
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["interrupted"] is True and list(record["wells"]) == ["B02"]
    assert {path.name[:3] for path in (tmp_path / "out" / "images").iterdir()} == {"B02"}
    assert len(os.listdir(tmp_path / "out" / "images")) == 12


def test_two_real_plates_side_by_side_in_one_workspace(plates, tmp_path):
    with Host() as host:
        files = FileManager(host)
        workspace = files.get_backend("virtual_workspace")
        readings = [open_plate(host, plates / name) for name in ("ix-zmb-export-3420", "ix-zmb-export-3433")]
        for number, reading in enumerate(readings):
            prepare_workspace(reading, tmp_path / str(number))
            workspace.mount(reading.root, tmp_path / str(number))
        for reading in readings:
            first = files.list_image_files(reading.root, "virtual_workspace")[0]
            expected = tifffile.imread(reading.root / reading.planes[0].path)
            assert np.array_equal(files.load(first, "virtual_workspace"), expected)
