"""The command ``openhcs plugins``: what is installed, and which provider a key comes from."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import attrs
import click

from openhcs_host.cli.tables import table
from openhcs_host.errors import PluginError
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_host.seam.host import Host
from openhcs_host.seam.kinds import KINDS

__all__ = ["plugins"]

OPENHCS_API = 1


@click.group()
def plugins() -> None:
    """Show the installed plugins. Imports none of them."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_plugins(host: Host, as_json: bool) -> None:
    """List every key that the installed distributions offer."""
    index = host.index
    offered = Counter((provider.kind, provider.key) for provider in index.providers)
    if as_json:
        rows = [attrs.asdict(provider) for provider in index.providers]
        click.echo(json.dumps({"plugins": rows, "problems": list(index.problems)}, indent=2))
        return
    lines = [
        (p.kind, p.key, p.distribution, p.version, "several providers" if offered[p.kind, p.key] > 1 else "")
        for p in index.providers
    ]
    click.echo(table(("kind", "key", "distribution", "version", ""), lines))
    for problem in index.problems:
        click.echo(f"problem: {problem}", err=True)


@plugins.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def explain(host: Host, kind: str, key: str, as_json: bool) -> None:
    """Say which distribution provides KEY of KIND, why, and what else was there."""
    facts = _facts(host, kind, key)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    elif facts["provider"] is None:
        click.echo(f"{kind} {key!r} cannot be resolved: {facts['reason']}")
    else:
        taken = facts["provider"]
        click.echo(f"{kind} {key!r} comes from {taken['distribution']} {taken['version']}")
        click.echo(f"  because   {facts['reason']}")
        click.echo(f"  loads     {taken['target']}")
        click.echo(f"  installed {taken['location']}")
        for other in facts["others"]:
            click.echo(f"  passed over: {other['distribution']} {other['version']}")
    if facts["provider"] is None:
        raise click.exceptions.Exit(1)


def _facts(host: Host, kind: str, key: str) -> dict[str, Any]:
    try:
        resolution = host.resolve(kind, key)
    except PluginError as error:
        offers = [attrs.asdict(provider) for provider in host.index.offers(kind, key)]
        return {"provider": None, "reason": str(error), "others": offers}
    return {
        "provider": attrs.asdict(resolution.provider),
        "reason": resolution.reason,
        "others": [attrs.asdict(provider) for provider in resolution.others],
    }


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plugins``."""
    return plugins
