"""Measures us and our predecessor against the floor: the same work by the plainest means, in the same run.

    make bench
    .venv/bin/python benchmarks/run.py --no-predecessor --only zarr --only arrays

Each line is the median of our time divided by the floor's time next to it, so that a noisy machine
disturbs both alike; where hundreds of megabytes are moved it is our best time by the floor's, taken in turns.
Both sides promise the same durability. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import array_lines
import conversion_lines
import disk_lines
import host_lines
import plate_lines
import predecessor
import table
import zarr_lines

from openhcs_host import FileManager, Host

Part = Callable[[Path, Host], Iterator[table.Line]]
PARTS: Mapping[str, Part] = {
    "host": host_lines.lines,
    "disk": lambda folder, host: disk_lines.lines(folder / "images", FileManager(host)),
    "plates": lambda folder, host: plate_lines.lines(folder, host, FileManager(host)),
    "zarr": zarr_lines.lines,
    "conversion": conversion_lines.lines,
    "arrays": array_lines.lines,
}
WITH_PREDECESSOR = {"host", "disk", "plates"}
"""Parts of which the predecessor can do the same work."""


def main() -> None:
    """Run everything and print the table."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name, Host() as host:
        parts = options.only or list(PARTS)
        found = {}
        if not options.no_predecessor and WITH_PREDECESSOR & set(parts):
            found = predecessor.measure(microscopes=options.microscopes)
        lines = []
        if not options.json:
            print(table.header())
        for line in measured(Path(name), host, parts):
            lines.append(line)
            if not options.json:
                print(table.row(line, found), flush=True)
    print(table.document(lines, found) if options.json else table.notes(lines, found))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-predecessor", action="store_true", help="measure us and the floor only")
    parser.add_argument(
        "--microscopes", action="store_true", help="install all of the predecessor, 1.5 GB, for its plates"
    )
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=sorted(PARTS), help=f"one of {', '.join(PARTS)}"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser.parse_args(sys.argv[1:])


def measured(folder: Path, host: Host, parts: Sequence[str]) -> Iterator[table.Line]:
    """Measure one line after the other."""
    for part in parts:
        place = folder / part
        place.mkdir()
        yield from PARTS[part](place, host)
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
