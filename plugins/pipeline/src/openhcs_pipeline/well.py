"""Running the steps of a pipeline over one well."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from typing import Any, Final

import attrs

from openhcs_host import Backend, FileManager, convert, stack_slices, unstack_slices
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.errors import PipelineError
from openhcs_host.plates import virtual_name
from openhcs_pipeline.arrays import memory_types, owner_of, stack_problem
from openhcs_pipeline.components import stacks
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.special import SpecialOutput, declared_outputs
from openhcs_pipeline.step import Call, FunctionStep

__all__ = ["Failure", "WellResult", "run_well"]

_PLANES: Final = "planes"
"""Folder beside the numbered ones of the steps, for planes copied into the read backend."""


@attrs.frozen
class Failure:
    """Why a well failed."""

    step: str
    """Name of the step, or what was being done."""
    error: str
    """Type and message of the exception."""
    traceback: str
    """The whole traceback."""

    @classmethod
    def of(cls, step: str, error: Exception) -> Failure:
        """Describe an exception."""
        return cls(step, f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))


@attrs.frozen
class WellResult:
    """How one well ended."""

    well: str
    """Its name."""
    images: tuple[Coordinates, ...] = ()
    """The final images, all of them written."""
    specials: dict[str, tuple[SpecialOutput, ...]] = attrs.field(factory=dict)
    """Special outputs by name."""
    seconds: float = 0.0
    """Wall time."""
    failure: Failure | None = None
    """Set if the well failed; then it left no image."""
    warnings: tuple[str, ...] = ()
    """What went wrong beside the work, for example in an observer."""


def run_well(plan: Plan, files: FileManager, well: str) -> WellResult:
    """Run every step over one well; an exception of a function becomes the result's ``failure``."""
    start = time.perf_counter()
    work = _Well(plan, files, well)
    try:
        images = work.run()
    except BaseException as error:
        work.discard()
        if not isinstance(error, Exception):
            raise  # an interrupt ends the run, not this well only
        failure = Failure.of(work.doing, error)
        return WellResult(well, (), {}, time.perf_counter() - start, failure, tuple(work.warnings))
    finally:
        work.clear()
    specials = {name: tuple(values) for name, values in work.specials.items()}
    return WellResult(well, images, specials, time.perf_counter() - start, None, tuple(work.warnings))


