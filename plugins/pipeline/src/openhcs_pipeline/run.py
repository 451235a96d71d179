"""Running a plan: wells through an executor, then the plate's tables, metadata and record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from openhcs_backend_virtual.backend import VirtualWorkspaceBackend
from openhcs_host import Backend, FileManager, Host
from openhcs_host.contracts.execution import Executor
from openhcs_host.contracts.images import image_name, parse_image_name
from openhcs_host.contracts.microscopes import PlateStore
from openhcs_host.errors import PathExistsError, PipelineError
from openhcs_host.plates import prepare_workspace
from openhcs_host.plates.metadata import FILE_NAME, update_metadata
from openhcs_host.plates.records import acquisition_fields
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.record import RECORD_NAME, write_record
from openhcs_pipeline.special import SpecialOutput
from openhcs_pipeline.well import Failure, WellResult, run_well

__all__ = ["RunResult", "run_plan"]

_FOLDERS: Final = ("images", "images_results", "intermediates", "workspace")

OnWell = Callable[[WellResult, int, int], None]


@attrs.frozen
class RunResult:
    """How a run ended."""

    plan: Plan
    """What was to be done."""
    wells: tuple[WellResult, ...]
    """Every well that was worked on, in plate order."""
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


def run_plan(
    plan: Plan,
    host: Host,
    *,
    executor: Executor | None = None,
    overwrite: bool = False,
    on_well: OnWell | None = None,
) -> RunResult:
    """Run a plan and return how it ended; a failing well is in ``failures`` and stops no other.

    Raises ``PathExistsError`` when the output has content, unless it is an earlier run's and
    ``overwrite`` says to replace it. On ``KeyboardInterrupt`` wells already finished are kept, the
    record says so, and the interrupt goes on.
    """
    files = FileManager(host)
    start = time.perf_counter()
    _clear_output(plan, files, overwrite)
    _prepare(plan, files)
    results: list[WellResult] = []
    interrupted = False
    runner = executor or host.executor("serial")
    try:
        # Closing the outcomes waits for wells already begun, also when an interrupt comes in between.
        with contextlib.closing(runner.run(lambda well: run_well(plan, files, well), plan.wells)) as outcomes:
            for outcome in outcomes:
                if outcome.error is not None:
                    raise PipelineError(f"well {outcome.task} could not be run at all") from outcome.error
                results.append(outcome.value)
                _report(outcome.value, len(results), plan, host, on_well)
    except BaseException:
        interrupted = True
        _remove_unreported(plan, files, {result.well for result in results})
        raise
    finally:
        order = {well: number for number, well in enumerate(plan.wells)}
        result = _finish(plan, files, sorted(results, key=lambda r: order[r.well]), start, interrupted)
    return result


def _clear_output(plan: Plan, files: FileManager, overwrite: bool) -> None:
    output = plan.output.as_posix()
    # What describes a run is always on disk, its images perhaps elsewhere under the same path.
    backends = list(dict.fromkeys((plan.vfs.materialization_backend, Backend.DISK.value)))
    used = [key for key in backends if files.exists(output, key) and files.list_dir(output, key)]
    if not used:
        return
    if not overwrite:
        raise PathExistsError(f"the output {output!r} is not empty; name another folder, or pass overwrite")
    if not files.exists(f"{output}/{RECORD_NAME}", Backend.DISK):
        raise PathExistsError(
            f"the output {output!r} holds no earlier run, so nothing in it is replaced; name another folder"
        )
    for key in used:
        for name in (*_FOLDERS, FILE_NAME, RECORD_NAME):
            if files.exists(f"{output}/{name}", key):
                files.delete(f"{output}/{name}", key, recursive=True)


def _prepare(plan: Plan, files: FileManager) -> None:
    prepare_workspace(plan.reading, plan.workspace)
    source = files.get_backend(plan.vfs.read_backend)
    if isinstance(source, VirtualWorkspaceBackend):
        source.mount(plan.reading.root.absolute(), plan.workspace)
    target = files.get_backend(plan.vfs.materialization_backend)
    if isinstance(target, PlateStore):
        target.prepare_plate(plan.images.as_posix(), plan.reading)


def _remove_unreported(plan: Plan, files: FileManager, reported: set[str]) -> None:
    """Remove images of wells that ended after the interrupt: nothing vouches for them."""
    folder, backend = plan.images.as_posix(), plan.vfs.materialization_backend
    if files.exists(folder, backend):
        for path in files.list_files(folder, backend):
            if parse_image_name(path.rsplit("/", 1)[1]).well not in reported:
                files.delete(path, backend)


def _report(result: WellResult, done: int, plan: Plan, host: Host, on_well: OnWell | None) -> None:
    total = len(plan.wells)
    host.notify(
        "openhcs_progress", done=done, total=total, well=result.well, failed=result.failure is not None
    )
    if on_well is not None:
        on_well(result, done, total)


def _finish(
    plan: Plan, files: FileManager, wells: Sequence[WellResult], start: float, interrupted: bool
) -> RunResult:
    for backend in {plan.vfs.read_backend, plan.vfs.intermediate_backend}:
        if files.is_dir(plan.intermediates, backend):
            files.delete(plan.intermediates, backend, recursive=True)
    failures = {result.well: result.failure for result in wells if result.failure is not None}
    tables, broken, warnings = _materialize(plan, files, wells)
    warnings = [*(warning for result in wells for warning in result.warnings), *warnings]
    result = RunResult(
        plan,
        tuple(wells),
        tables,
        failures | broken,
        tuple(warnings),
        time.perf_counter() - start,
        interrupted,
    )
    _describe_output(result)
    write_record(result, files)
    return result


def _materialize(
    plan: Plan, files: FileManager, wells: Sequence[WellResult]
) -> tuple[dict[str, str], dict[str, Failure], list[str]]:
    tables: dict[str, str] = {}
    failures: dict[str, Failure] = {}
    warnings: list[str] = []
    for declared in plan.specials:
        gathered: list[SpecialOutput] = [
            v for result in wells for v in result.specials.get(declared.name, ())
        ]
        if declared.materialize is None or not gathered:
            continue
        path, backend = (plan.results / declared.name).as_posix(), plan.vfs.materialization_backend
        try:
            tables[declared.name] = declared.materialize(gathered, path, files, backend)
        except Exception as error:  # noqa: BLE001 - the images are safe; the table's failure is reported
            failures[f"table {declared.name}"] = Failure.of(f"materializing {declared.name!r}", error)
        else:
            warnings += files.host.notify(
                "openhcs_materialized", name=declared.name, path=tables[declared.name], backend=backend
            )
    return tables, failures, warnings


def _describe_output(result: RunResult) -> None:
    plan, reading = result.plan, result.plan.reading
    done = [well for well in result.wells if well.failure is None]
    images = [coordinates for well in done for coordinates in well.images]
    update_metadata(
        plan.output,
        "images",
        {
            "microscope_handler_name": "openhcsdata",
            "source_filename_parser_name": "openhcsdata",
            "available_backends": {plan.vfs.materialization_backend: True},
            **acquisition_fields(reading),
            "image_files": [f"images/{image_name(coordinates)}" for coordinates in images],
            "channels": {str(c): reading.channel_names[c] for c in sorted({i.channel for i in images})},
            "wells": {well.well: None for well in done},
            "sites": {str(site): None for site in sorted({i.site for i in images})},
            "z_indexes": {str(z): None for z in sorted({i.z_index for i in images})},
            "timepoints": {str(t): None for t in sorted({i.timepoint for i in images})},
            "main": True,
            "results_dir": plan.results.name,
        },
    )
