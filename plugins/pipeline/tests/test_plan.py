"""Compiling finds everything wrong before the first pixel, and writes nothing."""

from __future__ import annotations

import os

import attrs
import pytest

from openhcs_host.errors import PipelineError
from openhcs_pipeline import FunctionStep, compile_plan, special_outputs


def same(stack):
    return stack


@special_outputs("count")
def counting(stack):
    return stack, 1


def other_counting(stack):
    return stack, 2


other_counting = special_outputs("count")(other_counting)


def test_a_good_pipeline_becomes_a_plan_of_wells_in_plate_order(host, plate, tmp_path):
    plan = compile_plan(host, [FunctionStep(same)], plate, tmp_path / "out")
    assert plan.wells == ("A01", "A10", "B02")
    assert not (tmp_path / "out").exists()


def test_everything_wrong_is_said_at_once(host, plate, tmp_path):
    steps = [FunctionStep(counting, name="a"), FunctionStep(other_counting, name="a")]
    with pytest.raises(PipelineError) as caught:
        compile_plan(host, steps, plate, plate.root / "out")
    for words in ("two steps are named 'a'", "both make 'count'", "inside the plate"):
        assert words in str(caught.value)


def test_a_chain_that_makes_one_output_twice_is_refused(host, plate, tmp_path):
    with pytest.raises(PipelineError, match="'count' twice"):
        compile_plan(host, [FunctionStep([counting, counting])], plate, tmp_path / "out")


def test_the_same_output_from_several_channels_of_one_step_is_fine(host, plate, tmp_path):
    plan = compile_plan(host, [FunctionStep({1: counting, 2: counting})], plate, tmp_path / "out")
    assert [declared.name for declared in plan.specials] == ["count"]


def test_an_empty_pipeline_is_refused(host, plate, tmp_path):
    with pytest.raises(PipelineError, match="no steps"):
        compile_plan(host, [], plate, tmp_path / "out")


def test_images_that_end_at_a_step_are_named(host, plate, tmp_path):
    plan = compile_plan(host, [FunctionStep({1: same}, name="only one")], plate, tmp_path / "out")
    assert any("'only one' has no function for channel 2" in note for note in plan.notes)


def test_functions_for_what_the_plate_does_not_have_are_named(host, plate, tmp_path):
    plan = compile_plan(host, [FunctionStep({1: same, 9: same})], plate, tmp_path / "out")
    assert any("functions for channel 9" in note for note in plan.notes)
    with pytest.raises(PipelineError, match="none of the plate's channel"):
        compile_plan(host, [FunctionStep({9: same})], plate, tmp_path / "out")


def test_the_plate_s_own_problems_are_in_the_notes(host, plate, tmp_path):
    odd = attrs.evolve(plate, problems=("it is odd",))
    assert "plate: it is odd" in compile_plan(host, [FunctionStep(same)], odd, tmp_path / "out").notes


def test_an_output_that_is_the_plate_or_a_file_is_refused(host, plate, tmp_path):
    (tmp_path / "file").touch()
    os.symlink(plate.root, tmp_path / "alias")
    for output in (plate.root, tmp_path / "file", tmp_path / "alias" / "out"):
        with pytest.raises(PipelineError):
            compile_plan(host, [FunctionStep(same)], plate, output)