class _Well:
    """The state of one well while it is worked on."""

    def __init__(self, plan: Plan, files: FileManager, well: str) -> None:
        self.plan, self.files, self.well = plan, files, well
        self.place = (plan.intermediates / well).as_posix()
        self.doing = "reading"
        self.written: list[str] = []
        self.specials: dict[str, list[SpecialOutput]] = {}
        self.warnings: list[str] = []

    def run(self) -> tuple[Coordinates, ...]:
        where, backend = self._read()
        for number, step in enumerate(self.plan.steps):
            self.doing = f"step {step.name!r}"
            started = time.perf_counter()
            self._notify("openhcs_before_step", well=self.well, step=step.name)
            where = self._step(step, f"{self.place}/{number}", where, backend)
            self._forget(f"{self.place}/{number - 1 if number else _PLANES}", backend)
            backend = self.plan.vfs.intermediate_backend
            seconds = time.perf_counter() - started
            self._notify("openhcs_after_step", well=self.well, step=step.name, seconds=seconds)
        self.doing = "writing images"
        self._write(where)
        return tuple(where)

    def _read(self) -> tuple[dict[Coordinates, str], str]:
        """Return where the planes are read, and through which backend; copy them there if need be."""
        plan, vfs = self.plan, self.plan.vfs
        root, planes = plan.reading.root.absolute().as_posix(), plan.planes(self.well)
        if vfs.read_backend == Backend.VIRTUAL_WORKSPACE:
            return {plane.coordinates: f"{root}/{virtual_name(plane)}" for plane in planes}, vfs.read_backend
        where = {plane.coordinates: f"{root}/{plane.path}" for plane in planes}
        if not vfs.stages(plan.reading):
            return where, vfs.read_backend
        staged = {c: f"{self.place}/{_PLANES}/{image_name(c)}" for c in where}
        images = self.files.load_batch(list(where.values()), plan.reading.backend)
        metadata = [plan.reading.image_metadata(c) for c in where]
        self.files.save_batch(images, list(staged.values()), vfs.read_backend, images=metadata)
        return staged, vfs.read_backend

    def _step(
        self, step: FunctionStep, place: str, where: dict[Coordinates, str], backend: str
    ) -> dict[Coordinates, str]:
        made: dict[Coordinates, str] = {}
        for group in stacks(where, step.variable_components):
            chain = step.chain_for(step.group_by.of(group[0]))
            if chain is None:
                continue  # the plan has said so
            host = self.files.host
            planes = self.files.load_batch([where[c] for c in group], backend)
            # Planes that a function made on its own device stay there, if the next one works there too.
            stack = stack_slices(planes, memory_types(chain[0].function)[0], host=host)
            for call in chain:
                stack = self._call(call, step, stack, group)
            planes = unstack_slices(stack, owner_of(host, stack), host=host)
            for coordinates, plane in zip(_coordinates(group, len(planes), step), planes, strict=True):
                made[coordinates] = f"{place}/{image_name(coordinates)}"
                self.files.save(plane, made[coordinates], self.plan.vfs.intermediate_backend)
        if not made:
            raise PipelineError(
                f"step {step.name!r} has a function for none of the images of well {self.well}"
            )
        return made

    def _call(self, call: Call, step: FunctionStep, stack: Any, group: Sequence[Coordinates]) -> Any:
        host = self.files.host
        needs, makes = memory_types(call.function)
        shape = tuple(stack.shape)
        if needs == "numpy":
            stack = convert(stack, "numpy", host=host)
        returned = call.function(stack, **call.keywords)
        declared = declared_outputs(call.function)
        if declared:
            if not isinstance(returned, tuple) or len(returned) != len(declared) + 1:
                got = f"{len(returned)} values" if isinstance(returned, tuple) else "one value"
                names = ", ".join(output.name for output in declared)
                raise PipelineError(f"{call.name} declares {names} beside its image and returned {got}")
            returned, *values = returned
            for output, value in zip(declared, values, strict=True):
                self.specials.setdefault(output.name, []).append(_special(group, step, value))
        if (problem := stack_problem(host, returned, makes)) is not None:
            raise PipelineError(
                f"{call.name} must return a 3-D {makes} array [Z, Y, X] for its input of shape {shape}; "
                f"it returned {problem}"
            )
        return returned

    def _write(self, where: dict[Coordinates, str]) -> None:
        coordinates = list(where)
        images = self.files.load_batch([where[c] for c in coordinates], self.plan.vfs.intermediate_backend)
        self.written = [(self.plan.images / image_name(c)).as_posix() for c in coordinates]
        metadata = [self.plan.reading.image_metadata(c) for c in coordinates]
        self.files.save_batch(images, self.written, self.plan.vfs.materialization_backend, images=metadata)

    def discard(self) -> None:
        """Remove what a failed well wrote: half a well must not pass for one."""
        for path in self.written:
            if self.files.exists(path, self.plan.vfs.materialization_backend):
                self.files.delete(path, self.plan.vfs.materialization_backend)

    def clear(self) -> None:
        """Free the intermediates."""
        for backend in {self.plan.vfs.intermediate_backend, self.plan.vfs.read_backend}:
            self._forget(self.place, backend)

    def _forget(self, place: str, backend: str) -> None:
        if self.files.is_dir(place, backend):
            self.files.delete(place, backend, recursive=True)

    def _notify(self, hook: str, **facts: Any) -> None:
        self.warnings += self.files.host.notify(hook, **facts)


def _coordinates(group: Sequence[Coordinates], planes: int, step: FunctionStep) -> Sequence[Coordinates]:
    if planes == len(group):
        return group
    if planes == 1:
        return group[:1]  # a projection over what was stacked stands at the first of it
    raise PipelineError(
        f"step {step.name!r} made {planes} planes of {len(group)}; it must keep their number, or make one"
    )


def _special(group: Sequence[Coordinates], step: FunctionStep, value: Any) -> SpecialOutput:
    first = group[0]
    kept = {name: getattr(first, name) for name in ("well", "site", "channel", "z_index", "timepoint")}
    return SpecialOutput(
        **{**kept, **{component.value: None for component in step.variable_components}}, value=value
    )
