"""What a walk over a plate's folders follows, for every handler that walks: nothing hidden, no link that leads out."""

from __future__ import annotations

import os
from typing import Final, Literal

from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import Findings, shown

__all__ = ["EntryRules"]

# The deepest real layout has six levels. A bound ends the walk where a file system loops without links.
_DEEPEST: Final = 16
_SORTS: Final = {
    "unread": "folders that cannot be read",
    "links": "links that lead to a folder or out of the plate, not followed",
    "deep": f"folders more than {_DEEPEST} levels deep, not read",
    "hidden": "hidden folders, not read",
}


class EntryRules:
    """Says of entries of a plate's folders what they are to a reader, and remembers what was left out."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip(os.sep) + os.sep
        self._findings = Findings()
        self.strangers = 0
        """Entries met so far that a reader counts as unrecognised files."""

    def kind(self, entry: os.DirEntry[str], path: str, depth: int) -> Literal["file", "folder"] | None:
        """Return as what an entry at the plate-relative ``path`` is to be read, ``None`` for not at all.

        ``depth`` counts from 1 for what lies in the plate itself. A link to a file of the plate is a file.
        """
        if entry.is_file(follow_symlinks=False):
            return "file"
        if entry.is_symlink():
            if os.path.isfile(entry.path) and os.path.realpath(entry.path).startswith(self._base):
                return "file"
            self._findings.add("links", shown(path))
            self.strangers += not os.path.isdir(entry.path)
        elif not entry.is_dir(follow_symlinks=False):
            self.strangers += 1  # a pipe, socket or device; opening one could wait for ever
        elif depth > _DEEPEST:
            self._findings.add("deep", shown(path))
        elif entry.name.startswith("."):
            # Snapshots and wastebaskets: what lies there would claim the places of the real images.
            self._findings.add("hidden", shown(path))
        else:
            return "folder"
        return None

    def unreadable(self, path: str, error: OSError) -> None:
        """Remember a folder that cannot be read; without the plate's own there is no plate: ``PlateError``."""
        reason = error.strerror or type(error).__name__
        if not path:
            raise PlateError(
                f"{shown(self._base.rstrip(os.sep) or os.sep)} cannot be read: {reason}"
            ) from error
        self._findings.add("unread", f"{shown(path)} ({reason})")

    def problems(self) -> list[str]:
        """Return one sentence for each sort of what was left out."""
        return self._findings.sentences(_SORTS)
