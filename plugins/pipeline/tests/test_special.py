"""Special outputs are handed on to later functions of the same well, and checked before the first pixel."""

from __future__ import annotations

import json

import numpy as np
import pytest

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline import (
    FunctionStep,
    compile_plan,
    json_table,
    materialize_per,
    run_plan,
    special_inputs,
    special_outputs,
)
from openhcs_pipeline.special import SpecialOutput


@special_outputs("brightest")
def find_brightest(stack):
    return stack, int(stack.max())


def run(host, plate, output, *steps):
    result = run_plan(compile_plan(host, steps, plate, output), host)
    assert not result.failures, result.failures
    return result


def test_a_function_gets_the_value_that_was_made_of_the_same_stack(host, plate, tmp_path):
    got = {}

    @special_inputs("brightest")
    def look(stack, brightest):
        got[int(stack.max())] = brightest
        return stack

    run(host, plate, tmp_path / "out", FunctionStep(find_brightest), FunctionStep(look))
    assert len(got) == 12 and all(stack == brightest for stack, brightest in got.items())


def test_a_value_passes_within_a_chain_too(host, plate, tmp_path):
    @special_inputs("brightest")
    def subtract(stack, brightest):
        return stack - np.uint16(brightest - 5)

    run(host, plate, tmp_path / "out", FunctionStep([find_brightest, (subtract, {})]))


def test_the_only_value_of_a_well_serves_every_stack_of_it(host, plate, tmp_path):
    got = []

    @special_inputs("brightest")
    def look(stack, brightest):
        got.append((int(stack.max()), brightest))
        return stack

    whole = {"variable_components": ["site", "z_index"]}
    run(host, plate, tmp_path / "out", FunctionStep([find_brightest], **whole), FunctionStep(look))
    assert {brightest for _, brightest in got} == {brightest for _, brightest in got if brightest % 10 == 3}
    assert all(brightest % 1000 == stack % 1000 for stack, brightest in got)


def test_several_values_for_one_stack_are_an_error_that_says_what_to_do(host, plate, tmp_path):
    @special_inputs("brightest")
    def look(stack, brightest):
        return stack

    steps = [
        FunctionStep(find_brightest, variable_components=[]),
        FunctionStep(look, name="look"),
    ]
    result = run_plan(compile_plan(host, steps, plate, tmp_path / "out"), host)
    assert len(result.failures) == 3
    assert "3 values of special input 'brightest'" in result.failures["A01"].error
    assert '@special_inputs(("brightest", "well"))' in result.failures["A01"].error


def test_all_values_of_a_well_come_with_the_stacks_that_they_are_of(host, plate, tmp_path):
    got = []

    @special_inputs(("brightest", "well"))
    def look(stack, brightest):
        got.append([(o.well, o.site, o.channel, o.z_index, o.value) for o in brightest])
        return stack

    run(host, plate, tmp_path / "out", FunctionStep(find_brightest), FunctionStep({1: look}))
    assert got[0] == [
        ("A01", 1, 1, None, 11103),
        ("A01", 1, 2, None, 11203),
        ("A01", 2, 1, None, 12103),
        ("A01", 2, 2, None, 12203),
    ]


def test_what_was_handed_on_is_a_copy_whoever_writes_to_it(host, plate, tmp_path):
    seen = []

    @special_outputs("raw")
    def keep(stack):
        return stack, stack  # the image and its special output are one array

    @special_inputs("raw")
    def wipe(stack, raw):
        seen.append(int(raw.min()))
        raw[:] = 0
        stack[:] = 0
        return stack

    steps = [FunctionStep([keep, wipe], name="one"), FunctionStep(wipe, name="two")]
    run(host, plate, tmp_path / "out", *steps)
    assert len(seen) == 24 and min(seen) > 10_000
    assert FileManager(host).list_files(tmp_path / "out", "memory", recursive=True) == []


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (["take"], "takes special input 'brightest', which nothing before it makes; no step before"),
        (["take", "make"], "which nothing before it makes"),
        (["other", "take"], "before it are made: other"),
        (["make", "lacks"], "has no parameter of that name"),
        (["make", "twice"], "gets 'brightest' twice"),
    ],
)
def test_an_input_that_cannot_be_met_is_found_before_the_first_pixel(host, plate, tmp_path, steps, words):
    take = special_inputs("brightest")(lambda stack, brightest: stack)
    functions = {
        "take": take,
        "make": find_brightest,
        "other": special_outputs("other")(lambda stack: (stack, 1)),
        "lacks": special_inputs("brightest")(lambda stack: stack),
        "twice": (take, {"brightest": 3}),
    }
    with pytest.raises(PipelineError, match="the pipeline cannot run") as caught:
        compile_plan(host, [FunctionStep(functions[s], name=s) for s in steps], plate, tmp_path / "out")
    assert words in str(caught.value)


def test_a_scope_that_is_none_is_refused_where_it_is_written():
    with pytest.raises(PipelineError, match="'plate' is neither 'stack' nor 'well'"):
        special_inputs(("brightest", "plate"))


