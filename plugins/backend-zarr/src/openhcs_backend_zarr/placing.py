"""Files and plain images put under their names: whole, refused where something stands, or in its place."""

from __future__ import annotations

import contextlib
import os
import shutil

from openhcs_backend_zarr.exchanging import exchange, rename_new
from openhcs_host.errors import PathExistsError
from openhcs_host.files.atomic import sync_directory, temporary_name

__all__ = ["place", "removed", "sync_tree"]


def place(source: str, path: str, *, overwrite: bool, power: bool) -> None:
    """Give a finished file or folder the name ``path``; what had it is replaced with ``overwrite``.

    A folder that is replaced is an image: the caller knows.
    """
    while True:
        try:
            rename_new(source, path)
            break
        except FileExistsError:
            if not overwrite:
                raise PathExistsError(f"{path!r} exists already; pass overwrite=True to replace it") from None
        try:
            if _both_files(source, path):
                os.replace(source, path)
                break
            if not exchange(source, path):
                os.rename(path, temporary := temporary_name(os.path.dirname(path)))
                os.rename(source, path)
                os.rename(temporary, source)
        except FileNotFoundError:
            continue  # deleted since it was in the way
        removed(source)
        break
    if power:
        sync_directory(os.path.dirname(path) or ".")


def removed(path: str) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def sync_tree(folder: str) -> None:
    """Flush a folder and all folders in it, so that the names of what was made there survive a loss of power."""
    for directory, _, _ in os.walk(folder):
        sync_directory(directory)


def _both_files(one: str, other: str) -> bool:
    return not os.path.isdir(one) and not os.path.isdir(other)
