"""How long reading a plate takes, against a plain walk that matches one pattern per name.

Run it with the number of files, 20,000 if none is given. The files are empty: names are all that
matters here, and the few headers that reading opens fail at once.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path

from openhcs_microscope_imagexpress.handler import ImageXpressHandler

_PLAIN = re.compile(r"(.*_)?([A-Z]\d\d)(?:_s(\d+))?(?:_w(\d+))?(_thumb)?([0-9A-F]{8}-[0-9A-F-]{27})?\.TIF")
_REPEATS = 9


def fill(folder: Path, files: int, guid: bool) -> None:
    """Make a flat plate of empty files."""
    places = product(range(1, 100), range(1, 5), "ABCDEFGHIJKLMNOP", range(1, 25))
    for site, channel, row, column in islice(places, files):
        tail = str(uuid.uuid4()).upper() if guid else ""
        (folder / f"Plate_{row}{column:02d}_s{site}_w{channel}{tail}.TIF").touch()


def plain(folder: str) -> list[tuple[str, re.Match[str] | None]]:
    """Walk with scandir and match one pattern per file."""
    found: list[tuple[str, re.Match[str] | None]] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    found.append((entry.path, _PLAIN.fullmatch(entry.name)))
    return found


def best(work: Callable[[], object]) -> float:
    """Return the shortest of several runs, in milliseconds."""
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def main() -> None:
    """Measure plates with and without GUIDs in the names."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for guid in (False, True):
        with tempfile.TemporaryDirectory() as name:
            fill(Path(name), files, guid)
            walked = best(lambda folder=name: plain(folder))  # type: ignore[misc]
            read = best(lambda folder=name: ImageXpressHandler().read(Path(folder)))  # type: ignore[misc]
        kind = "database names" if guid else "export names"
        sys.stdout.write(f"{kind}: plain {walked:.1f} ms, read {read:.1f} ms, ratio {read / walked:.2f}\n")


if __name__ == "__main__":
    main()
