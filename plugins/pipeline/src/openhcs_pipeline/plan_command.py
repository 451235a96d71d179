"""The command ``openhcs plan``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import click

from openhcs_host import Host, hookimpl
from openhcs_host.cli.tables import table
from openhcs_host.plates import open_plate
from openhcs_pipeline.config_options import config_options, settings_of
from openhcs_pipeline.loading import load_pipeline_file
from openhcs_pipeline.plan import compile_plan
from openhcs_pipeline.plan_facts import PlanFacts, StepFacts, plan_facts

__all__ = ["plan"]

OPENHCS_API = 1


@click.command()
@click.argument("pipeline_file", metavar="PIPELINE.py", type=click.Path())
@click.argument("plate", metavar="PLATE", type=click.Path())
@click.option("--output", "-o", metavar="DIR", type=click.Path(), help="Folder of the output plate.")
@click.option("--microscope", metavar="KEY", help="Read the plate with this handler instead of asking all.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def plan(
    host: Host,
    /,
    pipeline_file: str,
    plate: str,
    output: str | None,
    microscope: str | None,
    config_file: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Show what running PIPELINE.py over PLATE would do, after every check; nothing is written."""
    pipeline = load_pipeline_file(pipeline_file)
    settings, _ = settings_of(pipeline, config_file, given)
    reading = open_plate(host, plate, microscope=microscope)
    target = Path(output) if output else Path(f"{reading.root.resolve().name}-processed")
    compiled = compile_plan(
        host,
        pipeline.steps,
        reading,
        target,
        settings.vfs,
        missing=settings.missing,
        durability=settings.durability,
    )
    facts = plan_facts(compiled, host)
    click.echo(json.dumps(attrs.asdict(facts), indent=2) if as_json else _text(facts))


def _text(facts: PlanFacts) -> str:
    rows, columns = facts.shape[-2:]
    lines = [
        f"plate:   {facts.plate}",
        f"reads:   {facts.planes} planes of {rows} x {columns} {facts.dtype} in {facts.wells} wells, "
        f"{_size(facts.input_bytes)}",
        f"writes:  at most {_size(facts.output_bytes)} of images, uncompressed",
        *(f"{name + ':':17}{path}" for name, path in facts.paths.items()),
        "backends: " + ", ".join(f"{name} {key}" for name, key in facts.backends.items()),
    ]
    for number, step in enumerate(facts.steps, 1):
        lines += [
            "",
            f"{number}. {step.name}: {step.stacks} stacks of {step.planes} planes ({step.stacked or 'none'})",
        ]
        lines += _calls(step)
    lines += ["", *(f"note: {note}" for note in facts.notes)] if facts.notes else []
    return "\n".join(lines)


def _calls(step: StepFacts) -> list[str]:
    cells = [
        (
            f"   {call.group}",
            call.name,
            f"{call.memory_type} on {call.device}",
            f"{call.conversion}, {_size(call.bytes_converted)}" if call.conversion else "none",
            ", ".join(call.special_inputs) or "-",
            ", ".join(call.special_outputs) or "-",
        )
        for call in step.calls
    ]
    headings = ("   for", "function", "works on", "conversion", "takes", "makes")
    return table(headings, cells).split("\n")


def _size(nbytes: int) -> str:
    amount, unit = float(nbytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plan``."""
    return plan
