"""A step of a pipeline: functions, and what they are applied to."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from openhcs_host.errors import PipelineError
from openhcs_pipeline.components import Component
from openhcs_pipeline.named import FunctionName

__all__ = ["Call", "FunctionStep"]


@attrs.frozen
class Call:
    """One function and its keyword arguments."""

    function: Callable[..., Any]
    """Takes a [Z, Y, X] array, returns one, with its special outputs if it declares any.

    A ``FunctionName`` stands for it until the pipeline is compiled.
    """
    keywords: Mapping[str, Any] = attrs.field(factory=dict)
    """Passed on every call."""

    @property
    def name(self) -> str:
        """The function's own name, ``library:name`` where it comes from a library."""
        if isinstance(self.function, FunctionName):
            return str(self.function)
        return getattr(self.function, "__name__", type(self.function).__name__)


def _components(values: Sequence[str | Component]) -> tuple[Component, ...]:
    return tuple(_component(value) for value in values)


def _component(value: str | Component) -> Component:
    try:
        return Component(value)
    except ValueError:
        names = ", ".join(component.value for component in Component)
        raise PipelineError(f"{value!r} is no component; the components are {names}") from None


@attrs.frozen(init=False)
class FunctionStep:
    """Applies functions to every stack of planes of a well.

    ``func`` is a callable, the name of a library's function (``"skimage:gaussian"``, or ``"gaussian"`` where
    one installed library has it), ``(one of these, keywords)``, a list of these (a chain, each taking what the
    one before returned), or a dict from values of the ``group_by`` component to any of these. With a
    dict, planes whose value has no entry go no further; the plan names them.

    Keywords of the function may stand on a step of one function: ``FunctionStep("gaussian", sigma=2.0)`` is
    ``FunctionStep(("gaussian", {"sigma": 2.0}))``. Those named like an option of the step need the second form.
    Raises ``PipelineError`` for what makes no sense; names are looked up, and keywords of named functions checked,
    when the pipeline is compiled.
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

    def __init__(
        self,
        func: Any,
        name: str = "",
        *,
        variable_components: Sequence[str | Component] = (Component.Z_INDEX,),
        group_by: str | Component = Component.CHANNEL,
        **keywords: Any,
    ) -> None:
        func = _with_keywords(func, keywords) if keywords else func
        self.__attrs_init__(func, name, variable_components=variable_components, group_by=group_by)

    def __attrs_post_init__(self) -> None:
        calls = [call for chain in self.chains().values() for call in chain]
        for call in calls:
            _check_keywords(call)
        if not self.name:
            object.__setattr__(self, "name", ", ".join(dict.fromkeys(call.name for call in calls)))
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


def _with_keywords(func: Any, keywords: Mapping[str, Any]) -> Any:
    """Return ``func`` with keywords that stand on its step; it must be one function."""
    words = ", ".join(f"{word}=" for word in keywords)
    if isinstance(func, Mapping | list):
        if len(func) != 1:
            raise PipelineError(
                f"{words} on a step of {len(func)} functions could be for any of them; "
                "write (function, {…}) at the one that it is for"
            )
        if isinstance(func, list):
            return [_with_keywords(func[0], keywords)]
        return {value: _with_keywords(one, keywords) for value, one in func.items()}
    if not isinstance(func, tuple):
        return func, dict(keywords)
    if len(func) != 2 or not isinstance(func[1], Mapping):
        return func  # refused with the forms that there are
    twice = sorted(func[1].keys() & keywords.keys())
    if twice:
        raise PipelineError(f"{', '.join(twice)} is given twice, beside the function and on its step")
    return func[0], {**func[1], **keywords}


def _chain(func: Any, step: str) -> tuple[Call, ...]:
    if isinstance(func, list):
        if not func:
            raise PipelineError(f"step {step!r} has an empty chain of functions")
        return tuple(call for item in func for call in _chain(item, step))
    if isinstance(func, tuple) and len(func) == 2 and isinstance(func[1], Mapping):
        function, keywords = func[0], dict(func[1])
    else:
        function, keywords = func, {}
    if isinstance(function, str):
        return (Call(FunctionName.parse(function), keywords),)
    if callable(function):
        return (Call(function, keywords),)
    raise PipelineError(
        f"step {step!r}: {func!r} is no function. Give a callable, the name of a library's function, "
        "(function, keywords), a list of these, or a dict by component."
    )


def _check_keywords(call: Call) -> None:
    """Refuse keywords that a callable does not have; those of names are checked when these are found."""
    try:
        parameters = list(inspect.signature(call.function).parameters.values()) if call.keywords else []
    except ValueError:
        return  # written in C, without a signature
    if not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = [p.name for p in parameters[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    unknown = [word for word in call.keywords if word not in known]
    if unknown:
        options = [field.name for field in attrs.fields(FunctionStep)]
        near = difflib.get_close_matches(unknown[0], [*known, *options], n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise PipelineError(
            f"{call.name} has no parameter {', '.join(map(repr, unknown))} beside its image; "
            f"it has {', '.join(known) or 'none'}.{guess}"
        )


def _group_value(key: Any, component: Component) -> str | int:
    if component is Component.WELL:
        return str(key)
    try:
        return int(key)
    except (TypeError, ValueError):
        raise PipelineError(f"{key!r} is no {component}; the keys are its numbers") from None
