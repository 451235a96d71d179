"""The command ``openhcs functions``."""

from __future__ import annotations

import itertools
import json

import attrs
import click

from openhcs_host import Host, hookimpl
from openhcs_host.cli.tables import table
from openhcs_host.contracts.execution import FunctionEntry
from openhcs_pipeline.named import offers

__all__ = ["functions"]

OPENHCS_API = 1


@click.command()
@click.argument("search", metavar="[SEARCH]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the type of each parameter.")
@click.pass_obj
def functions(host: Host, search: str, as_json: bool) -> int:
    """List the functions that pipelines can name, or those whose names or descriptions hold SEARCH.

    Several words must all be there, in any case. Array libraries are not imported. Exit status 1 if a library
    cannot be asked.
    """
    found = offers(host)
    problems = [*found.conflicts, *found.troubles]
    chosen = [(library, entry) for library, entry in found.entries if _matches(library, entry, search)]
    if as_json:
        rows = [{"library": library, **attrs.asdict(entry)} for library, entry in chosen]
        click.echo(json.dumps({"functions": rows, "problems": problems}, indent=2, ensure_ascii=False))
    else:
        _print(chosen, search)
        for problem in problems:
            click.echo(f"problem: {problem}", err=True)
    return 1 if problems else 0


def _print(chosen: list[tuple[str, FunctionEntry]], search: str) -> None:
    for library, entries in itertools.groupby(chosen, key=lambda pair: pair[0]):
        rows = [(entry.name, entry.memory_type, _call(entry), entry.summary) for _, entry in entries]
        click.echo(f"{library}\n\n{table(('name', 'memory', 'keywords', ''), rows)}\n")
    if not chosen and search:
        click.echo(f"no function that may be used here has {search!r} in its name or description", err=True)
    elif not chosen:
        click.echo("no function library that may be used here is installed", err=True)


def _call(entry: FunctionEntry) -> str:
    words = [p.name if p.default is None else f"{p.name}={p.default}" for p in entry.parameters]
    shown, rest = words[:3], words[3:]
    return ", ".join([*shown, "…"] if rest else shown)


def _matches(library: str, entry: FunctionEntry, search: str) -> bool:
    text = f"{library}:{entry.name} {entry.path} {entry.summary}".casefold()
    return all(word in text for word in search.casefold().split())


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs functions``."""
    return functions
