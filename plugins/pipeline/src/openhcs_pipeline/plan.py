"""The plan of a run: everything that can be known before the first pixel."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Plane, PlateReading
from openhcs_host.errors import PipelineError
from openhcs_pipeline.arrays import memory_problems
from openhcs_pipeline.configuration import Durability, Missing, VFSConfig, backend_problems
from openhcs_pipeline.resolving import resolve_names
from openhcs_pipeline.special import Declared
from openhcs_pipeline.special_flow import special_problems, specials_of
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
    missing: Missing = "error"
    """What happens to planes that the plate's metadata lists and that have no file."""
    durability: Durability = "power"
    """What the results of a finished well survive."""

    @property
    def images(self) -> Path:
        """Folder of the final images, in the first materialization backend."""
        return self.output / "images"

    @property
    def results(self) -> Path:
        """Folder of the tables, in the first materialization backend."""
        return self.output / "images_results"

    def images_in(self, backend: str) -> Path:
        """Return the folder of the final images in one of the materialization backends."""
        return (
            self.images
            if backend == self.vfs.materialization_backends[0]
            else self.output / f"images_{backend}"
        )

    def results_in(self, backend: str) -> Path:
        """Return the folder of the tables in one of the materialization backends."""
        folder = self.images_in(backend)
        return folder.with_name(f"{folder.name}_results")

    @property
    def gathered(self) -> tuple[Declared, ...]:
        """The special outputs of which files are made once, after the last well."""
        return tuple(d for d in self.specials if d.materialize is not None and d.per == "plate")

    @property
    def intermediates(self) -> Path:
        """Folder of the images between steps; gone when a well has ended."""
        return self.output / "intermediates"

    @property
    def workspace(self) -> Path:
        """Folder of the input plate's mapping: which file each plane was read from."""
        return self.output / "workspace"

    def image_paths(self, images: Iterable[Coordinates]) -> Iterator[tuple[str, str]]:
        """Yield path and backend of final images, in every materialization backend."""
        names = [image_name(coordinates) for coordinates in images]
        for backend in self.vfs.materialization_backends:
            folder = self.images_in(backend).as_posix()
            for name in names:
                yield f"{folder}/{name}", backend

    def planes(self, well: str) -> tuple[Plane, ...]:
        """Return the planes of a well, in order."""
        return self._by_well[well]

    def missing_planes(self, well: str) -> tuple[Coordinates, ...]:
        """Return where planes of a well are missing, in order."""
        places = self.reading.missing.by_well.get(well, {})
        return tuple(Coordinates(well, *place) for place in places)

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
    *,
    missing: Missing = "error",
    durability: Durability = "power",
) -> Plan:
    """Check the pipeline against the plate and the installed plugins, and return the plan.

    ``missing`` says what happens to planes that the plate's metadata lists and that have no file: ``error``
    refuses, ``skip`` goes on without them, ``fill`` puts zeros there. ``durability`` is what a finished well
    survives: ``power`` a loss of power, ``process`` any end of a program.

    Raises ``PipelineError`` that lists everything found wrong. Nothing is written.
    """
    steps, problems, named_notes = resolve_names(host, steps)
    problems += _step_problems(steps)
    problems += special_problems(steps)
    target = Path(output).absolute()
    _check_output(reading, target, problems)
    vfs = vfs or VFSConfig()
    problems += backend_problems(host, vfs, reading)
    problems += memory_problems(host, steps)
    notes = [*named_notes, *(f"plate: {problem}" for problem in reading.problems)]
    notes += _missing(reading, missing, problems)
    if not problems:
        planes = itertools.chain(reading.planes, reading.missing if missing == "fill" else ())
        notes += _follow(steps, [plane.coordinates for plane in planes], problems)
    if problems:
        raise PipelineError(
            "the pipeline cannot run:\n" + "\n".join(f"  - {problem}" for problem in problems)
        )
    return Plan(
        tuple(steps),
        reading,
        target,
        reading.wells,
        specials_of(steps),
        tuple(notes),
        vfs,
        missing,
        durability,
    )


def _step_problems(steps: Sequence[FunctionStep]) -> list[str]:
    problems = [] if steps else ["it has no steps"]
    names = [step.name for step in steps]
    problems += [f"two steps are named {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    return problems


def _missing(reading: PlateReading, policy: Missing, problems: list[str]) -> list[str]:
    """Say which planes are missing: as a problem if that is an error, else as a note."""
    if not reading.missing:
        return []
    shown = ", ".join(image_name(plane.coordinates, "") for plane in itertools.islice(reading.missing, 5))
    more = f" and {len(reading.missing) - 5} more" if len(reading.missing) > 5 else ""
    said = f"{len(reading.missing)} planes that the plate's metadata lists have no file: {shown}{more}"
    if policy == "error":
        problems.append(
            f"{said}. Pass missing='skip' to go on without them, or 'fill' for zeros in their place"
        )
        return []
    empty = sorted(reading.missing.by_well.keys() - set(reading.wells))
    lost = f"; wells without any plane are left out: {', '.join(empty)}" if empty else ""
    return [f"{said}; {'they are left out' if policy == 'skip' else 'zeros stand in their place'}{lost}"]


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
