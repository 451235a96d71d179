"""Which wells are finished, so that an interrupted conversion goes on where it was.

One JSON line per well, flushed to the medium after the well itself: a line is there only if its well is.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

from openhcs_host.contracts.microscopes import Place, PlateReading
from openhcs_host.errors import MetadataError
from openhcs_host.files.atomic import atomic_write

__all__ = ["Journal", "fingerprint", "journal_path"]

_SUFFIX: Final = ".conversion.jsonl"


def journal_path(destination: Path) -> Path:
    """Return where the journal of a conversion lies: beside its destination, not inside."""
    return destination.with_name(destination.name + _SUFFIX)


def fingerprint(reading: PlateReading, places: dict[Place, str]) -> str:
    """Return what tells the images of one well from changed ones: paths, sizes and times of the files.

    Where a backend has no files, paths alone.
    """
    digest = hashlib.sha256()
    for place, path in places.items():
        try:
            found = os.stat(reading.root / path)
            state: tuple[int, ...] = (found.st_size, found.st_mtime_ns)
        except FileNotFoundError:
            state = ()
        digest.update(repr((place, path, state)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class Journal:
    """The wells that are finished, and how they were made."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self._settings = settings
        self._finished: dict[str, str] = {}

    def resume(self) -> None:
        """Read what an earlier conversion finished; raise ``MetadataError`` if it was another one.

        A last line that a power failure cut off counts as absent.
        """
        if not self.path.exists():
            return
        first, *lines = self.path.read_text(encoding="utf-8").split("\n")
        if _parsed(first) != self._settings:
            raise MetadataError(
                f"{str(self.path)!r} is the journal of another conversion ({first.strip()[:200]}); finish it "
                "with its own options, or choose another destination"
            )
        for line in lines:
            entry = _parsed(line)
            if entry is not None:
                self._finished[entry["well"]] = entry["source"]

    def has(self, well: str, source: str) -> bool:
        """Whether the well is finished, made from images as they are now."""
        return self._finished.get(well) == source

    def start(self) -> None:
        """Write the journal anew with the wells that count as finished."""
        lines = [json.dumps(self._settings)]
        lines += [json.dumps({"well": well, "source": source}) for well, source in self._finished.items()]
        with atomic_write(os.fspath(self.path), overwrite=True, power=True) as stream:
            stream.write(("\n".join(lines) + "\n").encode())

    def finish(self, well: str, source: str) -> None:
        """Note that the well is finished."""
        self._finished[well] = source
        with open(self.path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"well": well, "source": source}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def remove(self) -> None:
        """Delete the journal of a conversion that is complete."""
        self.path.unlink(missing_ok=True)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
