"""A step of a pipeline: functions, and what they are applied to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from openhcs_host.errors import PipelineError
from openhcs_pipeline.components import Component

__all__ = ["Call", "FunctionStep"]


@attrs.frozen
class Call:
    """One function and its keyword arguments."""

    function: Callable[..., Any]
    """Takes a [Z, Y, X] array, returns one, with its special outputs if it declares any."""
    keywords: Mapping[str, Any] = attrs.field(factory=dict)
    """Passed on every call."""

    @property
    def name(self) -> str:
        """The function's own name."""
        return getattr(self.function, "__name__", type(self.function).__name__)


def _components(values: Sequence[str | Component]) -> tuple[Component, ...]:
    return tuple(_component(value) for value in values)


def _component(value: str | Component) -> Component:
    try:
        return Component(value)
    except ValueError:
        names = ", ".join(component.value for component in Component)
        raise PipelineError(f"{value!r} is no component; the components are {names}") from None


@attrs.frozen
class FunctionStep:
    """Applies functions to every stack of planes of a well.

    ``func`` is a callable, ``(callable, keywords)``, a list of these (a chain, each taking what the
    one before returned), or a dict from values of the ``group_by`` component to any of these. With a
    dict, planes whose value has no entry go no further; the plan names them.
    """

    func: Any
    """What is applied."""
    name: str = ""
    """Shown in progress and errors; the functions' names if empty."""
    variable_components: tuple[Component, ...] = attrs.field(
        default=(Component.Z_INDEX,), converter=_components, kw_only=True
    )
    """What is stacked along the first axis; every other component is iterated."""
    group_by: Component = attrs.field(default=Component.CHANNEL, converter=_component, kw_only=True)
    """What the keys of a dict of functions mean."""

    def __attrs_post_init__(self) -> None:
        chains = self.chains()
        if not self.name:
            names = dict.fromkeys(call.name for chain in chains.values() for call in chain)
            object.__setattr__(self, "name", ", ".join(names))
        if Component.WELL in self.variable_components:
            raise PipelineError(f"step {self.name!r} stacks wells; wells are worked on one by one")
        if isinstance(self.func, Mapping) and self.group_by in self.variable_components:
            raise PipelineError(
                f"step {self.name!r} groups by {self.group_by} and stacks it too; a stack has one function"
            )

    def chains(self) -> dict[str | int | None, tuple[Call, ...]]:
        """Return the calls by value of ``group_by``; the key ``None`` stands for every value."""
        if not isinstance(self.func, Mapping):
            return {None: _chain(self.func, self.name)}
        if not self.func:
            raise PipelineError(f"step {self.name!r} has an empty dict of functions")
        chains: dict[str | int | None, tuple[Call, ...]] = {
            _group_value(key, self.group_by): _chain(func, self.name) for key, func in self.func.items()
        }
        if len(chains) != len(self.func):
            raise PipelineError(f"step {self.name!r}: two keys mean the same {self.group_by}")
        return chains

    def chain_for(self, value: str | int) -> tuple[Call, ...] | None:
        """Return the calls for a value of ``group_by``, or ``None`` if it has none."""
        chains = self.chains()
        return chains.get(None) or chains.get(value)


def _chain(func: Any, step: str) -> tuple[Call, ...]:
    if isinstance(func, list):
        if not func:
            raise PipelineError(f"step {step!r} has an empty chain of functions")
        return tuple(call for item in func for call in _chain(item, step))
    if isinstance(func, tuple) and len(func) == 2 and callable(func[0]) and isinstance(func[1], Mapping):
        return (Call(func[0], dict(func[1])),)
    if callable(func):
        return (Call(func),)
    raise PipelineError(
        f"step {step!r}: {func!r} is no function. Give a callable, (callable, keywords), "
        "a list of these, or a dict by component."
    )


def _group_value(key: Any, component: Component) -> str | int:
    if component is Component.WELL:
        return str(key)
    try:
        return int(key)
    except (TypeError, ValueError):
        raise PipelineError(f"{key!r} is no {component}; the keys are its numbers") from None
