"""``openhcs plan`` says what would be done, and imports no array library that the pipeline does not name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLATE = "ix-zmb-export-3433"

PIPELINE = """
from openhcs_host import decorators
from openhcs_pipeline import FunctionStep, PipelineConfig, counts_per_well, special_inputs, special_outputs

@special_outputs(("bright", counts_per_well))
def count(stack):
    return stack, int((stack > 1000).sum())

@special_inputs("bright")
@decorators.DECORATOR
def scale(stack, bright):
    return stack

pipeline = [FunctionStep(count), FunctionStep({1: scale}, name="scaled")]
config = PipelineConfig(durability="process")
"""

MODULES = """
import sys
from openhcs_host.cli.root import openhcs
from openhcs_host import Host
with Host() as host:
    openhcs.main(sys.argv[1:], obj=host, standalone_mode=False)
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""

LIBRARIES = {
    "torch",
    "jax",
    "tensorflow",
    "cupy",
    "pyclesperanto",
    "pyclesperanto_prototype",
    "skimage",
    "scipy",
}


def planned(plates, tmp_path, decorator, *options):
    (tmp_path / "p.py").write_text(PIPELINE.replace("DECORATOR", decorator))
    command = [sys.executable, "-c", MODULES, "plan", "p.py", str(plates / PLATE), "-o", "out", *options]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)


def test_a_plan_of_plain_functions_imports_no_array_library(plates, tmp_path):
    done = planned(plates, tmp_path, "numpy", "--json")
    assert done.returncode == 0, done.stderr
    assert not LIBRARIES & set(done.stderr.splitlines()[-1].split())
    assert os.listdir(tmp_path) == ["p.py"]


def test_a_plan_names_steps_memory_types_conversions_sizes_and_places(plates, tmp_path):
    pytest.importorskip("torch")
    done = planned(plates, tmp_path, "torch", "--json")
    assert done.returncode == 0, done.stderr
    assert LIBRARIES & set(done.stderr.splitlines()[-1].split()) <= {"torch"}
    facts = json.loads(done.stdout)
    count, scaled = facts["steps"]
    assert (facts["wells"], facts["planes"], facts["shape"], facts["dtype"]) == (2, 24, [256, 256], "uint16")
    assert facts["input_bytes"] == 24 * 256 * 256 * 2 == 2 * facts["output_bytes"]
    assert (count["stacks"], count["planes"], scaled["stacks"]) == (8, 3, 4)
    assert count["calls"][0]["special_outputs"] == ["bright"] and count["calls"][0]["conversion"] == ""
    (call,) = scaled["calls"]
    assert (call["memory_type"], call["device"], call["group"]) == ("torch", "cpu", "1")
    assert call["conversion"].startswith("numpy -> torch: zero_copy")
    assert call["bytes_converted"] == facts["input_bytes"] // 2 and call["special_inputs"] == ["bright"]
    assert facts["paths"]["images (disk)"] == str(tmp_path / "out" / "images")
    assert any("no function for channel 2" in note for note in facts["notes"])


def test_people_get_the_same_as_text(plates, tmp_path):
    done = planned(plates, tmp_path, "numpy")
    assert "reads:   24 planes of 256 x 256 uint16 in 2 wells, 3.0 MiB" in done.stdout
    assert "2. scaled: 4 stacks of 3 planes (z_index)" in done.stdout


def test_what_cannot_run_cannot_be_planned(openhcs, plates, tmp_path):
    (tmp_path / "p.py").write_text(
        PIPELINE.replace("DECORATOR", "numpy").replace("FunctionStep(count), ", "")
    )
    done = openhcs("plan", "p.py", plates / PLATE)
    assert done.returncode == 1 and "special input 'bright', which nothing before it makes" in done.stderr
