"""Folders in which an image or a file is made before it gets its name; told from those of killed writers by a lock."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from typing import Final

from openhcs_backend_zarr.locking import LockedError, locked
from openhcs_backend_zarr.placing import removed

__all__ = ["held_aside", "remove_abandoned"]

_OURS: Final = re.compile(r"\.image-([0-9a-f]{12})-(?:lock|new)\.openhcs-part\Z")


@contextlib.contextmanager
def held_aside(folder: str) -> Iterator[str]:
    """Have a new hidden folder in ``folder`` while the block runs; what is left in it is removed."""
    token = os.urandom(6).hex()
    with locked(_lock(folder, token)):
        os.mkdir(_new(folder, token))
        try:
            yield _new(folder, token)
        finally:
            removed(_new(folder, token))


def remove_abandoned(folder: str, names: Iterable[str]) -> None:
    """Remove what killed writers left among the names in a folder, and nothing of those that live."""
    for token in {match[1] for name in names if (match := _OURS.match(name))}:
        with contextlib.suppress(LockedError, PermissionError), locked(_lock(folder, token), wait=False):
            removed(_new(folder, token))


def _lock(folder: str, token: str) -> str:
    return f"{folder}/.image-{token}-lock.openhcs-part"


def _new(folder: str, token: str) -> str:
    return f"{folder}/.image-{token}-new.openhcs-part"
