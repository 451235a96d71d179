"""A step says what is applied to what; what makes no sense is refused when it is written down."""

from __future__ import annotations

import pytest

from openhcs_host.contracts.images import Coordinates
from openhcs_host.errors import PipelineError
from openhcs_pipeline import Component, FunctionStep
from openhcs_pipeline.components import stacks


def first(stack):
    return stack


def second(stack, gain=1):
    return stack


def test_a_callable_serves_every_value():
    step = FunctionStep(first)
    assert [call.function for call in step.chain_for(7)] == [first]
    assert step.name == "first"


def test_keywords_chains_and_dicts_may_be_nested():
    step = FunctionStep({"1": [first, (second, {"gain": 2})], 2: first})
    chain = step.chain_for(1)
    assert [call.name for call in chain] == ["first", "second"] and chain[1].keywords == {"gain": 2}
    assert step.chain_for(2)[0].function is first
    assert step.chain_for(3) is None
    assert step.name == "first, second"


@pytest.mark.parametrize(
    "func",
    [
        None,
        "",
        "a:b:c",
        ":a",
        "a:",
        "a b",
        [],
        {},
        (first,),
        (first, 3),
        (3, {}),
        [first, 3],
        {"DAPI": first},
    ],
)
def test_what_is_no_function_is_refused_with_the_forms_that_are(func):
    with pytest.raises(PipelineError):
        FunctionStep(func)


def test_components_are_named_and_checked():
    assert FunctionStep(first, variable_components=["site", Component.Z_INDEX]).variable_components == (
        Component.SITE,
        Component.Z_INDEX,
    )
    with pytest.raises(PipelineError, match="the components are well, site"):
        FunctionStep(first, variable_components=["depth"])
    with pytest.raises(PipelineError, match="stacks wells"):
        FunctionStep(first, variable_components=["well"])
    with pytest.raises(PipelineError, match="groups by channel and stacks it"):
        FunctionStep({1: first}, variable_components=["channel"])


def test_two_keys_of_one_value_are_refused():
    with pytest.raises(PipelineError, match="two keys"):
        FunctionStep({1: first, "1": second})


PLANES = [Coordinates("A01", s, c, z) for z in (10, 2, 1) for c in (2, 1) for s in (1, 2)]


def test_stacks_hold_planes_that_differ_only_in_what_is_stacked_in_order():
    groups = stacks(PLANES, (Component.Z_INDEX,))
    assert len(groups) == 4
    assert [c.z_index for c in groups[0]] == [1, 2, 10]
    assert {(c.site, c.channel) for c in groups[0]} == {(1, 1)}


def test_several_components_can_be_stacked_and_none():
    assert [len(group) for group in stacks(PLANES, (Component.Z_INDEX, Component.SITE))] == [6, 6]
    assert [len(group) for group in stacks(PLANES, ())] == [1] * 12


def test_keywords_of_a_function_may_stand_on_its_step():
    step = FunctionStep(func=second, gain=2, name="brighten", group_by="site")
    assert step == FunctionStep((second, {"gain": 2}), "brighten", group_by="site")
    (call,) = FunctionStep({1: [(second, {})]}, gain=3).chain_for(1)
    assert call.keywords == {"gain": 3}


def test_keywords_on_a_step_of_several_functions_are_refused():
    for func in ([first, second], {1: first, 2: second}):
        with pytest.raises(
            PipelineError, match=r"gain= on a step of 2 functions .* write \(function, \{…\}\)"
        ):
            FunctionStep(func, gain=2)


def test_a_keyword_in_two_places_is_refused():
    with pytest.raises(PipelineError, match="gain is given twice"):
        FunctionStep((second, {"gain": 1}), gain=2)


@pytest.mark.parametrize("func", [second, (second, {}), [second], {1: second}])
def test_a_keyword_that_the_function_does_not_have_is_refused_when_it_is_written(func):
    with pytest.raises(
        PipelineError, match=r"second has no parameter 'gian' .*; it has gain. Did you mean 'gain'?"
    ):
        FunctionStep(func, gian=2)


def test_a_misspelt_option_of_the_step_is_told_from_a_keyword():
    with pytest.raises(PipelineError, match=r"Did you mean 'variable_components'\?"):
        FunctionStep(second, variable_component=["site"])


def test_functions_that_take_anything_or_have_no_signature_are_believed():
    FunctionStep(lambda stack, **words: stack, anything=1)
    FunctionStep(max, key=len)


def test_a_name_stands_for_a_function():
    step = FunctionStep({1: "lib:smooth", 2: [("smooth", {"sigma": 2.0}), first]})
    (one,) = step.chain_for(1)
    assert (one.name, one.function.library, one.function.name) == ("lib:smooth", "lib", "smooth")
    assert step.chain_for(2)[0].keywords == {"sigma": 2.0} and step.name == "lib:smooth, smooth, first"
    with pytest.raises(PipelineError, match="has not been looked up"):
        one.function(None)
