"""The command ``openhcs run``."""

from __future__ import annotations

import json
from typing import Any

import click

from openhcs_host import Host, hookimpl
from openhcs_host.plates import open_plate
from openhcs_pipeline.config_options import config_options, settings_of
from openhcs_pipeline.loading import load_pipeline_file
from openhcs_pipeline.plan import compile_plan
from openhcs_pipeline.progress import progress
from openhcs_pipeline.run import RunResult, run_plan

__all__ = ["report", "run"]

OPENHCS_API = 1


@click.command()
@click.argument("pipeline_file", metavar="PIPELINE.py", type=click.Path())
@click.argument("plate", metavar="PLATE", type=click.Path())
@click.option(
    "--output", "-o", required=True, metavar="DIR", type=click.Path(), help="Folder of the output plate."
)
@click.option("--overwrite", is_flag=True, help="Replace the results of an earlier run in DIR.")
@click.option(
    "--resume", is_flag=True, help="Go on with the run in DIR; wells that are finished stay as they are."
)
@click.option("--microscope", metavar="KEY", help="Read the plate with this handler instead of asking all.")
@config_options
@click.option("--observer", "observers", multiple=True, metavar="KEY", help="Enable an observer plugin.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def run(
    host: Host,
    /,
    pipeline_file: str,
    plate: str,
    output: str,
    overwrite: bool,
    resume: bool,
    microscope: str | None,
    config_file: str | None,
    observers: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> int:
    """Run the steps of PIPELINE.py over every well of PLATE.

    Exit status 0 if all wells finished, 1 if one failed, 2 if the plate cannot be recognised.
    """
    if overwrite and resume:
        raise click.UsageError("--overwrite starts anew and --resume goes on; give one of them")
    host.enable_observers(observers)
    pipeline = load_pipeline_file(pipeline_file)
    settings, _ = settings_of(pipeline, config_file, given)
    plan = compile_plan(
        host,
        pipeline.steps,
        open_plate(host, plate, microscope=microscope),
        output,
        settings.vfs,
        missing=settings.missing,
        durability=settings.durability,
    )
    if not as_json:
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
    executor = settings.executor(host)
    with progress(len(plan.wells)) as on_well:
        result = run_plan(plan, host, executor=executor, overwrite=overwrite, resume=resume, on_well=on_well)
    if as_json:
        click.echo(json.dumps(_facts(result), indent=2))
    else:
        report(result)
    return 1 if result.failures else 0


def report(result: RunResult) -> None:
    """Print how a run ended and where its files are."""
    done = sum(well.failure is None for well in result.wells)
    before = f", {len(result.resumed)} of them before" if result.resumed else ""
    click.echo(f"{done} of {len(result.plan.wells)} wells finished{before} in {result.seconds:.1f} s")
    for name, failure in result.failures.items():
        click.echo(f"failed: {name} in {failure.step}: {failure.error}", err=True)
        if failure.where:
            click.echo(f"        {failure.where}", err=True)
    for warning in result.warnings:
        click.echo(f"warning: {warning}", err=True)
    if result.failures:
        click.echo(f"tracebacks: {result.plan.output / 'run.json'}", err=True)
    click.echo(f"images:  {result.plan.images}")
    for name, path in result.tables.items():
        click.echo(f"results: {path}  ({name})")


def _facts(result: RunResult) -> dict[str, object]:
    return {
        "output": str(result.plan.output),
        "wells": {well.well: well.failure is None for well in result.wells},
        "resumed": list(result.resumed),
        "failures": {name: failure.error for name, failure in result.failures.items()},
        "missing": len(result.missing),
        "warnings": list(result.warnings),
        "notes": list(result.plan.notes),
        "tables": result.tables,
        "seconds": round(result.seconds, 3),
    }


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs run``."""
    return run
