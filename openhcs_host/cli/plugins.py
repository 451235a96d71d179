"""The command ``openhcs plugins``: what is installed, and which provider a key comes from."""

from __future__ import annotations

import json
from typing import Any

import attrs
import click

from openhcs_host.cli.tables import table
from openhcs_host.errors import PluginError
from openhcs_host.seam.diagnosis import Diagnosis, diagnose
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_host.seam.host import Host
from openhcs_host.seam.index import Provider
from openhcs_host.seam.kinds import KINDS
from openhcs_host.seam.resolution import refusal

__all__ = ["plugins"]

OPENHCS_API = 1


@click.group()
def plugins() -> None:
    """Show the installed plugins. Only doctor imports them, each in a process of its own."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_plugins(host: Host, as_json: bool) -> None:
    """List every key that the installed distributions offer."""
    index = host.index
    if as_json:
        rows = [{**attrs.asdict(provider), "state": _state(host, provider)} for provider in index.providers]
        click.echo(json.dumps({"plugins": rows, "problems": list(index.problems)}, indent=2))
        return
    lines = [(p.kind, p.key, p.distribution, p.version, _state(host, p)) for p in index.providers]
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
            click.echo(f"  passed over: {other['distribution']} {other['version']}, {other['reason']}")
    if facts["provider"] is None:
        raise click.exceptions.Exit(1)


@plugins.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--timeout", default=30.0, show_default=True, help="Seconds that a plugin may take to be imported."
)
@click.pass_obj
def doctor(host: Host, as_json: bool, timeout: float) -> None:
    """Try every plugin in a process of its own, and say what is wrong and how to mend it.

    Exit status 1 if anything is wrong.
    """
    diagnosis = diagnose(host, timeout)
    if as_json:
        click.echo(json.dumps(_report(diagnosis), indent=2))
    else:
        rows = [
            (
                f"{tried.provider.kind}:{tried.provider.key}",
                str(tried.provider),
                "broken" if tried.seconds is None else f"{tried.seconds * 1000:.0f} ms",
                ", ".join(tried.libraries),
            )
            for tried in diagnosis.probes
        ]
        click.echo(table(("plugin", "distribution", "import", "pulls in"), rows))
        click.echo()
        states = [
            (tried.provider.key, tried.availability.state, tried.availability.detail)
            for tried in diagnosis.probes
            if tried.availability is not None
        ]
        click.echo(table(("memory type", "state", ""), states))
        for provider, reason in diagnosis.unused:
            click.echo(f"not used: {provider.kind}:{provider.key} ({provider}): {reason}")
        for finding in diagnosis.findings:
            click.echo(f"\nwrong: {finding.subject}\n  {finding.problem}\n  mend: {finding.mend}")
        if not diagnosis.findings:
            click.echo("nothing is wrong")
    if diagnosis.findings:
        raise click.exceptions.Exit(1)


def _report(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "plugins": [
            {
                **attrs.asdict(tried.provider),
                "seconds": tried.seconds,
                "libraries": list(tried.libraries),
                "error": tried.error,
                "availability": None if tried.availability is None else attrs.asdict(tried.availability),
            }
            for tried in diagnosis.probes
        ],
        "unused": [{**attrs.asdict(provider), "reason": reason} for provider, reason in diagnosis.unused],
        "findings": [attrs.asdict(finding) for finding in diagnosis.findings],
    }


def _state(host: Host, provider: Provider) -> str:
    refused = refusal(host.index, host.policy, provider)
    if refused is not None:
        return refused
    try:
        resolution = host.resolve(provider.kind, provider.key)
    except PluginError:
        return "several providers"
    return "" if resolution.provider is provider else "passed over"


def _facts(host: Host, kind: str, key: str) -> dict[str, Any]:
    try:
        resolution = host.resolve(kind, key)
    except PluginError as error:
        offers = [attrs.asdict(provider) for provider in host.index.offers(kind, key)]
        return {"provider": None, "reason": str(error), "others": offers}
    return {
        "provider": attrs.asdict(resolution.provider),
        "reason": resolution.reason,
        "others": [{**attrs.asdict(other.provider), "reason": other.reason} for other in resolution.others],
    }


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plugins``."""
    return plugins
