"""An error in a function points at that function: its line, its well, its step, what it was called with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.seam.default_host import default_host
from openhcs_pipeline import FunctionStep, compile_plan, run_plan, special_inputs, special_outputs


def inner(stack):
    raise ZeroDivisionError("nothing to divide by")


def outer(stack, gain=1):
    return inner(stack) * gain


def failure_of(host, plate, output, step):
    return run_plan(compile_plan(host, [step], plate, output), host).failures["A01"]


def test_the_place_names_function_line_array_well_and_stack(host, plate, tmp_path):
    step = FunctionStep((outer, {"gain": 2}), name="divide", variable_components=["z_index"])
    failure = failure_of(host, plate, tmp_path / "out", step)
    assert failure.step == "step 'divide'" and failure.error == "ZeroDivisionError: nothing to divide by"
    line = outer.__code__.co_firstlineno + 1
    assert failure.where == (
        f"outer ({__file__}:{line}), called with a numpy array of shape (3, 4, 5) and dtype uint16 of well A01, "
        "site 1, channel 1, time point 1"
    )


def test_the_traceback_begins_with_the_function_and_not_with_our_own_frames(host, plate, tmp_path):
    failure = failure_of(host, plate, tmp_path / "out", FunctionStep(outer))
    assert failure.traceback.startswith("Traceback")
    assert "in outer" in failure.traceback and "in inner" in failure.traceback
    assert "openhcs_pipeline" not in failure.traceback
    record = json.loads((tmp_path / "out" / "run.json").read_text())["failures"]["A01"]
    assert record["where"] == failure.where and record["traceback"] == failure.traceback


def test_what_was_stacked_is_no_part_of_the_place(host, plate, tmp_path):
    step = FunctionStep(outer, variable_components=["site", "channel", "z_index"])
    assert failure_of(host, plate, tmp_path / "out", step).where.endswith("of well A01, time point 1")


def test_a_broken_contract_points_at_the_function_too(host, plate, tmp_path):
    failure = failure_of(host, plate, tmp_path / "out", FunctionStep(lambda stack: None))
    assert f"{__file__}:" in failure.where and "returned NoneType" in failure.error


def test_a_plane_that_cannot_be_read_is_no_function_s_fault(host, plate, tmp_path):
    (plate.root / plate.planes[0].path).write_bytes(b"")
    assert failure_of(host, plate, tmp_path / "out", FunctionStep(outer)).where == ""


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_functions_that_know_no_host_use_that_of_the_run(plate, tmp_path, executor):
    @special_outputs("hosts")
    def look(stack):
        from openhcs_host.seam import default_host as module

        return stack, (module.default_host() is module._of_the_process())

    @special_inputs("hosts")
    def tell(stack, hosts):
        return stack + np.uint16(hosts)

    with Host() as mine:
        plan = compile_plan(mine, [FunctionStep(look), FunctionStep(tell)], plate, tmp_path / "out")
        result = run_plan(plan, mine, executor=mine.executor(executor))
        assert not result.failures, result.failures
        assert default_host() is not mine
    import tifffile

    image = tifffile.imread(tmp_path / "out" / "images" / "A01_s001_w1_z001_t001.tif")
    assert image[0, 0] == 11101  # one more, had it been another host
