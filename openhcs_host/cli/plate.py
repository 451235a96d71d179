"""The command ``openhcs plate``: look at a plate without touching it; plugins add sub-commands."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs
import click

from openhcs_host.cli.commands import PluginCommands
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.plates.opening import open_plate
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_host.seam.host import Host

__all__ = ["plate", "summary"]

OPENHCS_API = 1


@click.group(cls=PluginCommands, prefix="plate.")
def plate() -> None:
    """Work with plates. No raw plate is ever written into."""


@plate.command()
@click.argument("folder", metavar="PLATE", type=click.Path())
@click.option("--microscope", metavar="KEY", help="Read with this handler instead of asking all of them.")
@click.option("--deep", is_flag=True, help="Open every image header and report what contradicts the names.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def info(host: Host, folder: str, microscope: str | None, deep: bool, as_json: bool) -> None:
    """Say what PLATE holds: images, wells, channels, geometry, and what is strange about it."""
    reading = open_plate(host, folder, microscope=microscope, deep=deep)
    facts = summary(reading)
    click.echo(json.dumps(facts, indent=2, ensure_ascii=False) if as_json else _for_people(facts))


def summary(reading: PlateReading) -> dict[str, Any]:
    """Return the facts of a plate as plain data; ``docs/plate-info.md`` names each field."""
    return {
        "microscope": reading.microscope,
        "plate_name": reading.plate_name,
        "path": str(reading.root),
        "backend": reading.backend,
        "images": len(reading.planes),
        "wells": list(reading.wells),
        "sites": list(reading.sites),
        "channels": {str(channel): name for channel, name in sorted(reading.channel_names.items())},
        "channel_details": {
            str(number): attrs.asdict(channel) for number, channel in sorted(reading.channels.items())
        },
        "z_indexes": list(reading.z_indexes),
        "timepoints": list(reading.timepoints),
        "grid": list(reading.grid) if reading.grid else None,
        "pixel_size_um": reading.pixel_size_um,
        "z_step_um": reading.z_step_um,
        "site_positions_um": {str(site): list(xy) for site, xy in sorted(reading.site_positions_um.items())},
        "well_site_positions_um": [
            [well, site, *xy] for (well, site), xy in reading.well_site_positions_um.items()
        ],
        "z_positions_um": {str(z): height for z, height in sorted(reading.z_positions_um.items())},
        "time_offsets_s": {str(t): seconds for t, seconds in sorted(reading.time_offsets_s.items())},
        "started": reading.started.isoformat() if reading.started else None,
        "objective": attrs.asdict(reading.objective) if reading.objective else None,
        "plate_type": reading.plate_type,
        "plate_shape": list(reading.plate_shape) if reading.plate_shape else None,
        "missing": len(reading.missing),
        "skipped": attrs.asdict(reading.skipped),
        "problems": list(reading.problems),
    }


def _for_people(facts: dict[str, Any]) -> str:
    skipped = facts["skipped"]
    grid = facts["grid"]
    rows = [
        ("plate", ", ".join(filter(None, (facts["plate_name"], facts["plate_type"])))),
        ("microscope", facts["microscope"]),
        ("objective", _objective(facts["objective"])),
        ("started", facts["started"] or "unknown"),
        ("images", f"{facts['images']}" + (f", {facts['missing']} missing" if facts["missing"] else "")),
        ("wells", _some(facts["wells"])),
        ("sites", _some(facts["sites"]) + (f", grid {grid[0]} x {grid[1]}" if grid else "")),
        ("channels", ", ".join(f"{key} {name or '(no name)'}" for key, name in facts["channels"].items())),
        ("z planes", _some(facts["z_indexes"]) + _unit(", step ", facts["z_step_um"])),
        ("time points", _some(facts["timepoints"])),
        ("pixel size", _unit("", facts["pixel_size_um"]) or "unknown"),
        (
            "not images",
            f"{skipped['thumbnails']} thumbnails, {skipped['projections']} projections, "
            f"{skipped['unrecognised']} unrecognised files",
        ),
    ]
    lines = [f"{label:<12}{value}" for label, value in rows]
    lines += [f"problem     {problem}" for problem in facts["problems"]]
    return "\n".join(lines)


def _objective(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return "unknown"
    power = f"{facts['magnification']:g}x" if facts["magnification"] and not facts["name"] else facts["name"]
    aperture = f"NA {facts['numerical_aperture']:g}" if facts["numerical_aperture"] else None
    return ", ".join(filter(None, (power, aperture)))


def _some(values: Iterable[object]) -> str:
    texts = [str(value) for value in values]
    if len(texts) > 12:
        return f"{len(texts)}: {', '.join(texts[:5])} … {texts[-1]}"
    return f"{len(texts)}: {', '.join(texts)}" if texts else "none"


def _unit(before: str, value: float | None) -> str:
    return "" if value is None else f"{before}{value:g} µm"


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plate``."""
    return plate
