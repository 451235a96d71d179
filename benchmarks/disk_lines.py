"""Images on disk, and listing them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import floors
import numpy as np
import tifffile
from table import Line, timed
from timing import compare

from openhcs_host import FileManager


def lines(folder: Path, files: FileManager) -> Iterator[Line]:
    """Save and load one plane, and list 5,000 files."""
    folder.mkdir()
    plane = np.random.default_rng(0).integers(0, 4000, (1024, 1024), dtype=np.uint16)
    kinds = (
        (".npy", floors.save_npy, np.load, "numpy.save"),
        (".tif", floors.save_tif, tifffile.imread, "tifffile.imwrite"),
    )
    for extension, save, load, library in kinds:
        ours, plain = folder / f"ours{extension}", folder / f"plain{extension}"
        for durability in ("process", "power"):
            power = durability == "power"
            flushed = ", with file and directory flushed to the medium" if power else ""
            yield timed(
                f"disk save {extension} {durability}",
                f"disk save {extension} 1024², {durability} durability",
                f"{library} to a file beside the target, and replace{flushed}.",
                compare(
                    partial(files.save, plane, ours, "disk", overwrite=True, durability=durability),
                    partial(save, plane, plain, power),
                ),
            )
        yield timed(
            f"disk load {extension}",
            f"disk load {extension} 1024²",
            "numpy.load or tifffile.imread of a file that the library wrote.",
            compare(partial(files.load, ours, "disk"), partial(load, plain), inner=5),
        )
    place = floors.make_plate(folder / "listed", 5_000)
    yield timed(
        "list",
        "list_image_files, 5,000 files",
        "scandir and sort.",
        compare(lambda: files.list_image_files(place, "disk"), lambda: floors.listing(place)),
    )
