"""Special outputs and inputs: what functions hand on beside their images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

import attrs

from openhcs_host.contracts.images import Coordinates, place_name
from openhcs_host.errors import PipelineError

__all__ = [
    "Declared",
    "Per",
    "SpecialInput",
    "SpecialOutput",
    "declared_inputs",
    "declared_outputs",
    "materialize_per",
    "special_inputs",
    "special_outputs",
]

F = TypeVar("F", bound=Callable[..., Any])

Per = Literal["plate", "well", "stack"]
"""How often a materializer is called: once per plate, once per well, or for every value."""

_PERS: Final = ("plate", "well", "stack")
_SCOPES: Final = ("stack", "well")


@attrs.frozen
class SpecialOutput:
    """One value that a function returned, and the stack it came from.

    A component that was stacked is ``None``.
    """

    well: str
    site: int | None
    channel: int | None
    z_index: int | None
    timepoint: int | None
    value: Any

    @property
    def stack_name(self) -> str:
        """Name of the stack within its well: ``s001_w1_t001``, without what was stacked."""
        # The parts of a plane's name; numbers stand in for what was stacked and are then left out.
        place = (self.site, self.channel, self.z_index, self.timepoint)
        parts = place_name(*(number or 0 for number in place)).strip("_").split("_")
        return "_".join(part for part, number in zip(parts, place, strict=True) if number is not None)

    def is_of(self, coordinates: Coordinates) -> bool:
        """Whether the plane at these coordinates agrees in all components that were not stacked."""
        mine = (self.well, self.site, self.channel, self.z_index, self.timepoint)
        theirs = (coordinates.well, *coordinates.place)
        return all(value in (None, other) for value, other in zip(mine, theirs, strict=True))


@attrs.frozen
class Declared:
    """A special output that a function declares."""

    name: str
    """Name in the results, of the files, and as special input."""
    materialize: Callable[..., str] | None = None
    """What makes files of it; ``None`` keeps it in memory for later steps only."""

    @property
    def per(self) -> Per:
        """How often ``materialize`` is called."""
        per: Per = getattr(self.materialize, "__materialize_per__", "plate")
        return per


@attrs.frozen
class SpecialInput:
    """A special output of an earlier function that a function takes as a keyword argument."""

    name: str
    """Name of the special output, and of the parameter."""
    scope: Literal["stack", "well"] = "stack"
    """``stack``: the value that belongs to the stack; ``well``: all of the well, a list of ``SpecialOutput``."""


def special_outputs(*outputs: str | tuple[str, Callable[..., str]]) -> Callable[[F], F]:
    """Declare what a function returns after its image, in order.

    ::

        @special_outputs("positions", ("nuclei", counts_per_well))
        def count(stack):
            ...
            return stack, positions, number

    Raises ``PipelineError`` for a materializer that is no function.
    """
    declared = tuple(Declared(*((output,) if isinstance(output, str) else output)) for output in outputs)
    for each in declared:
        if each.materialize is not None and not callable(each.materialize):
            raise PipelineError(
                f"special output {each.name!r}: the materializer {each.materialize!r} is no function"
            )

    def mark(function: F) -> F:
        function.__special_outputs__ = declared  # type: ignore[attr-defined]
        return function

    return mark


def special_inputs(*inputs: str | tuple[str, Literal["stack", "well"]]) -> Callable[[F], F]:
    """Declare which special outputs of earlier functions a function takes, by the names of its parameters.

    ::

        @special_inputs("positions", ("nuclei", "well"))
        def assemble(stack, positions, nuclei):
            ...

    Raises ``PipelineError`` for a scope that is neither ``stack`` nor ``well``.
    """
    declared = tuple(SpecialInput(*((each,) if isinstance(each, str) else each)) for each in inputs)
    for each in declared:
        if each.scope not in _SCOPES:
            raise PipelineError(f"special input {each.name!r}: {each.scope!r} is neither 'stack' nor 'well'")

    def mark(function: F) -> F:
        function.__special_inputs__ = declared  # type: ignore[attr-defined]
        return function

    return mark


def materialize_per(per: Per) -> Callable[[F], F]:
    """Declare how often a materializer is called, and with that what its ``data`` is.

    ``plate`` (as without this decorator) and ``well``: a list of ``SpecialOutput`` in plate order;
    ``stack``: one value as the function returned it. Raises ``PipelineError`` for anything else.
    """
    if per not in _PERS:
        raise PipelineError(f"a materializer is called per 'plate', 'well' or 'stack', not per {per!r}")

    def mark(function: F) -> F:
        function.__materialize_per__ = per  # type: ignore[attr-defined]
        return function

    return mark


def declared_outputs(function: Callable[..., Any]) -> tuple[Declared, ...]:
    """Return the special outputs that a function declares."""
    found: tuple[Declared, ...] = getattr(function, "__special_outputs__", ())
    return found


def declared_inputs(function: Callable[..., Any]) -> tuple[SpecialInput, ...]:
    """Return the special inputs that a function declares."""
    found: tuple[SpecialInput, ...] = getattr(function, "__special_inputs__", ())
    return found
