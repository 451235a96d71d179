"""Copying and moving what is stored, and deleting directories."""

from __future__ import annotations

import errno
import os
import shutil

from openhcs_backend_zarr.exchanging import rename_new
from openhcs_backend_zarr.placing import place, removed
from openhcs_host.errors import InvalidPathError, PathExistsError
from openhcs_host.files.atomic import make_directories, sync_directory, temporary_name

__all__ = ["copy_stored", "move_directory", "move_stored"]


def copy_stored(source: str, destination: str, *, overwrite: bool, power: bool) -> None:
    """Copy a file, or the folder of an image, to a name beside which it appears whole."""
    folder = os.path.dirname(destination) or "."
    make_directories(folder, power=power)
    aside = temporary_name(folder)
    try:
        if os.path.isdir(source):
            shutil.copytree(source, aside, symlinks=True)
        else:
            shutil.copyfile(source, aside)
        if power:
            _flush(aside)
        place(aside, destination, overwrite=overwrite, power=power)
    finally:
        removed(aside)


def move_stored(source: str, destination: str, *, overwrite: bool, power: bool) -> None:
    """Move a file, or the folder of an image."""
    make_directories(os.path.dirname(destination) or ".", power=power)
    try:
        place(source, destination, overwrite=overwrite, power=power)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_stored(source, destination, overwrite=overwrite, power=True)
        removed(source)


def move_directory(source: str, destination: str, *, power: bool) -> None:
    """Move a directory with all that is in it to a name that nothing has."""
    if os.path.join(os.path.realpath(destination), "").startswith(os.path.join(os.path.realpath(source), "")):
        raise InvalidPathError(f"cannot move directory {source!r} into itself ({destination!r})")
    if os.path.lexists(destination):
        raise PathExistsError(
            f"{destination!r} exists already; a directory is not moved over it. Delete it or choose another name"
        )
    make_directories(os.path.dirname(destination) or ".", power=power)
    try:
        rename_new(source, destination)
    except FileExistsError:
        raise PathExistsError(f"{destination!r} exists already; a directory is not moved over it") from None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_stored(source, destination, overwrite=False, power=True)
        shutil.rmtree(source)
    if power:
        sync_directory(os.path.dirname(source) or ".")
        sync_directory(os.path.dirname(destination) or ".")


def _flush(path: str) -> None:
    if not os.path.isdir(path):
        with open(path, "rb+") as stream:
            os.fsync(stream.fileno())
        return
    for folder, _, names in os.walk(path):
        for name in names:
            with open(f"{folder}/{name}", "rb") as stream:
                os.fsync(stream.fileno())
        sync_directory(folder)
