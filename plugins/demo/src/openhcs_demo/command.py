"""The command ``openhcs demo``."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import click

from openhcs_demo.picture import draw_counts
from openhcs_demo.synthetic import WRITERS, SyntheticPlate, write_plate, write_truth
from openhcs_host import FileManager, Host, hookimpl
from openhcs_host.plates import open_plate
from openhcs_pipeline import compile_plan, load_pipeline, run_plan
from openhcs_pipeline.progress import progress

__all__ = ["PIPELINE", "demo"]

OPENHCS_API = 1
PIPELINE = Path(__file__).with_name("count_nuclei.py")
"""The example pipeline."""


@click.command()
@click.option(
    "--output",
    "-o",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the plate and its results; must be new or empty. [default: demo_output, or the next free name]",
)
@click.option(
    "--microscope",
    type=click.Choice(list(WRITERS)),
    default="imagexpress",
    show_default=True,
    help="Whose files the plate is written as; the images and the pipeline are the same.",
)
@click.option("--seed", default=7, show_default=True, help="Seed of the synthetic images.")
@click.pass_obj
def demo(host: Host, output: Path | None, microscope: str, seed: int) -> int:
    """Make a plate with a known number of nuclei, count them, and compare."""
    output = output or _free_folder()
    plate, results = output / "Synthetic_Plate_1", output / "Synthetic_Plate_1_openhcs"
    truth = write_plate(plate, SyntheticPlate(seed=seed), microscope)
    write_truth(output / "true_counts.csv", truth)
    reading = open_plate(host, plate)
    click.echo(
        f"plate: {len(reading.planes)} images in {len(reading.wells)} wells, read by {reading.microscope!r}"
    )
    plan = compile_plan(host, load_pipeline(PIPELINE), reading, results)
    with progress(len(plan.wells)) as on_well:
        result = run_plan(plan, host, on_well=on_well)
    for name, failure in result.failures.items():
        click.echo(f"failed: {name} in {failure.step}: {failure.error}", err=True)
    counted = _counted(Path(result.tables["nuclei"])) if "nuclei" in result.tables else {}
    click.echo("\nwell  counted  true")
    for well, true in truth.items():
        click.echo(f"{well:<6}{counted.get(well, 'failed'):>7}{true:>6}")
    click.echo(f"total {sum(counted.values()):>7}{sum(truth.values()):>6}\n")
    places = {"plate": plate, "pipeline": PIPELINE, "images": plan.images, "results": plan.results}
    if not result.failures:
        places["picture"] = output / "counted.png"
        draw_counts(plan, FileManager(host), str(places["picture"]))
    for label, path in places.items():
        click.echo(f"{label:<9} {path}")
    return 1 if result.failures or counted != truth else 0


def _free_folder() -> Path:
    names = itertools.chain(["demo_output"], (f"demo_output_{number}" for number in itertools.count(2)))
    return next(folder for name in names if not (folder := Path(name)).exists())


def _counted(table: Path) -> dict[str, int]:
    with table.open(newline="", encoding="utf-8") as stream:
        return {row["well"]: int(row["count"]) for row in csv.DictReader(stream)}


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs demo``."""
    return demo
