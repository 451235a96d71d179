"""Converts one plate in a process of its own: ``conversion_worker.py floor|ours PLATE DEST LEVELS DURABILITY``.

Prints seconds, without imports, and the peak of the process's memory.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from memory import peak_mib


def floor(plate: Path, target: Path, levels: int, power: bool) -> float:
    """Read every TIFF, zstd-1 on two threads, one file."""
    import zarr_floors

    files = sorted(plate.rglob("*.TIF"))
    start = time.perf_counter()
    zarr_floors.convert(files, target, power=power)
    return time.perf_counter() - start


def ours(plate: Path, target: Path, levels: int, power: bool) -> float:
    """Convert as ``openhcs plate convert`` does."""
    import numcodecs  # noqa: F401 - what both sides import is not measured
    import numpy.ma  # noqa: F401

    from openhcs_convert import convert_plate
    from openhcs_host import Host
    from openhcs_host.plates import open_plate

    with Host() as host:
        host.backend("zarr"), host.backend("disk"), host.format(".tif"), host.microscope("imagexpress")
        start = time.perf_counter()
        options = {"pyramid": levels - 1, "durability": "power" if power else "process"}
        done = convert_plate(host, open_plate(host, plate), target, options=options)
        seconds = time.perf_counter() - start
    assert done.adds_up and not done.failures and done.written == done.found
    return seconds


def main() -> None:
    """Run one side."""
    side, plate, target, levels, durability = sys.argv[1:]
    work = {"floor": floor, "ours": ours}[side]
    seconds = work(Path(plate), Path(target), int(levels), durability == "power")
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
