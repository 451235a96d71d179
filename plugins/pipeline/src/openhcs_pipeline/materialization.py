"""Calling materializers: the forms they may have, and where what they make goes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline.special import Declared

__all__ = ["form_problem", "materialize"]

_FORMS: Final[dict[tuple[str, ...], str]] = {
    (): "fn(data, path, filemanager)",
    ("backend",): "fn(data, path, filemanager, backend)",
    ("backends", "backend_kwargs"): "fn(data, path, filemanager, backends, backend_kwargs)",
}
"""What a materializer takes after ``data``, ``path`` and ``filemanager``."""


def form_problem(declared: Declared) -> str | None:
    """Return why the materializer of a special output cannot be called, one sentence, or ``None``."""
    function = declared.materialize
    if function is None:
        return None
    name = getattr(function, "__name__", repr(function))
    if _further(function) in _FORMS:
        return None
    return (
        f"special output {declared.name!r}: the materializer {name}{inspect.signature(function)} has another form; "
        f"write {_any_form()}"
    )


def materialize(
    declared: Declared,
    data: Any,
    paths: Mapping[str, str],
    files: FileManager,
    backend_kwargs: Mapping[str, Mapping[str, Any]],
) -> str:
    """Make files of ``data`` and return the path of the main one.

    ``paths`` gives, for each backend wanted, the planned path without extension; the first is the main one.
    A function without ``backend`` is called once and writes where it says itself; one with ``backend``
    once per backend; one with ``backends`` once for all of them, with the main path.
    Raises ``PipelineError`` if it returns no path, and lets its own exceptions pass.
    """
    function = declared.materialize
    if function is None:
        raise PipelineError(f"special output {declared.name!r} has no materializer")
    (main, path), further = next(iter(paths.items())), _further(function)
    if further == ("backend",):
        made = [_path(declared, function(data, paths[key], files, key)) for key in paths]
        return made[0]
    if further:
        options = {key: dict(table) for key, table in backend_kwargs.items() if key in paths}
        backends: str | list[str] = main if len(paths) == 1 else list(paths)
        return _path(declared, function(data, path, files, backends, options))
    return _path(declared, function(data, path, files))


def _further(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the names of what a materializer takes after the first three, ``None`` if these are not there."""
    parameters = list(inspect.signature(function).parameters.values())
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) < 3 or any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        return None
    named = tuple(p.name for p in positional[3:] if p.name in ("backend", "backends", "backend_kwargs"))
    others = [p for p in positional[3:] if p.name not in named]
    if positional[3 : 3 + len(named)] != [p for p in positional[3:] if p.name in named]:
        return None
    return None if any(p.default is p.empty for p in others) else named


def _any_form() -> str:
    forms: Sequence[str] = tuple(_FORMS.values())
    return f"{', '.join(forms[:-1])} or {forms[-1]}, which returns the path of the main file that it wrote"


def _path(declared: Declared, returned: Any) -> str:
    if isinstance(returned, str):
        return returned
    raise PipelineError(
        f"the materializer of {declared.name!r} must return the path of the main file that it wrote; it returned "
        f"{type(returned).__name__}"
    )
