"""Running the steps of a pipeline over one well."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import attrs

from openhcs_host import FileManager, stack_slices, unstack_slices
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.errors import PipelineError
from openhcs_host.seam.default_host import using_host
from openhcs_pipeline.arrays import memory_types, owner_of
from openhcs_pipeline.calling import Failure, Site, call_function
from openhcs_pipeline.components import stacks
from openhcs_pipeline.materialization import materialize
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.planes import PLANES, Located, Planes, load_planes, locate_planes
from openhcs_pipeline.special import SpecialOutput
from openhcs_pipeline.staging import StagedSpecials
from openhcs_pipeline.step import FunctionStep
from openhcs_pipeline.writing import ResultWriter

__all__ = ["WellResult", "run_well"]


@attrs.frozen
class WellResult:
    """How one well ended."""

    well: str
    """Its name."""
    images: tuple[Coordinates, ...] = ()
    """The final images, all of them written."""
    specials: dict[str, tuple[SpecialOutput, ...]] = attrs.field(factory=dict)
    """Special outputs by name, of which files are made for the plate as a whole."""
    seconds: float = 0.0
    """Wall time."""
    failure: Failure | None = None
    """Set if the well failed; then it left no image."""
    warnings: tuple[str, ...] = ()
    """What went wrong beside the work, for example in an observer."""
    files: tuple[str, ...] = ()
    """Main files made of special outputs of this well alone."""


def run_well(plan: Plan, files: FileManager, well: str) -> WellResult:
    """Run every step over one well; an exception of a function becomes the result's ``failure``."""
    start = time.perf_counter()
    work = _Well(plan, files, well)
    try:
        with using_host(files.host):
            return work.run(start)
    except BaseException as error:
        work.writer.discard()
        if not isinstance(error, Exception):
            raise  # an interrupt ends the run, not this well only
        failure = Failure.of(work.doing, error, work.calling)
        return WellResult(
            well, seconds=time.perf_counter() - start, failure=failure, warnings=tuple(work.warnings)
        )
    finally:
        work.clear()


class _Well:
    """The state of one well while it is worked on."""

    def __init__(self, plan: Plan, files: FileManager, well: str) -> None:
        self.plan, self.files, self.well = plan, files, well
        self.place = (plan.intermediates / well).as_posix()
        self.doing = "reading"
        self.calling: Site | None = None
        self.writer = ResultWriter(plan, files, well)
        self.specials = StagedSpecials(files, f"{self.place}/specials")
        self.warnings: list[str] = []

    def run(self, start: float) -> WellResult:
        self.writer.discard_files()
        where = locate_planes(self.plan, self.files, self.well, self.place)
        for number, step in enumerate(self.plan.steps):
            self.doing = f"step {step.name!r}"
            started = time.perf_counter()
            self._notify("openhcs_before_step", well=self.well, step=step.name)
            where = self._step(step, f"{self.place}/{number}", where)
            self._forget(f"{self.place}/{number - 1 if number else PLANES}")
            seconds = time.perf_counter() - started
            self._notify("openhcs_after_step", well=self.well, step=step.name, seconds=seconds)
        self.doing = "writing images"
        self.writer.write_images(where)
        made = self._materialize()
        self.writer.flush()
        kept = {d.name: tuple(self.specials.all(d.name)) for d in self.plan.gathered}
        seconds = time.perf_counter() - start
        return WellResult(
            self.well,
            tuple(where),
            {name: values for name, values in kept.items() if values},
            seconds,
            warnings=tuple(self.warnings),
            files=tuple(made),
        )

    def _step(self, step: FunctionStep, place: str, where: Planes) -> Planes:
        made: Planes = {}
        backend = self.plan.vfs.intermediate_backend
        for group in stacks(where, step.variable_components):
            chain = step.chain_for(step.group_by.of(group[0]))
            if chain is None:
                continue  # the plan has said so
            host = self.files.host
            planes = load_planes(self.files, [where[c] for c in group])
            # Planes that a function made on its own device stay there, if the next one works there too.
            stack = stack_slices(planes, memory_types(chain[0].function)[0], host=host)
            for call in chain:
                self.calling = Site(call, group, step.variable_components, self._described(stack))
                stack = call_function(host, call, step, stack, group, self.specials)
                self.calling = None
            planes = unstack_slices(stack, owner_of(host, stack), host=host)
            for coordinates, plane in zip(_coordinates(group, len(planes), step), planes, strict=True):
                located: Located = f"{place}/{image_name(coordinates)}", backend
                self.files.save(plane, *located)
                made[coordinates] = located
        if not made:
            raise PipelineError(
                f"step {step.name!r} has a function for none of the images of well {self.well}"
            )
        return made

    def _described(self, stack: Any) -> str:
        owner = owner_of(self.files.host, stack)
        return f"a {owner} array of shape {tuple(stack.shape)} and dtype {stack.dtype}"

    def _materialize(self) -> list[str]:
        """Make the files of those special outputs that are materialized well by well."""
        made = []
        for declared in self.plan.specials:
            if declared.materialize is None or declared.per == "plate":
                continue
            self.doing = f"materializing {declared.name!r}"
            outputs = self.specials.all(declared.name)
            batches: list[tuple[Any, str]] = [(outputs, "")] if outputs else []
            if declared.per == "stack":
                batches = [(output.value, output.stack_name) for output in outputs]
            for data, stack in batches:
                paths = self.writer.special_paths(declared.name, stack)
                path = materialize(declared, data, paths, self.files, self.plan.vfs.backend_kwargs)
                made.append(path)
                backend = next(iter(paths))
                self._notify("openhcs_materialized", name=declared.name, path=path, backend=backend)
        return made

    def clear(self) -> None:
        """Free the intermediates and what was staged."""
        self._forget(self.place)

    def _forget(self, place: str) -> None:
        vfs = self.plan.vfs
        for backend in {vfs.intermediate_backend, vfs.read_backend, "memory"}:
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
