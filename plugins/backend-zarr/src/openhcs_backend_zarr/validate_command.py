"""The command ``openhcs plate validate``: what is wrong with an OME-Zarr store."""

from __future__ import annotations

import json

import attrs
import click

from openhcs_backend_zarr.addresses import canonical, is_url
from openhcs_backend_zarr.ngff.documents import LocalReader, StoreReader
from openhcs_backend_zarr.ngff.findings import Finding
from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_backend_zarr.validating import validate
from openhcs_host import hookimpl
from openhcs_host.errors import InvalidPathError, PlateError
from openhcs_host.plates.wording import counted

__all__ = ["validate_command"]

OPENHCS_API = 1


@click.command("plate.validate")
@click.argument("store", metavar="STORE", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate_command(store: str, as_json: bool) -> int:
    """Say what STORE, an OME-Zarr plate or image in a folder or at a URL, gets wrong of OME-NGFF 0.4 and 0.5.

    Exit status: 0 valid, 1 it breaks a demand of the specification, 2 no OME-Zarr store.
    """
    try:
        findings = validate(_reader(store))
    except (PlateError, InvalidPathError, OSError) as failure:
        click.echo(f"error: {store} cannot be read: {failure}", err=True)
        return 2
    if findings is None:
        click.echo(f"error: {store} is no OME-Zarr store: no zarr.json, .zgroup or .zattrs there", err=True)
        return 2
    errors = [finding for finding in findings if finding.severity == "error"]
    if as_json:
        facts = {"path": str(store), "valid": not errors, "findings": [attrs.asdict(f) for f in findings]}
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        click.echo(_for_people(findings, len(errors)))
    return 1 if errors else 0


def _reader(store: str) -> StoreReader:
    return RemoteFiles().reader(canonical(store)) if is_url(store) else LocalReader(store)


def _for_people(findings: list[Finding], errors: int) -> str:
    lines = [f"{finding.severity:<8}{finding.where or '/'}: {finding.rule}" for finding in findings]
    verdict = "valid" if not errors else "not valid"
    count = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
    return "\n".join([*lines, f"{verdict}: {count}"])


@hookimpl
def openhcs_create_command(key: str) -> click.Command:
    """Create ``openhcs plate validate``."""
    return validate_command
