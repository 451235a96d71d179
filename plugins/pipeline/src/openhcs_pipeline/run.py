"""Running a plan: wells through an executor, then the plate's tables, metadata and record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

import attrs

from openhcs_host import FileManager, Host
from openhcs_host.contracts.execution import Executor
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import PathExistsError, PipelineError
from openhcs_host.seam.default_host import using_host
from openhcs_pipeline.calling import Failure
from openhcs_pipeline.identity import run_identity, well_source
from openhcs_pipeline.journal import Journal
from openhcs_pipeline.materialization import materialize
from openhcs_pipeline.output import (
    clear_intermediates,
    clear_output,
    describe_output,
    discard_well,
    keep_only,
    prepare_output,
)
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.record import write_record
from openhcs_pipeline.special import SpecialOutput
from openhcs_pipeline.well import WellResult
from openhcs_pipeline.work import WellWork, mount_plate

__all__ = ["RunResult", "run_plan"]

OnWell = Callable[[WellResult, int, int], None]


@attrs.frozen
class RunResult:
    """How a run ended."""

    plan: Plan
    """What was to be done."""
    wells: tuple[WellResult, ...]
    """Every well that was worked on, now or before an interruption, in plate order."""
    tables: dict[str, str]
    """Special output to the main file made of it."""
    failures: dict[str, Failure]
    """Well, or ``table <name>``, to what went wrong."""
    warnings: tuple[str, ...]
    """What went wrong beside the work."""
    seconds: float
    """Wall time."""
    interrupted: bool = False
    """Whether the run was stopped before all wells were worked on."""
    resumed: tuple[str, ...] = ()
    """The wells that were finished before an interruption."""

    @property
    def missing(self) -> tuple[Coordinates, ...]:
        """Where planes were missing in the plate; the plan says what stands in their place."""
        return tuple(plane.coordinates for plane in self.plan.reading.missing)


def run_plan(
    plan: Plan,
    host: Host,
    *,
    executor: Executor | None = None,
    overwrite: bool = False,
    resume: bool = False,
    on_well: OnWell | None = None,
) -> RunResult:
    """Run a plan and return how it ended; a failing well is in ``failures`` and stops no other.

    ``resume`` goes on with the run that was begun in the output, or begins it: finished wells are not worked
    on again, failed and unfinished ones are. Raises ``PipelineError`` if that was another run, and
    ``PathExistsError`` when the output has content, unless it is an earlier run's and ``overwrite`` says to
    replace it. On ``KeyboardInterrupt`` wells already finished are kept, the record says so, and the
    interrupt goes on.
    """
    files = FileManager(host)
    start = time.perf_counter()
    runner = executor or host.executor("serial")
    keeps = _keeps_results(plan, files)
    if not keeps and (resume or not runner.shares_memory):
        what = "resumed" if resume else f"run by the executor {runner.key!r}, whose processes end with theirs"
        raise PipelineError(
            f"results in {plan.vfs.materialization_backend!r} live in the memory of one process, so the run cannot "
            f"be {what}; choose another materialization_backend"
        )
    journal = Journal(plan.output) if keeps else None
    with contextlib.ExitStack() as held:
        before = _begin(plan, files, journal, held, overwrite=overwrite, resume=resume)
        return _run(plan, files, runner, journal, before, on_well, start)


def _run(
    plan: Plan,
    files: FileManager,
    runner: Executor,
    journal: Journal | None,
    before: Sequence[WellResult],
    on_well: OnWell | None,
    start: float,
) -> RunResult:
    """Work on the wells that are not finished, and then on the plate."""
    results = list(before)
    warnings: list[str] = []
    interrupted = False
    done = {result.well for result in before}
    waiting = [well for well in plan.wells if well not in done]
    try:
        # Closing the outcomes waits for wells already begun, also when an interrupt comes in between.
        with contextlib.closing(runner.run(WellWork(plan, files), waiting)) as outcomes:
            for outcome in outcomes:
                result = _result(outcome.task, outcome.value, outcome.error, plan, files)
                if journal is not None and result.failure is None:
                    trouble = journal.finish(result, well_source(plan, result.well))
                    warnings += [trouble] if trouble else []
                results.append(result)
                _report(result, len(results), plan, files.host, on_well)
    except BaseException:
        interrupted = True
        keep_only(plan, files, {result.well for result in results})
        raise
    finally:
        order = {well: number for number, well in enumerate(plan.wells)}
        results.sort(key=lambda each: order[each.well])
        resumed = tuple(each.well for each in before)
        result_of_run = _finish(plan, files, results, warnings, start, interrupted, resumed)
    return result_of_run


def _keeps_results(plan: Plan, files: FileManager) -> bool:
    """Whether what is written outlives this process."""
    chosen = [files.get_backend(key) for key in plan.vfs.materialization_backends]
    return not any(Capability.REFERENCES in backend.capabilities for backend in chosen)


def _begin(
    plan: Plan,
    files: FileManager,
    journal: Journal | None,
    held: contextlib.ExitStack,
    *,
    overwrite: bool,
    resume: bool,
) -> list[WellResult]:
    """Make the output ready, keep other runs out of it, and return the wells that are finished in it."""
    identity = run_identity(plan, files.host)
    finished: list[WellResult] = []
    if resume and journal is not None and journal.exists():
        held.enter_context(journal.held())
        journal.check(identity)
        finished = [result for well in plan.wells if (result := _finished(plan, files, journal, well))]
        keep_only(plan, files, {result.well for result in finished})
        clear_intermediates(plan, files)
    else:
        if overwrite and journal is not None and journal.exists():
            with journal.held():
                pass  # nobody is in it; what is cleared takes the lock's file with it
        try:
            clear_output(plan, files, overwrite=overwrite)
        except PathExistsError as error:
            if not resume:
                raise
            raise PathExistsError(f"{error}; there is no begun run in it to resume") from None
        if journal is not None:
            journal.begin(identity)
            held.enter_context(journal.held())
    prepare_output(plan, files)
    mount_plate(plan, files)
    return finished


def _finished(plan: Plan, files: FileManager, journal: Journal, well: str) -> WellResult | None:
    """Return the result of a finished well if all that it wrote is still there."""
    result = journal.finished(well, well_source(plan, well))
    if result is not None and all(
        files.is_file(path, backend) for path, backend in plan.image_paths(result.images)
    ):
        return result
    journal.forget(well)
    return None


def _result(
    well: str, value: WellResult | None, error: Exception | None, plan: Plan, files: FileManager
) -> WellResult:
    """Return how a well ended, whether its work said so or its process died of it."""
    if value is not None:
        return value
    if error is None:
        raise PipelineError(f"the executor says neither how well {well} ended nor what went wrong")
    discard_well(plan, files, well)
    return WellResult(well, failure=Failure.of("running", error))


def _report(result: WellResult, done: int, plan: Plan, host: Host, on_well: OnWell | None) -> None:
    total = len(plan.wells)
    host.notify(
        "openhcs_progress", done=done, total=total, well=result.well, failed=result.failure is not None
    )
    if on_well is not None:
        on_well(result, done, total)


def _finish(
    plan: Plan,
    files: FileManager,
    wells: Sequence[WellResult],
    warnings: Sequence[str],
    start: float,
    interrupted: bool,
    resumed: tuple[str, ...],
) -> RunResult:
    clear_intermediates(plan, files)
    failures = {result.well: result.failure for result in wells if result.failure is not None}
    with using_host(files.host):
        tables, broken, trouble = _materialize(plan, files, wells)
    said = [*(warning for result in wells for warning in result.warnings), *warnings, *trouble]
    seconds = time.perf_counter() - start
    result = RunResult(
        plan, tuple(wells), tables, failures | broken, tuple(said), seconds, interrupted, resumed
    )
    describe_output(plan, wells)
    write_record(result, files)
    return result


def _materialize(
    plan: Plan, files: FileManager, wells: Sequence[WellResult]
) -> tuple[dict[str, str], dict[str, Failure], list[str]]:
    tables: dict[str, str] = {}
    failures: dict[str, Failure] = {}
    warnings: list[str] = []
    backends = plan.vfs.materialization_backends
    for declared in plan.gathered:
        gathered: list[SpecialOutput] = [
            v for result in wells for v in result.specials.get(declared.name, ())
        ]
        if not gathered:
            continue
        paths = {key: (plan.results_in(key) / declared.name).as_posix() for key in backends}
        try:
            tables[declared.name] = materialize(declared, gathered, paths, files, plan.vfs.backend_kwargs)
        except Exception as error:  # noqa: BLE001 - the images are safe; the table's failure is reported
            failures[f"table {declared.name}"] = Failure.of(f"materializing {declared.name!r}", error)
        else:
            warnings += files.host.notify(
                "openhcs_materialized",
                name=declared.name,
                path=tables[declared.name],
                backend=backends[0],
            )
    return tables, failures, warnings
