"""The record of a run, ``run.json``, read tolerantly: what is there and of a known shape is used."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from openhcs_host.errors import MetadataError, PathNotDirectoryError, PathNotFoundError

__all__ = ["RECORD_NAME", "FailureRecord", "Run", "WellRecord", "read_run"]

RECORD_NAME: Final = "run.json"
_STEP_FIELDS: Final = ("steps", "step_seconds", "timings")


@attrs.frozen
class WellRecord:
    """What the record says of one well that was worked on."""

    finished: bool
    """Whether its images were written."""
    images: int | None = None
    """How many."""
    seconds: float | None = None
    """Wall time."""
    steps: Mapping[str, float] = attrs.field(factory=dict)
    """Step to seconds; empty where the record does not have them."""


@attrs.frozen
class FailureRecord:
    """Why a well, or a table, failed."""

    step: str
    """Name of the step, or what was being done."""
    error: str
    """Type and message."""
    traceback: str
    """The whole traceback, or nothing."""
    where: str = ""
    """Place in the user's code, and what it was given, or nothing."""


@attrs.frozen
class Run:
    """What the record of a run says."""

    folder: Path
    """The output folder."""
    plate: str
    """Folder of the input plate when it was read; empty if unknown."""
    plate_name: str
    """Name of the plate."""
    microscope: str
    """Key of the handler that read it; empty if unknown."""
    seconds: float | None
    """Wall time of the run."""
    interrupted: bool
    """Whether it was stopped before all wells were worked on."""
    wells: Mapping[str, WellRecord]
    """Every well that was worked on, in plate order."""
    failures: Mapping[str, FailureRecord]
    """Well, or ``table <name>``, to why it failed."""
    notes: tuple[str, ...]
    """What should be known before looking at the results."""
    warnings: tuple[str, ...]
    """What went wrong beside the work."""
    missing: tuple[str, ...]
    """Planes that the run found absent; the field itself is also among ``others``."""
    resumed: tuple[str, ...]
    """Wells that an earlier, interrupted run had finished."""
    steps: tuple[Mapping[str, Any], ...]
    """The steps, as recorded."""
    versions: Mapping[str, Any]
    """Distribution to version."""
    backends: Mapping[str, Any]
    """Where planes were read, intermediates stayed and results went."""
    tables: Mapping[str, Any]
    """Special output to the main file made of it."""
    others: Mapping[str, Any]
    """Every field that is not known here, or has another shape."""


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Read the record of the run whose output is ``folder``.

    Raises ``PathNotFoundError`` or ``PathNotDirectoryError`` when that is no output of a run, and
    ``MetadataError`` when the record is corrupt.
    """
    root = Path(folder)
    fields = dict(_document(root))
    wells, of_wells = _wells(_taken(fields, "wells", dict))
    failures, of_failures = _failures(_taken(fields, "failures", dict))
    known = {
        "plate": _taken(fields, "plate", str),
        "plate_name": _taken(fields, "plate_name", str) or root.absolute().name,
        "microscope": _taken(fields, "microscope", str),
        "seconds": _number(fields, "seconds"),
        "interrupted": _taken(fields, "interrupted", bool),
        "missing": _missing(fields.get("missing")),
        "resumed": tuple(map(str, _taken(fields, "resumed", list))),
        "notes": tuple(map(str, _taken(fields, "notes", list))),
        "warnings": tuple(map(str, _taken(fields, "warnings", list))),
        "steps": _steps(fields),
        "versions": _taken(fields, "versions", dict),
        "backends": _taken(fields, "backends", dict),
        "tables": _taken(fields, "tables", dict),
    }
    left = {name: kept for name, kept in (("wells", of_wells), ("failures", of_failures)) if kept}
    return Run(folder=root, wells=wells, failures=failures, others=fields | left, **known)


def _document(root: Path) -> dict[str, Any]:
    if not root.exists():
        raise PathNotFoundError(f"there is no folder {str(root)!r}")
    if not root.is_dir():
        raise PathNotDirectoryError(f"{str(root)!r} is a file; give the output folder of a run")
    path = root / RECORD_NAME
    if not path.is_file():
        above = root.absolute().parent
        hint = (
            f"; {str(above)!r} is one, give that"
            if (above / RECORD_NAME).is_file()
            else ", the one given as --output to `openhcs run`"
        )
        raise PathNotFoundError(
            f"{str(root)!r} is no run: there is no {RECORD_NAME} in it. Give the output folder of a run{hint}."
        )
    try:
        found = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise MetadataError(
            f"{str(path)!r} is corrupt at line {error.lineno}, column {error.colno}: {error.msg}; "
            "restore it from a copy, or run the pipeline again"
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise MetadataError(f"{str(path)!r} is no JSON document: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("wells"), dict):
        raise MetadataError(f"{str(path)!r} is no record of a run: it has no object 'wells'")
    return found


def _taken(fields: dict[str, Any], name: str, kind: type) -> Any:
    """Take a field of the right kind out of ``fields``; one of another kind stays, to be shown as it is."""
    return fields.pop(name) if isinstance(fields.get(name), kind) else kind()


def _number(fields: dict[str, Any], name: str) -> float | None:
    value: Any = fields.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        del fields[name]
        return float(value)
    return None


def _steps(fields: dict[str, Any]) -> tuple[Mapping[str, Any], ...]:
    steps = fields.get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return ()
    return tuple(fields.pop("steps"))


def _missing(said: Any) -> tuple[str, ...]:
    planes = said.get("planes") if isinstance(said, dict) else said
    return tuple(map(str, planes)) if isinstance(planes, list) else ()


def _failures(said: Mapping[str, Any]) -> tuple[dict[str, FailureRecord], dict[str, Any]]:
    """Return the failures, and what their entries say beside."""
    failures: dict[str, FailureRecord] = {}
    left: dict[str, Any] = {}
    for name, entry in said.items():
        fields = dict(entry) if isinstance(entry, dict) else {"error": str(entry)}
        told = [str(fields.pop(field, None) or "") for field in ("step", "error", "traceback", "where")]
        failures[name] = FailureRecord(*told)
        if fields:
            left[name] = fields
    return failures, left


def _wells(said: Mapping[str, Any]) -> tuple[dict[str, WellRecord], dict[str, Any]]:
    """Return the wells, and what their entries say beside."""
    wells: dict[str, WellRecord] = {}
    left: dict[str, Any] = {}
    for well, entry in said.items():
        fields = dict(entry) if isinstance(entry, dict) else {"": entry}
        finished = fields.pop("finished", None) is True
        images, seconds = _number(fields, "images"), _number(fields, "seconds")
        steps: dict[str, float] = {}
        for name in _STEP_FIELDS:
            if not steps and (steps := _step_seconds(fields.get(name))):
                del fields[name]
        wells[well] = WellRecord(finished, None if images is None else int(images), seconds, steps)
        if fields:
            left[well] = fields
    return wells, left


def _step_seconds(said: Any) -> dict[str, float]:
    """Return step to seconds: of an object by step, or of a list of objects with ``step`` or ``name``."""
    if isinstance(said, list) and all(isinstance(entry, dict) for entry in said):
        said = {entry.get("step", entry.get("name")): entry for entry in said}
    if not isinstance(said, dict):
        return {}
    seconds: dict[str, float] = {}
    for step, entry in said.items():
        value = entry.get("seconds") if isinstance(entry, dict) else entry
        if isinstance(value, bool) or not isinstance(value, int | float):
            return {}
        seconds[str(step)] = float(value)
    return seconds
