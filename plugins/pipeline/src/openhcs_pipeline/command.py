"""The command ``openhcs run``."""

from __future__ import annotations

import json

import click

from openhcs_host import Host, hookimpl
from openhcs_host.plates import open_plate
from openhcs_pipeline.configuration import VFSConfig
from openhcs_pipeline.loading import load_pipeline
from openhcs_pipeline.plan import compile_plan
from openhcs_pipeline.progress import progress
from openhcs_pipeline.run import RunResult, run_plan

__all__ = ["report", "run"]

OPENHCS_API = 1

_DEFAULT = VFSConfig()


@click.command()
@click.argument("pipeline_file", metavar="PIPELINE.py", type=click.Path())
@click.argument("plate", metavar="PLATE", type=click.Path())
@click.option(
    "--output", "-o", required=True, metavar="DIR", type=click.Path(), help="Folder of the output plate."
)
@click.option("--overwrite", is_flag=True, help="Replace the results of an earlier run in DIR.")
@click.option("--microscope", metavar="KEY", help="Read the plate with this handler instead of asking all.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(min=1), help="Wells at once, in threads."
)
@click.option(
    "--read-backend",
    metavar="KEY",
    default=_DEFAULT.read_backend,
    show_default=True,
    help="Where planes are read.",
)
@click.option(
    "--intermediate-backend",
    metavar="KEY",
    default=_DEFAULT.intermediate_backend,
    show_default=True,
    help="Where images stay between steps.",
)
@click.option(
    "--materialization-backend",
    metavar="KEY",
    default=_DEFAULT.materialization_backend,
    show_default=True,
    help="Where final images and tables go.",
)
@click.option("--observer", "observers", multiple=True, metavar="KEY", help="Enable an observer plugin.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def run(
    host: Host,
    pipeline_file: str,
    plate: str,
    output: str,
    overwrite: bool,
    microscope: str | None,
    workers: int,
    read_backend: str,
    intermediate_backend: str,
    materialization_backend: str,
    observers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run the steps of PIPELINE.py over every well of PLATE.

    Exit status 0 if all wells finished, 1 if one failed, 2 if the plate cannot be recognised.
    """
    host.enable_observers(observers)
    steps = load_pipeline(pipeline_file)
    vfs = VFSConfig(read_backend, intermediate_backend, materialization_backend)
    plan = compile_plan(host, steps, open_plate(host, plate, microscope=microscope), output, vfs)
    if not as_json:
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
    executor = host.executor("serial") if workers == 1 else host.executor("threads", workers=workers)
    with progress(len(plan.wells)) as on_well:
        result = run_plan(plan, host, executor=executor, overwrite=overwrite, on_well=on_well)
    if as_json:
        click.echo(json.dumps(_facts(result), indent=2))
    else:
        report(result)
    return 1 if result.failures else 0


def report(result: RunResult) -> None:
    """Print how a run ended and where its files are."""
    done = sum(well.failure is None for well in result.wells)
    click.echo(f"{done} of {len(result.plan.wells)} wells finished in {result.seconds:.1f} s")
    for name, failure in result.failures.items():
        click.echo(f"failed: {name} in {failure.step}: {failure.error}", err=True)
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
        "failures": {name: failure.error for name, failure in result.failures.items()},
        "warnings": list(result.warnings),
        "notes": list(result.plan.notes),
        "tables": result.tables,
        "seconds": round(result.seconds, 3),
    }


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs run``."""
    return run
