"""The command ``openhcs config``."""

from __future__ import annotations

import json
from typing import Any

import attrs
import click

from openhcs_host import hookimpl
from openhcs_host.cli.tables import table
from openhcs_pipeline.config_options import config_options, settings_of
from openhcs_pipeline.loading import load_pipeline_file
from openhcs_pipeline.settings import Layer, PipelineConfig, Settings

__all__ = ["config"]

OPENHCS_API = 1


@click.group()
def config() -> None:
    """How runs are configured, and who says so."""


@config.command()
@click.argument("pipeline_file", metavar="[PIPELINE.py]", required=False, type=click.Path())
@config_options
@click.option("--resolved", is_flag=True, help="Show the values in force instead of what each place says.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    pipeline_file: str | None, config_file: str | None, resolved: bool, as_json: bool, **given: Any
) -> None:
    """Show what each place says about runs, or with --resolved each value in force and where it comes from."""
    pipeline = load_pipeline_file(pipeline_file) if pipeline_file else None
    settings, layers = settings_of(pipeline, config_file, given)
    rows = _in_force(settings) if resolved else _said(layers)
    if as_json:
        click.echo(json.dumps([{"name": n, "value": v, "from": o} for n, v, o in rows], indent=2))
    elif rows:
        click.echo(table(("name", "value", "from"), [(n, json.dumps(v), o) for n, v, o in rows]))
    else:
        click.echo("nothing is configured; --resolved shows the defaults")


def _in_force(settings: Settings) -> list[tuple[str, Any, str]]:
    return [(name, setting.value, setting.origin) for name, setting in settings.values.items()]


def _said(layers: list[Layer]) -> list[tuple[str, Any, str]]:
    return [
        (field.name, value, layer.origin)
        for layer in layers
        for field in attrs.fields(PipelineConfig)
        if (value := getattr(layer.config, field.name)) is not None
    ]


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs config``."""
    return config
