"""New files in new folders, made with few calls: each folder once, each file opened, written and flushed once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

__all__ = ["NewFiles"]

_FLAGS: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


class NewFiles:
    """Writes files below folders that are there; nobody else writes into these."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._there = set(folders)

    def make_folder(self, folder: str) -> None:
        """Make a folder and its parents, if this has not been done."""
        if folder in self._there:
            return
        self.make_folder(os.path.dirname(folder))
        try:
            os.mkdir(folder)
        except FileExistsError:
            if not os.path.isdir(folder):
                raise
        self._there.add(folder)

    def write(self, path: str, parts: Iterable[bytes], *, power: bool) -> None:
        """Write a file that is not there yet, and its folder; with ``power`` its content is flushed."""
        self.make_folder(os.path.dirname(path))
        descriptor = os.open(path, _FLAGS, 0o666)
        try:
            for part in parts:
                rest = memoryview(part)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            if power:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
