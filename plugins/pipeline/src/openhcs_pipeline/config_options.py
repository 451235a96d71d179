"""The options that every command about runs has, and the settings that they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from openhcs_pipeline.configuration import Durability, Missing
from openhcs_pipeline.loading import PipelineFile
from openhcs_pipeline.settings import Layer, PipelineConfig, Settings, file_layer, resolve, site_layers

__all__ = ["config_options", "settings_of"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--config", "config_file", metavar="FILE.toml", type=click.Path(), help="A file with [pipeline]."
    ),
    click.option("--read-backend", metavar="KEY", help="Where planes are read."),
    click.option("--intermediate-backend", metavar="KEY", help="Where images stay between steps."),
    click.option(
        "--materialization-backend",
        metavar="KEY",
        multiple=True,
        help="Where final images and tables go; several times for several backends.",
    ),
    click.option(
        "--missing", type=click.Choice(get_args(Missing)), help="What to do about planes without a file."
    ),
    click.option(
        "--durability", type=click.Choice(get_args(Durability)), help="What a finished well survives."
    ),
    click.option("--executor", metavar="KEY", help="What runs the wells: serial, threads, processes, …"),
    click.option("--workers", type=click.IntRange(min=1), help="Wells at once."),
)


def config_options(command: F) -> F:
    """Give a command the options of a run's configuration."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_of(
    pipeline: PipelineFile | None, config_file: str | None, given: dict[str, Any]
) -> tuple[Settings, list[Layer]]:
    """Return what is in force, and the layers that say so, the weakest first.

    Site, project and environment come first, then the pipeline file, then what was given with the command.
    """
    layers = site_layers(os.environ)
    if pipeline is not None and pipeline.config is not None:
        layers.append(Layer(pipeline.path, pipeline.config))
    if config_file is not None:
        layers.append(file_layer(config_file))
    chosen = given["materialization_backend"]
    said = {**given, "materialization_backend": chosen[0] if len(chosen) == 1 else chosen or None}
    for name, value in said.items():
        if value is not None:
            layers.append(Layer(f"--{name.replace('_', '-')}", PipelineConfig(**{name: value})))
    return resolve(layers), layers
