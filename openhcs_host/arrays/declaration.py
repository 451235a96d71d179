"""What a decorated function declares, and where its image arguments are. Imports no array library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs

from openhcs_host.arrays.dtypes import itemsize_of
from openhcs_host.errors import ArrayError

__all__ = ["Declared", "MemoryContract", "OnLoss", "declared"]

OnLoss = Literal["refuse", "clip"]


def _known_policy(_: Any, __: Any, value: str) -> None:
    if value not in ("native", "preserve") and itemsize_of(value) is None:
        raise ArrayError(
            f"dtype={value!r} is no policy; give 'native', 'preserve' or the name of a dtype, for example 'uint16'"
        )


def _known_answer(_: Any, __: Any, value: str) -> None:
    if value not in ("refuse", "clip"):
        raise ArrayError(f"on_loss={value!r} is neither 'refuse' nor 'clip'")


def _is_key(_: Any, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise ArrayError(f"{attribute.name}={value!r} is not the key of a memory type, for example 'torch'")


@attrs.frozen(kw_only=True)
class MemoryContract:
    """The memory types of a function and what is done around its call.

    A decorated function carries it as ``openhcs_memory``, so that a compiler can check routes between
    functions before the first image. Raises ``ArrayError`` for options that mean nothing.
    """

    input_type: str = attrs.field(validator=_is_key)
    """Key of the memory type of its image arguments."""
    output_type: str = attrs.field(validator=_is_key)
    """Key of the memory type of its main output."""
    oom_recovery: bool = False
    """Whether a call that runs out of memory is made again with less."""
    dtype: str = attrs.field(default="native", validator=_known_policy)
    """``native``, ``preserve``, or the dtype of the main output."""
    on_loss: OnLoss = attrs.field(default="refuse", validator=_known_answer)
    """What happens to values that the dtype cannot keep."""
    slice_by_slice: bool = False
    """Whether each plane of the result depends on the same plane of the stacks only."""


@attrs.frozen
class Declared:
    """A function with its contract, as a call needs it."""

    function: Callable[..., Any]
    contract: MemoryContract
    name: str
    """For messages."""
    position: int | None
    """Where the stack stands among positional arguments; ``None`` if it is keyword-only."""
    parameter: str | None
    """Name of the stack's parameter; ``None`` if it has none to be called by."""

    def stack_of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return the argument that must be the stack.

        Raises ``TypeError`` as the function itself would when arguments are missing.
        """
        if self.position is not None and len(args) > self.position:
            return args[self.position]
        if self.parameter is not None and self.parameter in kwargs:
            return kwargs[self.parameter]
        inspect.signature(self.function).bind(*args, **kwargs)
        raise ArrayError(
            f"{self.name} was called without an image; its first argument is a stack [Z, Y, X] "
            f"of any installed memory type"
        )


def declared(function: Callable[..., Any], contract: MemoryContract) -> Declared:
    """Return ``function`` with its contract.

    The stack is the first parameter, ``self`` and ``cls`` of methods passed over. Raises ``ArrayError``
    for what cannot be decorated.
    """
    if isinstance(function, staticmethod | classmethod) or not callable(function):
        raise ArrayError(
            f"{function!r} cannot be declared: decorate the plain function, below @staticmethod or "
            "@classmethod"
        )
    name = getattr(function, "__qualname__", type(function).__name__)
    if hasattr(function, "openhcs_memory"):
        raise ArrayError(
            f"{name} is declared already ({function.openhcs_memory}); for two memory types use one "
            "@memory_types(input_type=, output_type=)"
        )
    position, parameter = _place_of_stack(function, name)
    return Declared(function, contract, name, position, parameter)


def _place_of_stack(function: Callable[..., Any], name: str) -> tuple[int | None, str | None]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:
        return 0, None  # written in C, without a signature
    position = 1 if parameters and parameters[0].name in ("self", "cls") else 0
    if len(parameters) <= position:
        raise ArrayError(f"{name} takes no argument that could be a stack [Z, Y, X]")
    first = parameters[position]
    if first.kind is first.VAR_KEYWORD:
        raise ArrayError(f"{name} takes **{first.name} only; name the stack's parameter")
    if first.kind is first.KEYWORD_ONLY:
        return None, first.name
    return position, first.name if first.kind is first.POSITIONAL_OR_KEYWORD else None
