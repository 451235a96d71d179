"""What makes two runs the same run: pipeline, configuration, plate and versions, as text that can be compared."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from openhcs_host import Host
from openhcs_pipeline.named import NamedFunction
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.record import versions_of
from openhcs_pipeline.special import declared_outputs
from openhcs_pipeline.step import Call, FunctionStep

__all__ = ["differences", "run_identity", "well_source"]


def run_identity(plan: Plan, host: Host) -> dict[str, Any]:
    """Return everything that the images and tables of a run depend on, the pixels excepted.

    Of a function this is the whole file that defines it, and its keywords. Executor and number of workers
    change no result and are not in it.
    """
    return {
        "plate": {"folder": str(plan.reading.root.absolute()), "microscope": plan.reading.microscope},
        "configuration": {
            **{name: _text(value) for name, value in attrs.asdict(plan.vfs).items()},
            "missing": plan.missing,
            "durability": plan.durability,
        },
        "pipeline": {f"step {number}": _step(step) for number, step in enumerate(plan.steps, 1)},
        "versions": versions_of(host),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two identities, one clause each."""
    return list(_differences(before, now, ""))


def well_source(plan: Plan, well: str) -> str:
    """Return what tells the planes of a well from changed ones: paths, sizes and times of the files.

    Where the plate's backend has no files, paths alone.
    """
    digest = hashlib.sha256()
    for plane in plan.planes(well):
        path = plan.reading.root / plane.path
        try:
            found = os.stat(path)
            state: tuple[int, ...] = (found.st_size, found.st_mtime_ns)
        except FileNotFoundError:
            state = ()
        digest.update(repr((plane.coordinates.place, plane.path, state)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _differences(before: Any, now: Any, where: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in [*before, *(name for name in now if name not in before)]:
            below = f"{where}, {name}" if where else str(name)
            yield from _differences(before.get(name), now.get(name), below)
    elif before != now:
        yield f"{where}: was {_short(before)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _step(step: FunctionStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "stacked": ", ".join(step.variable_components),
        "grouped by": step.group_by.value,
        "functions": {
            "all" if value is None else str(value): {
                f"{number} {call.name}": _call(call) for number, call in enumerate(chain, 1)
            }
            for value, chain in step.chains().items()
        },
    }


def _call(call: Call) -> dict[str, Any]:
    made: dict[str, Any] = {name: _text(value) for name, value in call.keywords.items()}
    for declared in declared_outputs(call.function):
        if declared.materialize is not None:
            made[f"materializer of {declared.name}"] = _source(declared.materialize)
    return {**made, "code": _source(call.function)}


def _source(function: Callable[..., Any]) -> str:
    """Return a function's name and what tells its file from a changed one."""
    if isinstance(function, NamedFunction):
        return f"{function.__name__} {dict(function.versions)}"
    if isinstance(function, functools.partial):
        given = [_text(value) for value in (*function.args, *sorted(function.keywords.items()))]
        return f"{_source(function.func)} with {', '.join(given)}"
    plain = inspect.unwrap(function)
    name = f"{getattr(plain, '__module__', '')}.{getattr(plain, '__qualname__', type(plain).__qualname__)}"
    try:
        file = inspect.getsourcefile(plain if hasattr(plain, "__code__") else type(plain))
    except TypeError:
        file = None  # built in: the version of its library says what it is
    if file is None or not os.path.isfile(file):
        return name
    return f"{name} in {Path(file).name} {hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]}"


def _text(value: Any) -> str:
    if isinstance(value, np.ndarray):  # whose repr leaves most values out
        return f"array {value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()[:16]}"
    if callable(value):
        return _source(value)
    return repr(value)
