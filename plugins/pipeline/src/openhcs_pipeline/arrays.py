"""Which array library each function of a pipeline works with, and whether it can be used here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openhcs_host import Host
from openhcs_host.errors import PluginError
from openhcs_pipeline.step import FunctionStep

__all__ = ["memory_problems", "memory_types", "owner_of", "stack_problem"]


def memory_types(function: Callable[..., Any]) -> tuple[str, str]:
    """Return the memory types that a function takes and makes: NumPy unless a decorator says otherwise."""
    contract = getattr(function, "openhcs_memory", None)
    return ("numpy", "numpy") if contract is None else (contract.input_type, contract.output_type)


def memory_problems(host: Host, steps: Sequence[FunctionStep]) -> list[str]:
    """Return which memory types cannot be used, one sentence each; imports none of their libraries."""
    users: dict[str, str] = {}
    for step in steps:
        for chain in step.chains().values():
            for call in chain:
                for key in memory_types(call.function):
                    users.setdefault(key, f"{call.name} of step {step.name!r}")
    problems = []
    for key, user in users.items():
        try:
            found = host.memory(key).availability()
        except PluginError as error:
            problems.append(f"{user} works on {key}: {error}")
        else:
            if found.state != "ready":
                problems.append(f"{user} works on {key}: {found.state}, {found.detail}")
    return problems


def owner_of(host: Host, array: Any) -> str:
    """Return the key of the memory type of an array that has been checked to be one."""
    return host.memory_type_of(array) or "numpy"


def stack_problem(host: Host, value: Any, wanted: str) -> str | None:
    """Return what ``value`` is if it is no stack of planes of the memory type ``wanted``."""
    key = host.memory_type_of(value)
    if key is None:
        return type(value).__name__
    shape = host.memory(key).facts(value).shape
    if key != wanted:
        return f"a {key} array of shape {shape}"
    return None if len(shape) == 3 and shape[0] else f"an array of shape {shape}"
