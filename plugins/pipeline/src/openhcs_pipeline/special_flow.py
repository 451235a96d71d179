"""Following special outputs through the steps of a pipeline: who makes them, who takes them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

from openhcs_pipeline.materialization import form_problem
from openhcs_pipeline.special import Declared, declared_inputs, declared_outputs
from openhcs_pipeline.step import Call, FunctionStep

__all__ = ["special_problems", "specials_of"]


def specials_of(steps: Sequence[FunctionStep]) -> tuple[Declared, ...]:
    """Return every special output once, in the order of the steps."""
    found: dict[str, Declared] = {}
    for _, call in _calls(steps):
        for declared in declared_outputs(call.function):
            found.setdefault(declared.name, declared)
    return tuple(found.values())


def special_problems(steps: Sequence[FunctionStep]) -> list[str]:
    """Return what is wrong with special outputs and inputs, one sentence each."""
    problems = [p for declared in specials_of(steps) if (p := form_problem(declared)) is not None]
    makers: dict[str, tuple[int, Declared]] = {}
    for number, step in enumerate(steps):
        earlier = set(makers)
        for chain in step.chains().values():
            problems += _chain_problems(step, chain, earlier)
            for declared in (d for call in chain for d in declared_outputs(call.function)):
                first, known = makers.setdefault(declared.name, (number, declared))
                if first != number:
                    problems.append(
                        f"steps {steps[first].name!r} and {step.name!r} both make {declared.name!r}"
                    )
                elif known != declared:
                    problems.append(
                        f"step {step.name!r} makes {declared.name!r} with two materializers; give it one, or two names"
                    )
    return list(dict.fromkeys(problems))


def _chain_problems(step: FunctionStep, chain: Sequence[Call], earlier: set[str]) -> Iterator[str]:
    made = set(earlier)
    here: list[str] = []
    for call in chain:
        yield from _input_problems(step, call, made)
        names = [declared.name for declared in declared_outputs(call.function)]
        here += names
        made |= set(names)
    for name in sorted({name for name in here if here.count(name) > 1}):
        yield f"step {step.name!r} makes special output {name!r} twice"


def _input_problems(step: FunctionStep, call: Call, made: set[str]) -> Iterator[str]:
    for wanted in declared_inputs(call.function):
        who = f"{call.name} of step {step.name!r}"
        if wanted.name not in made:
            there = (
                f"before it are made: {', '.join(sorted(made))}" if made else "no step before it makes any"
            )
            yield f"{who} takes special input {wanted.name!r}, which nothing before it makes; {there}"
        if wanted.name in call.keywords:
            yield f"{who} gets {wanted.name!r} twice, as special input and as keyword"
        if not _accepts(call, wanted.name):
            yield f"{who} declares special input {wanted.name!r} and has no parameter of that name"


def _accepts(call: Call, name: str) -> bool:
    try:
        parameters = inspect.signature(call.function).parameters
    except ValueError:
        return True  # written in C, without a signature
    found = parameters.get(name)
    if found is not None:
        return found.kind in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY)
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())


def _calls(steps: Sequence[FunctionStep]) -> Iterator[tuple[FunctionStep, Call]]:
    for step in steps:
        for chain in step.chains().values():
            for call in chain:
                yield step, call
