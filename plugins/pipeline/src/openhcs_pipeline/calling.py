"""Calling one function of a pipeline: its special inputs, its results checked, its errors pointing at it."""

from __future__ import annotations

import inspect
import os
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import attrs

import openhcs_host
from openhcs_host import Host, convert
from openhcs_host.contracts.images import Coordinates
from openhcs_host.errors import PipelineError
from openhcs_pipeline.arrays import memory_types, stack_problem
from openhcs_pipeline.special import declared_inputs, declared_outputs
from openhcs_pipeline.staging import StagedSpecials
from openhcs_pipeline.step import Call, FunctionStep

__all__ = ["Failure", "Site", "call_function"]

_OURS: Final = tuple(f"{Path(file).parent}{os.sep}" for file in (openhcs_host.__file__, __file__))


@attrs.frozen
class Failure:
    """Why a well failed."""

    step: str
    """Name of the step, or what was being done."""
    error: str
    """Type and message of the exception."""
    traceback: str
    """From the function's own lines on, where it was a function that raised."""
    where: str = ""
    """The function, its line, and the stack that it was called with; empty if it was no function."""

    @classmethod
    def of(cls, step: str, error: BaseException, site: Site | None = None) -> Failure:
        """Describe an exception; ``site`` is the call of a function that it came out of."""
        frames = _users(error.__traceback__) if site is not None else None
        where = "" if site is None else site.described(frames)
        lines = traceback.format_exception(type(error), error, frames or error.__traceback__)
        return cls(step, f"{type(error).__name__}: {error}", "".join(lines), where)


@attrs.frozen
class Site:
    """A call of a function, for telling where an exception came from."""

    call: Call
    """The function."""
    stack: Sequence[Coordinates]
    """The planes of the stack."""
    stacked: Sequence[str]
    """The components along the stack's first axis."""
    array: str
    """What the stack is: memory type, shape, dtype."""

    def described(self, frames: TracebackType | None) -> str:
        """Return one clause: function, file and line, array, and the stack's place."""
        line = _line(self.call.function, frames)
        first = self.stack[0]
        fixed = {
            "site": first.site,
            "channel": first.channel,
            "z": first.z_index,
            "time point": first.timepoint,
        }
        named = {"z": "z_index", "time point": "timepoint"}
        place = ", ".join(
            f"{word} {number}" for word, number in fixed.items() if named.get(word, word) not in self.stacked
        )
        return (
            f"{self.call.name}{line}, called with {self.array} of well {first.well}{place and ', ' + place}"
        )


def call_function(
    host: Host,
    call: Call,
    step: FunctionStep,
    stack: Any,
    group: Sequence[Coordinates],
    specials: StagedSpecials,
) -> Any:
    """Call a function with a stack and return the stack it made; its special outputs are staged.

    Raises ``PipelineError`` if it returned something else than it declares.
    """
    needs, makes = memory_types(call.function)
    shape = tuple(stack.shape)
    if needs == "numpy":
        stack = convert(stack, "numpy", host=host)
    inputs = {each.name: specials.take(each, group) for each in declared_inputs(call.function)}
    returned = call.function(stack, **call.keywords, **inputs)
    declared = declared_outputs(call.function)
    if declared:
        if not isinstance(returned, tuple) or len(returned) != len(declared) + 1:
            got = f"{len(returned)} values" if isinstance(returned, tuple) else "one value"
            names = ", ".join(output.name for output in declared)
            raise PipelineError(f"{call.name} declares {names} beside its image and returned {got}")
        returned, *values = returned
        for output, value in zip(declared, values, strict=True):
            specials.put(output.name, group, step.variable_components, value)
    if (problem := stack_problem(host, returned, makes)) is not None:
        raise PipelineError(
            f"{call.name} must return a 3-D {makes} array [Z, Y, X] for its input of shape {shape}; "
            f"it returned {problem}"
        )
    return returned


def _users(frames: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame that is not ours, ``None`` if all are."""
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OURS):
        frames = frames.tb_next
    return frames


def _line(function: Callable[..., Any], frames: TracebackType | None) -> str:
    if frames is not None:
        return f" ({frames.tb_frame.f_code.co_filename}:{frames.tb_lineno})"
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
