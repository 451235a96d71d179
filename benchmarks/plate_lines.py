"""Plates: reading names, building the virtual workspace, looking up a virtual path."""

from __future__ import annotations

import collections
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import iterparse

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
    yield from layouts(folder, host)
    yield from million()
    yield from harmony(folder / "harmony", host)
    workspace: Any = files.get_backend("virtual_workspace")  # mounting is its own, in no contract
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


def layouts(folder: Path, host: Host) -> Iterator[Line]:
    """Read plates of 100,000 files as copies of the database: stacks, and GUIDs in the names."""
    for key, label, make, name in (
        ("stacks", "in 10 ZStep folders", floors.make_stacks, floors.NAME),
        ("copy", "with GUIDs", floors.make_copy, floors.NAME_OF_A_COPY),
    ):
        plate = folder / key
        make(plate, 100_000)
        yield timed(
            f"read {key}",
            f"ImageXpress plate read, 100,000 {label}",
            "scandir of every folder and one regular expression, whose groups are thrown away.",
            compare(
                partial(open_plate, host, plate, microscope="imagexpress"),
                partial(floors.tree, plate, name),
                5,
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


HARMONY = re.compile(r"r(\d+)c(\d+)f(\d+)p(\d+)-ch(\d+)sk(\d+)fk\d+fl\d+\.tiff")
HARMONY_FIELDS = {
    "id": "x",
    "State": "Ok",
    "PlaneID": 1,
    "TimepointID": 0,
    "FlimID": 1,
    "ChannelName": "HOECHST 33342",
    "ImageType": "Signal",
    "AcquisitionType": "NonConfocal",
    "IlluminationType": "Epifluorescence",
    "ChannelType": "Fluorescence",
    "ImageSizeX": 1080,
    "ImageSizeY": 1080,
    "BinningX": 2,
    "BinningY": 2,
    "MaxIntensity": 65535,
    "CameraType": "AndorZylaCam",
    "AbsTime": "2022-12-19T10:19:26.58+01:00",
    'PositionX Unit="m"': 0.0006,
    'PositionY Unit="m"': 0.0006,
    'PositionZ Unit="m"': "2E-05",
    'AbsPositionZ Unit="m"': 0.1375,
    'MeasurementTimeOffset Unit="s"': 0,
    'ExposureTime Unit="s"': 0.006,
    'MainExcitationWavelength Unit="nm"': 405,
    'MainEmissionWavelength Unit="nm"': 456,
    'ImageResolutionX Unit="m"': "1.2E-06",
    'ImageResolutionY Unit="m"': "1.2E-06",
    'ObjectiveMagnification Unit=""': 10,
    'ObjectiveNA Unit=""': 0.3,
    "OrientationMatrix": "[[1,0],[0,-1]]",
}
"""What Harmony 5 writes with every image, beside its place."""


def harmony(folder: Path, host: Host) -> Iterator[Line]:
    """Read a Harmony plate of 100,000 images by name, and one of 20,000 with its Index."""
    named = folder / "named"
    make_harmony(named, 100_000)
    yield timed(
        "harmony names",
        "Harmony plate read by name, 100,000",
        "scandir and one regular expression, whose groups are thrown away.",
        compare(lambda: open_plate(host, named, microscope="opera_phenix"), lambda: scan(named), 5),
    )
    indexed = folder / "indexed"
    index = indexed / "Index.idx.xml"
    index.write_text(harmony_index(make_harmony(indexed, 20_000)), encoding="utf-8")
    yield timed(
        "harmony index",
        "Harmony plate read with its Index, 20,000",
        "xml.etree's iterparse over the Index, whose elements are thrown away.",
        compare(
            lambda: open_plate(host, indexed, microscope="opera_phenix"),
            lambda: collections.deque(iterparse(index), maxlen=0),
            3,
        ),
    )


def make_harmony(folder: Path, images: int) -> dict[str, tuple[int, int, int, int]]:
    """Make a plate of empty files; return names to row, column, field and channel."""
    folder.mkdir(parents=True)
    names = {}
    for number in range(images):
        well, rest = number % 384, number // 384
        place = (well // 24 + 1, well % 24 + 1, rest // 4 + 1, rest % 4 + 1)
        name = "r{:02d}c{:02d}f{:02d}p01-ch{}sk1fk1fl1.tiff".format(*place)
        (folder / name).touch()
        names[name] = place
    return names


def scan(place: Path) -> None:
    """Scandir and one regular expression."""
    with os.scandir(place) as entries:
        for entry in entries:
            HARMONY.fullmatch(entry.name)


def harmony_index(names: dict[str, tuple[int, int, int, int]]) -> str:
    """Return an Index of version 5."""
    rest = "".join(f"      <{key}>{value}</{key.split()[0]}>\n" for key, value in HARMONY_FIELDS.items())
    records = (
        f'    <Image Version="1">\n      <URL>{name}</URL>\n      <Row>{row}</Row>\n      <Col>{column}</Col>\n'
        f"      <FieldID>{site}</FieldID>\n      <ChannelID>{channel}</ChannelID>\n{rest}    </Image>\n"
        for name, (row, column, site, channel) in names.items()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<EvaluationInputData '
        'xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5">\n  <Images>\n'
        f"{''.join(records)}  </Images>\n</EvaluationInputData>\n"
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
