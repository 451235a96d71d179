"""Measures us against the physical floor: the same work by the plainest means, in the same run.

    make bench

Each line is the median of our time divided by the floor's time next to it, so that a noisy machine
disturbs both alike. Nothing here passes or fails.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from openhcs_host import FileManager, Host
from openhcs_host.plates import open_plate, prepare_workspace

NAME = re.compile(r"(.*)_([A-Z]\d\d)_s(\d+)_w(\d+)\.TIF")


def compare(
    label: str, ours: Callable[[], object], floor: Callable[[], object], rounds: int = 15, inner: int = 1
) -> None:
    """Print our median time, the floor's, and the median of their ratios."""
    ours()
    floor()
    pairs = [(seconds(ours, inner), seconds(floor, inner)) for _ in range(rounds)]
    mine, theirs = (statistics.median(side) / inner for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    line(label, mine, theirs, ratio)


def line(label: str, mine: float, theirs: float, ratio: float) -> None:
    print(f"{label:<58}{scaled(mine):>11}{scaled(theirs):>11}{ratio:>8.2f}")


def seconds(work: Callable[[], object], inner: int) -> float:
    start = time.perf_counter()
    for _ in range(inner):
        work()
    return time.perf_counter() - start


def scaled(value: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def imports() -> None:
    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    compare(
        "import openhcs_host / import pluggy, attrs",
        python("import openhcs_host"),
        python("import pluggy, attrs"),
    )


def index(folder: Path) -> None:
    for number in range(500):
        info = folder / f"dist_{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{number}\nVersion: 1.0\n")
        group = "openhcs.backend" if number < 20 else "console_scripts"
        (info / "entry_points.txt").write_text(f"[{group}]\nkey{number} = module{number}:main\n")
    code = """
import sys, time, importlib.metadata
sys.path.insert(0, sys.argv[1])
from openhcs_host.seam.index import build_index
for work in (build_index, lambda: importlib.metadata.entry_points(group="openhcs.backend")):
    times = []
    for _ in range(7):
        importlib.invalidate_caches()
        start = time.perf_counter(); work(); times.append(time.perf_counter() - start)
    print(sorted(times)[3])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True
    )
    mine, theirs = map(float, done.stdout.split())
    line("index of 500 distributions / entry_points(group=)", mine, theirs, mine / theirs)


def memory(files: FileManager) -> None:
    path, plain = "/plate/images/A01_s001_w1_z001_t001.tif", {}
    files.save(1, path, "memory")
    plain[path] = 1
    many = 20_000
    compare(
        "memory save / dict",
        lambda: files.save(1, path, "memory", overwrite=True),
        lambda: plain.__setitem__(path, 1),
        inner=many,
    )
    compare("memory load / dict", lambda: files.load(path, "memory"), lambda: plain[path], inner=many)


def disk(files: FileManager, folder: Path) -> None:
    plane = np.random.default_rng(0).integers(0, 4000, (1024, 1024), dtype=np.uint16)
    npy, tif, temporary = folder / "a.npy", folder / "a.tif", folder / "tmp"

    def plain_npy() -> None:
        with temporary.open("wb") as stream:
            np.save(stream, plane)
        os.replace(temporary, folder / "b.npy")

    def plain_tif() -> None:
        tifffile.imwrite(temporary, plane)
        os.replace(temporary, folder / "b.tif")

    compare(
        "disk .npy 1024² save / numpy + replace",
        lambda: files.save(plane, npy, "disk", overwrite=True),
        plain_npy,
    )
    compare(
        "disk .npy 1024² load / numpy", lambda: files.load(npy, "disk"), lambda: np.load(folder / "b.npy")
    )
    compare(
        "disk .tif 1024² save / tifffile + replace",
        lambda: files.save(plane, tif, "disk", overwrite=True),
        plain_tif,
    )
    compare(
        "disk .tif 1024² load / tifffile",
        lambda: files.load(tif, "disk"),
        lambda: tifffile.imread(folder / "b.tif"),
    )


def plate(host: Host, files: FileManager, folder: Path, images: int) -> None:
    place = folder / "plate" / "TimePoint_1"
    place.mkdir(parents=True)
    wells = [f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25)]
    for number in range(images):
        well, rest = wells[number % 384], number // 384
        (place / f"P_{well}_s{rest // 4 + 1}_w{rest % 4 + 1}.TIF").touch()

    def listing() -> None:
        with os.scandir(place) as entries:
            sorted(entry.name for entry in entries)

    compare(
        f"list_image_files, {images:,} / scandir + sort",
        lambda: files.list_image_files(place, "disk"),
        listing,
        7,
    )

    def floor() -> None:
        mapping = {}
        with os.scandir(place) as entries:
            for entry in entries:
                match = NAME.fullmatch(entry.name)
                assert match is not None
                _, well, site, channel = match.groups()
                name = f"{well}_s{int(site):03d}_w{channel}_z001_t001.tif"
                mapping[name] = f"TimePoint_1/{entry.name}"
        (folder / "floor.json").write_text(json.dumps(mapping))

    def names() -> None:
        with os.scandir(place) as entries:
            for entry in entries:
                NAME.fullmatch(entry.name)

    raw = folder / "plate"
    compare(
        f"ImageXpress plate read, {images:,} / scandir + regex",
        lambda: open_plate(host, raw, microscope="imagexpress"),
        names,
        5,
    )

    def ours() -> None:
        prepare_workspace(open_plate(host, folder / "plate", microscope="imagexpress"), folder / "workspace")

    compare(f"virtual workspace, {images:,} / scandir + regex + JSON", ours, floor, 5)
    workspace = files.get_backend("virtual_workspace")
    workspace.mount(folder / "plate", folder / "workspace")
    path = f"{folder}/plate/A01_s001_w1_z001_t001.tif"
    plain = {path: "TimePoint_1/P_A01_s1_w1.TIF"}
    root = str(folder / "plate")
    compare(
        "virtual lookup / dict + join",
        lambda: workspace.is_file(path),
        lambda: os.path.join(root, plain[path]),
        inner=20_000,
    )


def main() -> None:
    """Run everything and print the table."""
    print(f"{'ours / floor':<58}{'ours':>11}{'floor':>11}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as name, Host() as host:
        folder, files = Path(name), FileManager(host)
        imports()
        (folder / "site").mkdir()
        index(folder / "site")
        memory(files)
        disk(files, folder)
        for images in (1_000, 10_000):
            (folder / str(images)).mkdir()
            plate(host, files, folder / str(images), images)


if __name__ == "__main__":
    main()
