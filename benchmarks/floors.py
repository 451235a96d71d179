"""The floors: the same work by the plainest means. Standard library, numpy and tifffile only.

The predecessor's environment imports this module too, so that both are held against the same floor.
"""

from __future__ import annotations

import json
import os
import random
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = re.compile(r"(.*)_([A-Z]\d\d)_s(\d+)_w(\d+)\.TIF")
WELLS = [f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25)]


def image_names(images: int) -> Iterator[str]:
    """Return names as ImageXpress writes them: 384 wells, four channels, and as many sites as needed."""
    for number in range(images):
        rest = number // 384
        yield f"P_{WELLS[number % 384]}_s{rest // 4 + 1}_w{rest % 4 + 1}.TIF"


def make_plate(folder: Path, images: int) -> Path:
    """Make a plate of empty files and return the folder that they lie in."""
    place = folder / "TimePoint_1"
    place.mkdir(parents=True)
    for name in image_names(images):
        (place / name).touch()
    return place


NAME_OF_A_COPY = re.compile(r"(.*)_([A-Z]\d\d)_s(\d+)_w(\d)([0-9A-F-]{36})\.tif")


def make_stacks(folder: Path, images: int) -> None:
    """Make a plate of empty files in ten ``ZStep`` folders of a copy of the database."""
    places = [folder / "P" / "2024-01-01" / "12" / f"ZStep_{z}" for z in range(1, 11)]
    for place in places:
        place.mkdir(parents=True)
    for name in image_names(images // 10):
        for place in places:
            (place / name).touch()


def make_copy(folder: Path, images: int) -> None:
    """Make a plate of empty files with GUIDs in their names, in one folder of a copy of the database."""
    place = folder / "P" / "2024-01-01" / "12"
    place.mkdir(parents=True)
    drawn = random.Random(1)
    for name in image_names(images):
        guid = str(uuid.UUID(int=drawn.getrandbits(128))).upper()
        (place / f"{name.removesuffix('.TIF')}{guid}.tif").touch()


def tree(folder: Path, name: re.Pattern[str]) -> None:
    """Scandir and one regular expression, in every folder below."""
    folders = [os.fspath(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if name.fullmatch(entry.name) is None:
                    folders.append(entry.path)


def listing(place: Path) -> list[str]:
    """Scandir and sort."""
    with os.scandir(place) as entries:
        return sorted(entry.name for entry in entries)


def names(place: Path) -> None:
    """Scandir and one regular expression."""
    with os.scandir(place) as entries:
        for entry in entries:
            NAME.fullmatch(entry.name)


def workspace(place: Path, target: Path, power: bool = True) -> None:
    """Scandir, one regular expression, and the mapping written as JSON."""
    mapping = {}
    with os.scandir(place) as entries:
        for entry in entries:
            match = NAME.fullmatch(entry.name)
            assert match is not None
            _, well, site, channel = match.groups()
            mapping[f"{well}_s{int(site):03d}_w{channel}_z001_t001.tif"] = f"{place.name}/{entry.name}"
    replace(target, json.dumps(mapping).encode(), power)


def replace(target: Path, content: bytes, power: bool) -> None:
    """Write beside the target and replace it; with ``power`` flush file and directory."""
    temporary = target.with_name(f".{target.name}")
    with temporary.open("wb") as stream:
        stream.write(content)
        flush(stream.fileno(), power)
    put(temporary, target, power)


def flush(descriptor: int, power: bool) -> None:
    """Flush a file to the medium if ``power``."""
    if power:
        os.fsync(descriptor)


def put(temporary: Path, target: Path, power: bool) -> None:
    """Move a file over another one."""
    os.replace(temporary, target)
    if power:
        directory = os.open(target.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def save_npy(plane: Any, target: Path, power: bool = False) -> None:
    """``numpy.save`` beside the target, and replace."""
    import numpy as np

    temporary = target.with_name(f".{target.name}")
    with temporary.open("wb") as stream:
        np.save(stream, plane)
        stream.flush()
        flush(stream.fileno(), power)
    put(temporary, target, power)


def save_tif(plane: Any, target: Path, power: bool = False) -> None:
    """``tifffile.imwrite`` beside the target, and replace."""
    import tifffile

    temporary = target.with_name(f".{target.name}")
    with temporary.open("w+b") as stream:
        tifffile.imwrite(stream, plane)
        stream.flush()
        flush(stream.fileno(), power)
    put(temporary, target, power)
