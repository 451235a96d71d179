"""Measures us and our predecessor against the floor: the same work by the plainest means, in the same run.

    make bench

Each line is the median of our time divided by the floor's time next to it, so that a noisy machine
disturbs both alike. Both sides promise the same durability. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import disk_lines
import host_lines
import plate_lines
import predecessor
import table

from openhcs_host import FileManager, Host


def main() -> None:
    """Run everything and print the table."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name, Host() as host:
        found = {} if options.no_predecessor else predecessor.measure(microscopes=options.microscopes)
        lines = []
        if not options.json:
            print(table.header())
        for line in measured(Path(name), host):
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
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser.parse_args(sys.argv[1:])


def measured(folder: Path, host: Host) -> Iterator[table.Line]:
    """Measure one line after the other."""
    files = FileManager(host)
    yield from host_lines.lines(folder, host)
    yield from disk_lines.lines(folder / "disk", files)
    yield from plate_lines.lines(folder, host, files)


if __name__ == "__main__":
    main()
