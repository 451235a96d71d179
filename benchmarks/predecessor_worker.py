"""Measures the predecessor; run by its environment's Python: ``predecessor_worker.py polystore|openhcs``."""

from __future__ import annotations

import functools
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import floors
from timing import Result, compare

Found = Iterator[tuple[str, Result]]


def polystore(folder: Path) -> Found:
    """Storage: the newest polystore."""
    from polystore import DiskStorageBackend, FileManager, MemoryStorageBackend

    memory = MemoryStorageBackend()
    files = FileManager({"disk": DiskStorageBackend(), "memory": memory})
    yield "import", compare(python("import polystore"), python("import pluggy, attrs"))
    yield from in_memory(files, memory)
    yield from on_disk(files, folder)
    place = floors.make_plate(folder / "listed", 5_000)
    yield "list", compare(lambda: files.list_image_files(place, "disk"), lambda: floors.listing(place))
    yield "virtual", virtual(folder)


def in_memory(files: Any, memory: Any) -> Found:
    """Save under new paths, for it refuses known ones, and load."""
    memory.ensure_directory("/plate/images")
    paths = [f"/plate/images/A01_s{number:06d}_w1_z001_t001.tif" for number in range(20_000)]
    new, also = iter(paths), iter(paths)
    plain: dict[str, int] = {}
    yield (
        "memory save",
        compare(
            lambda: files.save(1, next(new), "memory"),
            lambda: plain.__setitem__(next(also), 1),
            inner=1_000,
        ),
    )
    yield (
        "memory load",
        compare(lambda: files.load(paths[0], "memory"), lambda: plain[paths[0]], inner=1_000),
    )


def on_disk(files: Any, folder: Path) -> Found:
    """Save and load one plane; it writes in place, so its floor does too."""
    import numpy as np
    import tifffile

    plane = np.random.default_rng(0).integers(0, 4000, (1024, 1024), dtype=np.uint16)
    kinds: tuple[tuple[str, Callable[..., None], Callable[..., object]], ...] = (
        (".npy", np.save, np.load),
        (".tif", tifffile.imwrite, tifffile.imread),
    )
    for extension, save, load in kinds:
        theirs, plain = folder / f"theirs{extension}", folder / f"plain{extension}"
        yield (
            f"disk save {extension} process",
            compare(
                functools.partial(files.save, plane, theirs, "disk"), functools.partial(save, plain, plane)
            ),
        )
        yield (
            f"disk load {extension}",
            compare(functools.partial(files.load, theirs, "disk"), functools.partial(load, plain), inner=5),
        )


def virtual(folder: Path) -> Result:
    """Look up one of 10,000 virtual paths."""
    from polystore.virtual_workspace import VirtualWorkspaceBackend

    plate = folder / "virtual"
    plate.mkdir()
    names = list(floors.image_names(10_000))
    mapping = {
        f"A01_s{number:05d}.tif": {"backend": "disk", "backend_address": name, "source_axis_indices": []}
        for number, name in enumerate(names)
    }
    record = {"workspace_mapping": mapping, "available_backends": {"disk": True, "virtual_workspace": True}}
    (plate / "polystore_metadata.json").write_text(json.dumps({"subdirectories": {".": record}}))
    workspace = VirtualWorkspaceBackend(plate)
    path = f"{plate}/{next(iter(mapping))}"
    plain = {path: names[0]}
    root = str(plate)
    return compare(lambda: workspace.is_file(path), lambda: os.path.join(root, plain[path]), inner=1_000)


def openhcs(folder: Path) -> Found:
    """Plates: OpenHCS with the older polystore that it asks for."""
    from openhcs.microscopes.microscope_base import create_microscope_handler
    from polystore import DiskStorageBackend, FileManager, MemoryStorageBackend

    for images, rounds in ((1_000, 5), (10_000, 3), (100_000, 1)):
        plate = folder / str(images)
        place = floors.make_plate(plate, images)
        # It refuses plates whose HTD file does not give these; real ones have no pixel size there.
        (plate / "P.HTD").write_text('"XSites", 2\n"YSites", 2\n"PixelSizeUM", 0.65\n')

        def build(plate: Path = plate) -> None:
            for old in plate.glob("openhcs_metadata.json*"):
                old.unlink()
            files = FileManager({"disk": DiskStorageBackend(), "memory": MemoryStorageBackend()})
            handler = create_microscope_handler("imagexpress", plate, filemanager=files)
            handler.plate_folder = plate
            # The part of initialize_workspace that lists, parses and writes.
            handler._build_virtual_mapping(plate, files)

        floor = functools.partial(floors.workspace, place, folder / "floor.json")
        yield f"workspace {images}", compare(build, floor, rounds)


def python(code: str) -> Callable[[], object]:
    """Return the work of a new interpreter that runs ``code``."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    """Measure one part and print each line as JSON."""
    logging.disable(logging.CRITICAL)
    measure = {"polystore": polystore, "openhcs": openhcs}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        for key, result in measure(Path(folder)):
            facts = {"seconds": result.ours, "floor": result.floor, "ratio": result.ratio}
            print(json.dumps({key: facts}), flush=True)


if __name__ == "__main__":
    main()
