"""The record of a run: what made the results, so that they can be made again."""

from __future__ import annotations

import inspect
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import attrs

from openhcs_host import Backend, FileManager, Host
from openhcs_host.contracts.images import image_name
from openhcs_pipeline.configuration import VFSConfig
from openhcs_pipeline.named import NamedFunction
from openhcs_pipeline.step import Call, FunctionStep

if TYPE_CHECKING:
    from openhcs_pipeline.run import RunResult

__all__ = ["RECORD_NAME", "versions_of", "write_record"]

RECORD_NAME: Final = "run.json"


def write_record(result: RunResult, files: FileManager) -> None:
    """Write ``run.json`` into the output: versions, plate, steps with their source, wells, failures."""
    plan = result.plan
    record = {
        "plate": str(plan.reading.root.absolute()),
        "plate_name": plan.reading.plate_name,
        "microscope": plan.reading.microscope,
        "backends": _backends(plan.vfs),
        "durability": plan.durability,
        "versions": versions_of(files.host),
        "steps": [_step(step) for step in plan.steps],
        "notes": list(plan.notes),
        "missing": {
            "policy": plan.missing,
            "in_their_place": "zeros" if plan.missing == "fill" else None,
            "planes": [image_name(coordinates, "") for coordinates in result.missing],
        },
        "interrupted": result.interrupted,
        "resumed": list(result.resumed),
        "seconds": round(result.seconds, 3),
        "wells": {
            well.well: {
                "finished": well.failure is None,
                "images": len(well.images),
                "seconds": round(well.seconds, 3),
            }
            for well in result.wells
        },
        "failures": {
            name: {
                "step": failure.step,
                "error": failure.error,
                "where": failure.where,
                "traceback": failure.traceback,
            }
            for name, failure in result.failures.items()
        },
        "warnings": list(result.warnings),
        "tables": result.tables,
    }
    path = (plan.output / RECORD_NAME).as_posix()
    files.save(record, path, Backend.DISK, overwrite=True, durability="power")


def versions_of(host: Host) -> dict[str, str]:
    """Return the versions of Python, NumPy and every installed distribution with plugins."""
    found = {provider.distribution: provider.version for provider in host.index.providers}
    return {"python": platform.python_version(), "numpy": version("numpy"), **dict(sorted(found.items()))}


def _backends(vfs: VFSConfig) -> dict[str, Any]:
    chosen = vfs.materialization_backends
    return {
        **attrs.asdict(vfs),
        "materialization_backend": list(chosen) if len(chosen) > 1 else chosen[0],
        "backend_kwargs": {
            backend: {name: repr(value) for name, value in options.items()}
            for backend, options in vfs.backend_kwargs.items()
        },
    }


def _step(step: FunctionStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "variable_components": [component.value for component in step.variable_components],
        "group_by": step.group_by.value,
        "functions": {
            "all" if value is None else str(value): [_call(call) for call in chain]
            for value, chain in step.chains().items()
        },
    }


def _call(call: Call) -> dict[str, Any]:
    try:
        source = inspect.getsource(call.function)
    except (OSError, TypeError):
        source = None  # built in, or made on the fly: there is no source to keep
    keywords = {name: repr(value) for name, value in call.keywords.items()}
    record = {"name": call.name, "keywords": keywords, "source": source}
    if isinstance(call.function, NamedFunction):
        record |= {"path": call.function.entry.path, "versions": dict(call.function.versions)}
    return record
