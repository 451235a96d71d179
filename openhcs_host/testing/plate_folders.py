"""Plate folders as the kits look at them: what is in one, and what a handler does to it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["count_files", "snapshot", "watched"]

_watching: list[tuple[str, list[str]]] = []
_hooked = False


def snapshot(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return kind, mode, time of change and content of everything below ``root``."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = os.lstat(path)
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[path.relative_to(root).as_posix()] = (status.st_mode, status.st_mtime_ns, content)
    return found


def count_files(root: Path) -> int:
    """Return how many files, links to files included, lie below ``root``."""
    return sum(path.is_file() for path in root.rglob("*"))


@contextlib.contextmanager
def watched(root: Path) -> Iterator[list[str]]:
    """Give a list that fills with what this process opens or lists below ``root`` meanwhile."""
    global _hooked
    if not _hooked:  # an audit hook stays for the life of the process
        sys.addaudithook(_audit)
        _hooked = True
    seen: list[str] = []
    entry = (os.path.realpath(root), seen)
    _watching.append(entry)
    try:
        yield seen
    finally:
        _watching.remove(entry)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching or event not in ("open", "os.listdir", "os.scandir"):
        return
    path = arguments[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return  # a descriptor that is open already
    real = os.path.realpath(os.fsdecode(path))
    for root, seen in _watching:
        if real == root or real.startswith(root + os.sep):
            seen.append(f"{event} {os.fsdecode(path)}")
