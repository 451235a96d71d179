"""What a conversion will do: the plan that is shown, and the steps that are run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from openhcs_host.contracts.memory import ConversionCost

__all__ = ["ConversionPlan", "Route", "Step"]


@attrs.frozen
class ConversionPlan:
    """What ``convert`` does: exactly, for an array; as bounds, between two memory types."""

    source: str
    """Memory type of the array."""
    target: str
    """Memory type of the result."""
    route: tuple[str, ...]
    """The steps in order: ``to_numpy``, ``from_numpy``, ``dlpack``, ``cast``, ``to_device``, or the key of a
    converter. Empty if the array is returned as it is; between two types, the route in the best case."""
    cost: ConversionCost
    """Its class; between two types, in the best case."""
    at_most: ConversionCost
    """For an array the same as ``cost``; between two types, in the worst case."""
    bytes_copied: int | None
    """Bytes written by all steps together; between two types ``None``, unless nothing is ever copied.

    A library that may take over the memory of a step before it, and does, writes fewer."""
    dtype: str | None
    """Of the result; ``None`` where it depends on the array."""
    device: str
    """Where the result lives."""
    shares: bool | None
    """Whether the result is a view of the array's memory; ``None`` where it depends on the array."""


@attrs.frozen
class Step:
    """One call that takes an array further."""

    name: str
    """As in ``ConversionPlan.route``."""
    run: Callable[[Any], Any]
    """The call."""
    cost: int = 0
    """As in ``ConversionCost``."""
    nbytes: int = 0
    """Bytes that it writes; 0 for a view."""


@attrs.frozen
class Route:
    """The steps of one conversion and what is expected at their end."""

    steps: tuple[Step, ...]
    """In order; none if the array is returned as it is."""
    dtype: str
    """Of the result."""
    device: str
    """Where the result lives."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the steps."""
        return tuple(step.name for step in self.steps)

    @property
    def method(self) -> str:
        """The names of the steps as one text, for errors and observers."""
        return " + ".join(self.names) or "identity"

    @property
    def weight(self) -> int:
        """The sum of the costs, by which routes are compared."""
        return sum(step.cost for step in self.steps)

    @property
    def cost(self) -> ConversionCost:
        """The class of the whole: that of its dearest step."""
        return max((ConversionCost(step.cost) for step in self.steps), default=ConversionCost.ZERO_COPY)

    @property
    def shares(self) -> bool:
        """Whether the result is a view of the array's memory, or the array itself."""
        return all(step.nbytes == 0 and step.cost == ConversionCost.ZERO_COPY for step in self.steps)

    @property
    def nbytes(self) -> int:
        """Bytes written by all steps together."""
        return sum(step.nbytes for step in self.steps)

    def run(self, array: Any) -> Any:
        """Take an array all the way."""
        for step in self.steps:
            array = step.run(array)
        return array
