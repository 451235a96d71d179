"""The command ``openhcs plate convert``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import click

from openhcs_convert.conversion import Conversion, convert_plate
from openhcs_convert.verification import verify_plate
from openhcs_host import Host, hookimpl
from openhcs_host.plates import open_plate

__all__ = ["convert"]

OPENHCS_API = 1


@click.command()
@click.argument("plate", metavar="PLATE", type=click.Path())
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--backend", metavar="KEY", default="zarr", show_default=True, help="Where to: zarr, disk, …")
@click.option(
    "--ngff",
    metavar="VERSION",
    type=click.Choice(["0.4", "0.5"]),
    help="OME-NGFF version (zarr). [default: 0.5]",
)
@click.option(
    "--pyramid",
    metavar="N",
    type=click.IntRange(0, 16),
    help="Smaller levels beside the full one, each of half the width and height (zarr). [default: 2]",
)
@click.option("--compressor", metavar="NAME", help="zstd, lz4, blosc, zlib or none (zarr); zlib … (disk).")
@click.option(
    "--chunk-strategy", type=click.Choice(["well", "file"]), help="Shards, or one object per plane (zarr)."
)
@click.option("--microscope", metavar="KEY", help="Read the plate with this handler instead of asking all.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted conversion.")
@click.option("--verify", is_flag=True, help="Read everything again and compare every pixel.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(min=1), help="Wells written at once."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_obj
def convert(
    host: Host,
    plate: str,
    destination: Path,
    backend: str,
    ngff: str | None,
    pyramid: int | None,
    compressor: str | None,
    chunk_strategy: str | None,
    microscope: str | None,
    resume: bool,
    verify: bool,
    workers: int,
    as_json: bool,
) -> int:
    """Write every image of PLATE to DEST, unchanged.

    PLATE is never written to. Exit status 0 if every image is there, 1 if a well failed or a pixel differs.
    """
    reading = open_plate(host, plate, microscope=microscope)
    given = {
        "ngff_version": ngff,
        "pyramid": pyramid,
        "compressor": compressor,
        "chunk_strategy": chunk_strategy,
    }
    options = _options(backend, {name: value for name, value in given.items() if value is not None})
    with _progress("wells", len(reading.wells)) as on_well:
        done = convert_plate(
            host,
            reading,
            destination,
            backend=backend,
            options=options,
            resume=resume,
            workers=workers,
            on_well=on_well,
        )
    differing: list[str] = []
    if verify:
        with _progress("verified", len(reading.wells)) as on_well:
            differing = list(verify_plate(host, reading, destination, backend=backend, on_well=on_well))
    if as_json:
        click.echo(json.dumps({**_facts(done), "verified": verify, "differing": differing}, indent=2))
    else:
        _report(done, differing, verify)
    return 1 if done.failures or differing else 0


def _options(backend: str, given: dict[str, Any]) -> dict[str, Any]:
    # A well is noted as finished when no loss of power can take it away any more.
    durable = {"durability": "power"} if backend in ("disk", "zarr") else {}
    if backend == "zarr":
        return {"pyramid": 2, **durable, **given}
    if "compressor" in given:
        given["compression"] = given.pop("compressor")
    return {**durable, **given}


def _report(done: Conversion, differing: list[str], verify: bool) -> None:
    parts = [f"{done.written} written"]
    parts += [f"{done.resumed} written before"] if done.resumed else []
    parts += [f"{done.projections} projections left"] if done.projections else []
    parts += [f"{done.unwritten} not written"] if done.unwritten else []
    click.echo(f"{done.found} images found: {', '.join(parts)}; {done.seconds:.1f} s")
    if done.missing:
        click.echo(f"{done.missing} images are listed by the microscope and have no file", err=True)
    for well, error in done.failures.items():
        click.echo(f"failed: {well}: {error}", err=True)
    for sentence in differing:
        click.echo(f"differs: {sentence}", err=True)
    if done.failures:
        click.echo("mend the cause and run the same command with --resume", err=True)
    if verify and not differing:
        click.echo("every pixel compared: equal")
    click.echo(f"plate: {done.destination}")


def _facts(done: Conversion) -> dict[str, Any]:
    facts = attrs.asdict(done)
    return {**facts, "destination": str(done.destination), "seconds": round(done.seconds, 3)}


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[str, int, int], None]]:
    """Give the callback that shows each well on standard error: a bar on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield lambda well, done, _: click.echo(f"[{done}/{total}] {label}: {well}", err=True)
        return
    with click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True) as bar:
        yield lambda well, done, _: bar.update(done - bar.pos)


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plate convert``."""
    convert.name = key
    return convert
