"""What is no image: tables, text, documents, archives, as files in the installed formats."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from openhcs_backend_zarr.held_asides import held_aside
from openhcs_backend_zarr.names import split
from openhcs_backend_zarr.placing import place
from openhcs_backend_zarr.stores import Files
from openhcs_host import Host
from openhcs_host.contracts.formats import Format
from openhcs_host.errors import FormatError, PluginNotFoundError, UnsupportedDataError
from openhcs_host.files.atomic import make_directories

__all__ = ["format_of", "load_file", "save_file"]


def format_of(host: Host, path: str, doing: str) -> Format:
    """Return the format of a path's extension; none is an ``UnsupportedDataError`` or a ``FormatError``."""
    extension = os.path.splitext(split(path)[1])[1].lower()
    try:
        if not extension:
            raise PluginNotFoundError("without an extension")
        return host.format(extension)
    except PluginNotFoundError as error:
        known = ", ".join(host.index.keys("format")) or "none"
        refusal = UnsupportedDataError if doing == "save" else FormatError
        raise refusal(
            f"cannot {doing} {path!r}: it is no array, and no installed format is for {extension!r}. Installed "
            f"formats: {known}. Use one of these extensions, or install the distribution that offers the format."
        ) from error


def save_file(
    host: Host, data: Any, path: str, options: Mapping[str, Any], *, overwrite: bool, power: bool
) -> None:
    """Write a file; it appears whole under its path or not at all."""
    form = format_of(host, path, "save")
    folder, _ = split(path)
    make_directories(folder, power=power)
    try:
        with held_aside(folder) as aside:
            with open(f"{aside}/1", "x+b") as stream:
                form.write(data, stream, **options)
                if power:
                    stream.flush()
                    os.fsync(stream.fileno())
            place(f"{aside}/1", path.rstrip("/"), overwrite=overwrite, power=power)
    except UnsupportedDataError as error:
        raise UnsupportedDataError(f"cannot save {path!r}: {error}") from error


def load_file(host: Host, files: Files, path: str, options: Mapping[str, Any]) -> Any:
    """Read a file in the format of its extension."""
    with files.open(path.rstrip("/")) as stream:
        form = format_of(host, path, "load")
        try:
            return form.read(stream, **options)
        except FormatError as error:
            raise FormatError(f"cannot load {path!r}: {error}") from error