def test_a_stack_is_named_by_what_was_not_stacked():
    assert SpecialOutput("A01", 1, 2, None, 3, 0).stack_name == "s001_w2_t003"
    assert SpecialOutput("A01", None, None, None, None, 0).stack_name == ""


@pytest.mark.parametrize(
    "function",
    [
        lambda data, path: path,
        lambda data, path, filemanager, where: path,
        lambda data, path, filemanager, backends: path,
        lambda data, path, filemanager, *, backend: path,
        lambda data, path, filemanager, extra, backend: path,
    ],
)
def test_a_materializer_of_another_form_is_refused_with_the_right_ones(host, plate, tmp_path, function):
    step = FunctionStep(special_outputs(("x", function))(lambda stack: (stack, 1)), name="x")
    with pytest.raises(PipelineError) as caught:
        compile_plan(host, [step], plate, tmp_path / "out")
    assert "fn(data, path, filemanager), fn(data, path, filemanager, backend) or fn(data" in str(caught.value)
    assert "backends, backend_kwargs)" in str(caught.value)


def test_what_is_no_function_is_no_materializer():
    with pytest.raises(PipelineError, match="'csv' is no function"):
        special_outputs(("x", "csv"))


def test_each_form_gets_what_it_asks_for(host, plate, tmp_path):
    seen = {}

    def plain(data, path, filemanager):
        seen["plain"] = len(data), path
        return path

    def one(data, path, filemanager, backend):
        seen["one"] = len(data), path, backend
        return path

    def many(data, path, filemanager, backends, backend_kwargs=None):
        seen["many"] = len(data), path, backends, backend_kwargs
        return path

    @special_outputs(("plain", plain), ("one", one), ("many", many))
    def make(stack):
        return stack, 1, 2, 3

    result = run(host, plate, tmp_path / "out", FunctionStep(make))
    folder = (tmp_path / "out" / "images_results").as_posix()
    assert seen == {
        "plain": (12, f"{folder}/plain"),
        "one": (12, f"{folder}/one", "disk"),
        "many": (12, f"{folder}/many", "disk", {}),
    }
    assert result.tables["many"] == f"{folder}/many"


def test_per_well_and_per_stack_say_what_the_data_is(host, plate, tmp_path):
    seen = []

    @materialize_per("well")
    def well(data, path, filemanager, backend):
        seen.append(("well", [o.value for o in data], path))
        return json_table(data, path, filemanager, backend)

    @materialize_per("stack")
    def stack_(data, path, filemanager, backend):
        seen.append(("stack", data, path))
        filemanager.save(str(data), f"{path}.txt", backend)
        return f"{path}.txt"

    @special_outputs(("a", well), ("b", stack_))
    def make(stack):
        return stack, int(stack.max()), int(stack.min())

    result = run(host, plate, tmp_path / "out", FunctionStep({1: make}))
    folder = tmp_path / "out" / "images_results"
    assert seen[:3] == [
        ("well", [11103, 12103], (folder / "A01" / "a").as_posix()),
        ("stack", 11101, (folder / "A01" / "s001_w1_t001_b").as_posix()),
        ("stack", 12101, (folder / "A01" / "s002_w1_t001_b").as_posix()),
    ]
    rows = json.loads((folder / "A10" / "a.json").read_text())
    assert rows[0] == {"well": "A10", "site": 1, "channel": 1, "timepoint": 1, "value": 21103}
    assert (folder / "A01" / "s001_w1_t001_b.txt").read_text() == "11101"
    assert len(result.wells[0].files) == 3 and not result.wells[0].specials


def test_a_well_whose_files_cannot_be_made_fails_as_a_whole(host, plate, tmp_path):
    @materialize_per("stack")
    def careful(data, path, filemanager, backend):
        filemanager.save("x", f"{path}.txt", backend)
        if data > 20_000:
            raise ValueError("too bright to be true")
        return f"{path}.txt"

    @special_outputs(("a", careful))
    def make(stack):
        return stack, int(stack.max())

    result = run_plan(compile_plan(host, [FunctionStep(make)], plate, tmp_path / "out"), host)
    assert set(result.failures) == {"A10", "B02"}
    assert result.failures["A10"].step == "materializing 'a'"
    assert {p.name for p in (tmp_path / "out" / "images_results").iterdir()} == {"A01"}
    assert {p.name[:3] for p in (tmp_path / "out" / "images").iterdir()} == {"A01"}


def test_a_materializer_that_returns_no_path_is_told(host, plate, tmp_path):
    step = FunctionStep(special_outputs(("x", lambda data, path, filemanager: None))(lambda s: (s, 1)))
    result = run_plan(compile_plan(host, [step], plate, tmp_path / "out"), host)
    assert "must return the path of the main file" in result.failures["table x"].error


def test_a_materializer_is_called_per_plate_well_or_stack_only():
    with pytest.raises(PipelineError, match="not per 'site'"):
        materialize_per("site")
