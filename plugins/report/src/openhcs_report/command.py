"""The command ``openhcs report``."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click

from openhcs_host import Host, hookimpl
from openhcs_host.plates.wording import counted
from openhcs_report.report import make_report

__all__ = ["report"]

OPENHCS_API = 1


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The HTML file. [default: RUN/report.html]",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.pass_obj
def report(host: Host, run: Path, output: Path | None, overwrite: bool, as_json: bool) -> None:
    """Write one HTML file about RUN, the output folder of `openhcs run`.

    It shows numbers and images over the plate, timings, failures, and what made the results; it needs no other
    file and no network.
    """
    made = make_report(host, run, output, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps({**attrs.asdict(made), "output": str(made.output)}, indent=2))
        return
    for problem in made.problems:
        click.echo(f"note: {problem}", err=True)
    click.echo(
        f"{counted(made.wells, 'well')}, {made.failed} failed; {counted(len(made.heat_maps), 'heat map')}, "
        f"{counted(made.thumbnails, 'thumbnail')}; {made.size / 1e6:.1f} MB"
    )
    click.echo(f"report: {made.output}")


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs report``."""
    return report
