"""A workspace of a million planes from a listing that no file system holds: ``million.py ours|floor``."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import floors

IMAGES = 1_000_000


class Entry:
    """What scandir says of a file."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return True


@contextlib.contextmanager
def scandir(path: object) -> Iterator[Iterator[Entry]]:
    """Pretend that any folder holds a million images."""
    yield map(Entry, floors.image_names(IMAGES))


def ours(folder: Path) -> None:
    """Build the workspace."""
    from openhcs_host import Host
    from openhcs_host.plates import open_plate, prepare_workspace

    with Host() as host:
        reading = open_plate(host, folder, microscope="imagexpress")
        assert len(reading.planes) == IMAGES
        prepare_workspace(reading, folder / "workspace")


def main() -> None:
    """Run one side and print its time and the peak of its memory."""
    with tempfile.TemporaryDirectory() as name:
        folder, real = Path(name), os.scandir
        os.scandir = scandir  # type: ignore[assignment]
        start = time.perf_counter()
        ours(folder) if sys.argv[1] == "ours" else floors.workspace(folder, folder / "mapping.json")
        seconds = time.perf_counter() - start
        os.scandir = real
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
