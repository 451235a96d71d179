"""Which of the HTD files of a plate is believed: an export leaves a copy at every level."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.errors import FormatError
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_imagexpress.htd import PlateDescription, read_htd

__all__ = ["PlateFile", "find_description"]

# A plate of many time points and planes holds thousands of copies; a few show whether they agree.
_MOST_COPIES: Final = 16


@attrs.frozen
class PlateFile:
    """The HTD file that is believed, if there is one."""

    path: str | None
    """Plate-relative path."""
    content: PlateDescription
    """What it says; nothing if there is none."""
    problems: tuple[str, ...]
    """What is wrong with it and its copies."""

    @property
    def stem(self) -> str:
        """Its name without extension, empty if there is none."""
        return os.path.splitext(os.path.basename(self.path or ""))[0]


def find_description(root: Path, paths: Sequence[str], prefix: str, *, every: bool) -> PlateFile:
    """Read the HTD file nearest to the root, and compare its copies with it, ``every`` one or a few.

    Of several at one level, the one named like the images, ``prefix``, comes first.
    """
    believed: PlateFile | None = None
    unreadable: list[str] = []
    differing: list[str] = []
    ordered = sorted(paths, key=lambda path: (path.count("/"), _stem(path) != prefix, path))
    for path in ordered if every else ordered[:_MOST_COPIES]:
        try:
            content = read_htd(os.path.join(root, path))
        except (OSError, FormatError) as error:
            unreadable.append(f"{shown(path)} ({getattr(error, 'strerror', None) or 'too large'})")
            continue
        if believed is None:
            problems = tuple(f"{shown(path)}: {problem}" for problem in content.problems)
            believed = PlateFile(path, attrs.evolve(content, problems=()), problems)
        elif attrs.evolve(content, problems=()) != believed.content:
            differing.append(shown(path))
    return _with_copies(believed, unreadable, differing)


def _with_copies(believed: PlateFile | None, unreadable: list[str], differing: list[str]) -> PlateFile:
    problems = list(believed.problems) if believed else []
    if unreadable:
        problems.append(f"HTD files that cannot be read: {listed(unreadable)}")
    if believed and differing:
        number = counted(len(differing), "HTD file says", "HTD files say")
        problems.append(
            f"{number} something else than {shown(believed.path)}, which is believed: {listed(differing)}"
        )
    if believed is None:
        return PlateFile(None, PlateDescription(), tuple(problems))
    return attrs.evolve(believed, problems=tuple(problems))


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]
