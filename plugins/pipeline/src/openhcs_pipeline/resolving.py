"""Finding the functions that the steps of a pipeline name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from openhcs_host import Host
from openhcs_host.errors import OpenHCSError, PipelineError
from openhcs_pipeline.named import FunctionName, NamedFunction, find_function, offers
from openhcs_pipeline.step import Call, FunctionStep

__all__ = ["resolve_names"]


def resolve_names(
    host: Host, steps: Sequence[FunctionStep]
) -> tuple[tuple[FunctionStep, ...], list[str], list[str]]:
    """Return the steps with every named function found, what is wrong with names, and what to know of them.

    A step with a name that is wrong stays as it is.
    """
    found: list[FunctionStep] = []
    problems: list[str] = []
    open_names = False
    for step in steps:
        names = [
            call.function
            for chain in step.chains().values()
            for call in chain
            if isinstance(call.function, FunctionName)
        ]
        open_names |= any(name.library is None for name in names)
        wrong: list[str] = []
        resolved = _resolved(host, step, wrong) if names else step
        problems += [f"step {step.name!r}: {problem}" for problem in wrong]
        found.append(step if wrong else resolved)
    notes = list(offers(host).troubles) if open_names else []
    return tuple(found), problems, notes


def _resolved(host: Host, step: FunctionStep, wrong: list[str]) -> FunctionStep:
    chains = step.chains()
    alone = sum(map(len, chains.values())) == 1
    made: dict[Any, list[tuple[Any, Any]]] = {}
    for value, chain in chains.items():
        made[value] = []
        for call in chain:
            try:
                made[value].append((_function(host, step, call, alone), call.keywords))
            except OpenHCSError as error:  # collected: all that is wrong is said at once
                wrong.append(str(error))
    return step if wrong else attrs.evolve(step, func=made.get(None, made))


def _function(host: Host, step: FunctionStep, call: Call, alone: bool) -> Any:
    if not isinstance(call.function, FunctionName):
        return call.function
    function = find_function(host, call.function, call.keywords)
    own_name = alone and step.name != call.name
    if own_name and _tables(function) and set("/\\:") & set(step.name):
        raise PipelineError("the step's name becomes the name of a file and cannot hold '/', '\\' or ':'")
    return attrs.evolve(function, table=step.name if own_name else "")


def _tables(function: NamedFunction) -> int:
    return len(function.entry.outputs) - 1
