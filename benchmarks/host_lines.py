"""Importing the host, indexing what is installed, and finding a backend."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from table import Line, timed
from timing import Result, Work, compare

from openhcs_host import FileManager, Host

INDEX = """
import sys, time, importlib, importlib.metadata
sys.path.insert(0, sys.argv[1])
from openhcs_host.seam.index import build_index
for work in (build_index, lambda: importlib.metadata.entry_points(group="openhcs.backend")):
    times = []
    for _ in range(7):
        importlib.invalidate_caches()
        start = time.perf_counter(); work(); times.append(time.perf_counter() - start)
    print(sorted(times)[3])
"""


def lines(folder: Path, host: Host) -> Iterator[Line]:
    """Measure the seam."""
    yield timed(
        "import",
        "import openhcs_host",
        "a new interpreter that imports pluggy and attrs, which we are built on.",
        compare(python("import openhcs_host"), python("import pluggy, attrs")),
    )
    yield timed(
        "index",
        "index of 500 distributions",
        "importlib.metadata.entry_points(group=…) over the same distributions.",
        index(folder / "site"),
    )
    known = {"memory": host.backend("memory")}
    yield timed(
        "lookup",
        "resolved look-up: host.backend(key)",
        "one look-up in a dict.",
        compare(lambda: host.backend("memory"), lambda: known["memory"], inner=20_000),
    )
    files = FileManager(host)
    yield from memory(files)


def memory(files: FileManager) -> Iterator[Line]:
    """Save under new paths, as a run does, and load."""
    new, also = paths(), paths()
    plain: dict[str, object] = {}
    path = "/plate/images/A01_s001_w1_z001_t001.tif"
    files.save(1, path, "memory")
    plain[path] = 1
    yield timed(
        "memory save",
        "memory save",
        "one assignment in a dict, in a call of its own.",
        compare(
            lambda: files.save(1, next(new), "memory"), lambda: plain.__setitem__(next(also), 1), inner=5_000
        ),
    )
    yield timed(
        "memory load",
        "memory load",
        "one look-up in a dict, in a call of its own.",
        compare(lambda: files.load(path, "memory"), lambda: plain[path], inner=20_000),
    )


def paths() -> Iterator[str]:
    """Return paths that were made before they are needed."""
    return iter([f"/plate/images/A01_s{number:06d}_w1_z001_t001.tif" for number in range(1000, 100_000)])


def index(site: Path) -> Result:
    """Make 500 distributions, 20 of them with a backend, and index them."""
    for number in range(500):
        info = site / f"dist_{number}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{number}\nVersion: 1.0\n")
        group = "openhcs.backend" if number < 20 else "console_scripts"
        (info / "entry_points.txt").write_text(f"[{group}]\nkey{number} = module{number}:main\n")
    command = [sys.executable, "-c", INDEX, str(site)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    mine, theirs = map(float, done.stdout.split())
    return Result(mine, theirs, mine / theirs)


def python(code: str) -> Work:
    """Return the work of a new interpreter that runs ``code``."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)
