"""Plates: reading names, building the virtual workspace, looking up a virtual path."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import floors
from table import Line, duration, timed
from timing import compare

from openhcs_host import FileManager, Host
from openhcs_host.plates import open_plate, prepare_workspace, virtual_paths

SIZES = ((1_000, 25), (10_000, 9), (100_000, 5))
"""Images of a plate, and how often it is built."""


def lines(folder: Path, host: Host, files: FileManager) -> Iterator[Line]:
    """Measure plates of growing size."""
    for images, rounds in SIZES:
        plate = folder / f"plate{images}"
        place = floors.make_plate(plate, images)
        yield read(host, plate, place, images, rounds)
        yield build(host, plate, place, images, rounds)
    yield from million()
    workspace = files.get_backend("virtual_workspace")
    workspace.mount(plate, f"{plate}_workspaces/0")
    path = f"{plate}/A01_s001_w1_z001_t001.tif"
    plain = {path: "TimePoint_1/P_A01_s1_w1.TIF"}
    assert workspace.is_file(path)
    yield timed(
        "virtual",
        "virtual look-up",
        "one look-up in a dict and os.path.join.",
        compare(lambda: workspace.is_file(path), lambda: os.path.join(plate, plain[path]), inner=20_000),
    )
    yield metadata(host, plate, Path(f"{plate}_workspaces/0"))


def read(host: Host, plate: Path, place: Path, images: int, rounds: int) -> Line:
    """Read a plate, which opens a bounded number of headers."""
    return timed(
        f"read {images}",
        f"ImageXpress plate read, {images:,}",
        "scandir and one regular expression, whose groups are thrown away.",
        compare(
            lambda: open_plate(host, plate, microscope="imagexpress"), lambda: floors.names(place), rounds
        ),
    )


def build(host: Host, plate: Path, place: Path, images: int, rounds: int) -> Line:
    """Read a plate and write its mapping, each time into a new folder."""
    number = itertools.count()

    def ours() -> None:
        reading = open_plate(host, plate, microscope="imagexpress")
        prepare_workspace(reading, f"{plate}_workspaces/{next(number)}")

    return timed(
        f"workspace {images}",
        f"virtual workspace built, {images:,}",
        "scandir, one regular expression and a JSON file, replaced and flushed to the medium as ours is.",
        compare(ours, lambda: floors.workspace(place, plate.with_suffix(".json")), rounds),
    )


def million() -> Iterator[Line]:
    """Build a workspace of a million planes, whose names no file system holds, in a process of its own."""
    script = Path(__file__).with_name("million.py")

    def run(side: str) -> dict[str, float]:
        done = subprocess.run([sys.executable, str(script), side], check=True, capture_output=True, text=True)
        facts: dict[str, float] = json.loads(done.stdout)
        return facts

    ours, floor = run("ours"), run("floor")
    yield Line(
        "million",
        "virtual workspace built, 1,000,000, invented",
        "the same names through one regular expression into a JSON file.",
        duration(ours["seconds"]),
        duration(floor["seconds"]),
        ours["seconds"] / floor["seconds"],
    )
    yield Line(
        "million memory",
        "  its peak memory",
        "the peak of that process.",
        f"{ours['peak_mib']:.0f} MiB",
        f"{floor['peak_mib']:.0f} MiB",
        ours["peak_mib"] / floor["peak_mib"],
    )


def metadata(host: Host, plate: Path, folder: Path) -> Line:
    """Weigh the files that describe a plate."""
    reading = open_plate(host, plate, microscope="imagexpress")
    paths = virtual_paths(reading).values()
    real = sum(map(len, paths)) / len(paths)
    more = sum(file.stat().st_size for file in folder.iterdir()) / len(paths) - real
    return Line(
        "metadata",
        "metadata, bytes per image beyond its path",
        "the real relative path itself; the goal is 60 bytes beyond it.",
        f"{more:.1f} B",
        f"{real:.1f} B",
        None,
    )
