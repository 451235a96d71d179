"""The floors of OME-Zarr: the compressor on two threads, one file, and tensorstore called directly."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import tensorstore as ts
import tifffile

THREADS = 2
AHEAD = 8
DOCUMENT = "zarr.json"
SHAPE = tuple[int, ...]


def encoded(tasks: Sequence[Callable[[], bytes]]) -> Iterator[bytes]:
    """Yield what the tasks return, done by two threads a few ahead of whoever takes it."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(task) for task in tasks[:AHEAD]]
        for number in range(len(tasks)):
            done = waiting[number].result()
            waiting[number] = None  # type: ignore[call-overload]  # let go of what was taken
            if number + AHEAD < len(tasks):
                waiting.append(pool.submit(tasks[number + AHEAD]))
            yield done


def write_one(planes: Sequence[np.ndarray[Any, Any]], target: Path) -> list[int]:
    """Compress each plane with zstd-1 and write all into one file; return the length of each."""
    codec = numcodecs.Zstd(level=1)
    tasks = [lambda plane=plane: codec.encode(plane) for plane in planes]
    return written(encoded(tasks), target)


def written(parts: Iterator[bytes], target: Path, power: bool = False) -> list[int]:
    """Write parts one after the other into a new file; return the length of each."""
    lengths = []
    with target.open("xb", buffering=0) as stream:
        for part in parts:
            stream.write(part)
            lengths.append(len(part))
        if power:
            os.fsync(stream.fileno())
    return lengths


def read_one(source: Path, lengths: Sequence[int], shape: SHAPE) -> list[Any]:
    """Read the file and decompress every plane, on two threads."""
    codec, content = numcodecs.Zstd(), memoryview(source.read_bytes())
    offsets = itertools.accumulate(lengths, initial=0)
    pieces = [content[offset : offset + length] for offset, length in zip(offsets, lengths, strict=False)]
    with ThreadPoolExecutor(THREADS) as pool:
        return [np.frombuffer(plane, np.uint16).reshape(shape) for plane in pool.map(codec.decode, pieces)]


def convert(files: Sequence[Path], target: Path, *, power: bool) -> None:
    """Read every TIFF, compress its pixels with zstd-1 and write them into one file."""
    codec = numcodecs.Zstd(level=1)

    tasks = [lambda path=path: codec.encode(tifffile.imread(path)) for path in files]
    written(encoded(tasks), target, power)


def opened(array: Path, *, write: bool = False) -> Any:
    """Open one array with tensorstore, with nothing kept from before."""
    driver = "zarr3" if (array / DOCUMENT).exists() else "zarr"
    context = ts.Context({"cache_pool": {"total_bytes_limit": 0}, "file_io_sync": False})
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{array}/"}}
    return ts.open(spec, open=True, read=True, write=write, context=context).result()


def documents(plate: Path, *, images: bool) -> int:
    """Read and parse the documents of a plate and its wells, and of all its images if wanted."""
    count = 1
    listed = json.loads((plate / DOCUMENT).read_bytes())["attributes"]["ome"]["plate"]["wells"]
    for well in listed:
        folder = f"{plate}/{well['path']}"
        found = _parsed(f"{folder}/{DOCUMENT}")["attributes"]["ome"]["well"]["images"]
        count += 1
        for image in found if images else ():
            _parsed(f"{folder}/{image['path']}/{DOCUMENT}")
            _parsed(f"{folder}/{image['path']}/0/{DOCUMENT}")
            count += 2
    return count


def _parsed(path: str) -> Any:
    with open(path, "rb") as stream:
        return json.loads(stream.read())
