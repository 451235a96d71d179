"""The plan of a run: everything that can be known before the first pixel."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import attrs

from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Plane, PlateReading
from openhcs_host.errors import PipelineError
from openhcs_pipeline.arrays import memory_problems
from openhcs_pipeline.configuration import VFSConfig, backend_problems
from openhcs_pipeline.special import Declared, declared_outputs
from openhcs_pipeline.step import FunctionStep

__all__ = ["Plan", "compile_plan"]


@attrs.frozen
class Plan:
    """What a run will do. Made by ``compile_plan``, changed by nobody."""

    steps: tuple[FunctionStep, ...]
    """In order."""
    reading: PlateReading
    """The plate."""
    output: Path
    """The output plate."""
    wells: tuple[str, ...]
    """The units of work."""
    specials: tuple[Declared, ...]
    """Every special output of every step."""
    notes: tuple[str, ...] = ()
    """What a person should know before looking at the results."""
    vfs: VFSConfig = attrs.field(factory=VFSConfig)
    """Where planes are read, intermediates stay and results go."""

    @property
    def images(self) -> Path:
        """Folder of the final images."""
        return self.output / "images"

    @property
    def results(self) -> Path:
        """Folder of the tables."""
        return self.output / "images_results"

    @property
    def intermediates(self) -> Path:
        """Folder of the images between steps; gone when a well has ended."""
        return self.output / "intermediates"

    @property
    def workspace(self) -> Path:
        """Folder of the input plate's mapping: which file each plane was read from."""
        return self.output / "workspace"

    def planes(self, well: str) -> tuple[Plane, ...]:
        """Return the planes of a well, in order."""
        return self._by_well[well]

    _by_well: dict[str, tuple[Plane, ...]] = attrs.field(init=False, repr=False, eq=False)

    @_by_well.default
    def _group(self) -> dict[str, tuple[Plane, ...]]:
        planes = itertools.groupby(self.reading.planes, key=lambda plane: plane.coordinates.well)
        return {well: tuple(group) for well, group in planes}


def compile_plan(
    host: Host,
    steps: Sequence[FunctionStep],
    reading: PlateReading,
    output: str | os.PathLike[str],
    vfs: VFSConfig | None = None,
) -> Plan:
    """Check the pipeline against the plate and the installed plugins, and return the plan.

    Raises ``PipelineError`` that lists everything found wrong. Nothing is written.
    """
    problems = _step_problems(steps)
    specials = _specials(steps, problems)
    target = Path(output).absolute()
    _check_output(reading, target, problems)
    vfs = vfs or VFSConfig()
    problems += backend_problems(host, vfs, reading)
    problems += memory_problems(host, steps)
    notes = [f"plate: {problem}" for problem in reading.problems]
    if not problems:
        notes += _follow(steps, [plane.coordinates for plane in reading.planes], problems)
    if problems:
        raise PipelineError(
            "the pipeline cannot run:\n" + "\n".join(f"  - {problem}" for problem in problems)
        )
    return Plan(tuple(steps), reading, target, reading.wells, specials, tuple(notes), vfs)


def _step_problems(steps: Sequence[FunctionStep]) -> list[str]:
    problems = [] if steps else ["it has no steps"]
    names = [step.name for step in steps]
    problems += [f"two steps are named {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    return problems


def _specials(steps: Sequence[FunctionStep], problems: list[str]) -> tuple[Declared, ...]:
    found: dict[str, tuple[int, Declared]] = {}
    for number, step in enumerate(steps):
        for chain in step.chains().values():
            names = [declared.name for call in chain for declared in declared_outputs(call.function)]
            twice = sorted({name for name in names if names.count(name) > 1})
            problems += [f"step {step.name!r} makes special output {name!r} twice" for name in twice]
            for declared in (d for call in chain for d in declared_outputs(call.function)):
                first, _ = found.setdefault(declared.name, (number, declared))
                if first != number:
                    problems.append(
                        f"steps {steps[first].name!r} and {step.name!r} both make {declared.name!r}"
                    )
    return tuple(declared for _, declared in found.values())


def _check_output(reading: PlateReading, output: Path, problems: list[str]) -> None:
    plate = reading.root.resolve()
    if output.resolve().is_relative_to(plate):
        problems.append(
            f"the output {str(output)!r} lies inside the plate {str(plate)!r}, which is never written to"
        )
    if output.exists() and not output.is_dir():
        problems.append(f"the output {str(output)!r} is a file")


def _follow(steps: Sequence[FunctionStep], planes: list[Coordinates], problems: list[str]) -> list[str]:
    """Follow the planes through the steps: what each one drops, and what nothing is left for."""
    notes = []
    for step in steps:
        values = {step.group_by.of(plane) for plane in planes}
        served = {value for value in values if step.chain_for(value) is not None}
        unknown = sorted(str(v) for v in step.chains() if v is not None and v not in values)
        if unknown:
            known = ", ".join(sorted(map(str, values)))
            notes.append(
                f"step {step.name!r} has functions for {step.group_by} {', '.join(unknown)}; there is {known}"
            )
        if not served:
            problems.append(
                f"step {step.name!r} has a function for none of the plate's {step.group_by} values"
            )
            break
        if served != values:
            left = ", ".join(sorted(map(str, values - served)))
            notes.append(
                f"step {step.name!r} has no function for {step.group_by} {left}: these images end there"
            )
            planes = [plane for plane in planes if step.group_by.of(plane) in served]
    return notes
