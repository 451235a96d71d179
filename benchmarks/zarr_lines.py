"""OME-Zarr: a well written, read, read plane by plane and changed; a plate of 384 wells opened."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import synthetic
import zarr_floors
from table import Line, timed
from timing import Result, compare
from turns import best

from openhcs_host import FileManager, Host

FIELDS, CHANNELS, DEPTH, SIZE = 9, 2, 5, 1024
WELLS = 384
STRATEGIES = ("well", "file")


def lines(folder: Path, host: Host) -> Iterator[Line]:
    """Measure one well in both strategies, and a plate of small images."""
    files = FileManager(host)
    yield from well(folder, host, files)
    yield from plate(folder / "plate", host, files)


def well(folder: Path, host: Host, files: FileManager) -> Iterator[Line]:
    """Measure a well of 189 MB."""
    planes = synthetic.planes(FIELDS * CHANNELS * DEPTH, SIZE)
    names = list(synthetic.well_names("B02", FIELDS, CHANNELS, DEPTH))
    yield from writing(folder / "written", files, planes, names)
    stores = {strategy: folder / strategy for strategy in STRATEGIES}
    for strategy, store in stores.items():
        files.save_batch(planes, [store / name for name in names], "zarr", chunk_strategy=strategy)
    yield from reading(folder, files, stores, planes, names)
    for strategy, store in stores.items():
        yield from one_by_one(strategy, host, files, store, names)
        yield rewriting(strategy, files, store, folder / f"{strategy}-direct", planes)


def writing(
    folder: Path, files: FileManager, planes: list[synthetic.Plane], names: list[str]
) -> Iterator[Line]:
    """Write the well to a new plate each time."""

    def clear() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    def save(strategy: str) -> None:
        paths = [folder / "plate.zarr" / name for name in names]
        files.save_batch(planes, paths, "zarr", chunk_strategy=strategy)

    times = best(
        {
            "well": lambda: save("well"),
            "file": lambda: save("file"),
            "floor": lambda: zarr_floors.write_one(planes, folder / "floor"),
        },
        rounds=5,
        between=clear,
    )
    shutil.rmtree(folder)
    for strategy in STRATEGIES:
        yield timed(
            f"zarr write {strategy}",
            f"OME-Zarr well written, 189 MB, {strategy}",
            "zstd-1 per plane on 2 threads into one file; the limit is 1.2.",
            against(times, strategy),
        )


def reading(
    folder: Path,
    files: FileManager,
    stores: dict[str, Path],
    planes: list[synthetic.Plane],
    names: list[str],
) -> Iterator[Line]:
    """Read all planes of the well at once."""
    lengths = zarr_floors.write_one(planes, folder / "floor")
    paths = {strategy: [store / name for name in names] for strategy, store in stores.items()}
    for strategy in STRATEGIES:
        found = files.load_batch(paths[strategy], "zarr")
        assert all(map(np.array_equal, found, planes))
        del found
    times = best(
        {
            "well": lambda: files.load_batch(paths["well"], "zarr"),
            "file": lambda: files.load_batch(paths["file"], "zarr"),
            "floor": lambda: zarr_floors.read_one(folder / "floor", lengths, planes[0].shape),
        },
        rounds=5,
    )
    for strategy in STRATEGIES:
        yield timed(
            f"zarr read {strategy}",
            f"OME-Zarr well read, 189 MB, {strategy}",
            "the floor's file read and decompressed on 2 threads; the limit is 1.0.",
            against(times, strategy),
        )


def one_by_one(
    strategy: str, host: Host, files: FileManager, store: Path, names: list[str]
) -> Iterator[Line]:
    """Read single planes, through an array that is open and through one that is not."""
    backend, path, array = host.backend("zarr"), store / names[7], store / "B" / "02" / "1" / "0"
    handle = zarr_floors.opened(array)
    yield timed(
        f"zarr plane warm {strategy}",
        f"one plane of an open well, {strategy}",
        "tensorstore reads it through an open array of ours; the limit is 1.3.",
        compare(lambda: files.load(path, "zarr"), lambda: handle[0, 1, 2].read().result(), rounds=21),
    )

    def cold() -> Any:
        backend.close()  # lets go of every open array
        return files.load(path, "zarr")

    yield timed(
        f"zarr plane cold {strategy}",
        f"one plane, nothing open, {strategy}",
        "tensorstore opens the array and reads it; the limit is 1.3.",
        compare(cold, lambda: zarr_floors.opened(array)[0, 1, 2].read().result(), rounds=15),
    )

    def singly() -> None:
        for name in names:
            files.load(store / name, "zarr")

    handles = [zarr_floors.opened(store / "B" / "02" / str(site) / "0") for site in range(1, FIELDS + 1)]
    places = [(handle, c, z) for handle in handles for c in range(CHANNELS) for z in range(DEPTH)]

    def directly() -> None:
        for handle, channel, z in places:
            handle[0, channel, z].read().result()

    yield timed(
        f"zarr planes {strategy}",
        f"90 planes one by one, {strategy}",
        "tensorstore reads each through open arrays; the limit is 1.3.",
        against(best({"ours": singly, "floor": directly}, rounds=5), "ours"),
    )


def rewriting(
    strategy: str, files: FileManager, store: Path, copy: Path, planes: list[synthetic.Plane]
) -> Line:
    """Replace one plane of a field by another, in the store and by tensorstore in a copy of it."""
    shutil.copytree(store, copy)
    direct, turn = zarr_floors.opened(copy / "B" / "02" / "1" / "0", write=True), itertools.cycle(planes[:2])
    path = store / "B02_s001_w2_z003_t001.tif"

    def theirs() -> None:
        direct[0, 1, 2].write(next(turn)).result()

    found = compare(lambda: files.save(next(turn), path, "zarr", overwrite=True), theirs, rounds=15)
    shutil.rmtree(copy)
    return timed(
        f"zarr rewrite {strategy}",
        f"one plane rewritten, {strategy}",
        "tensorstore writes it in place through an open array, without a flush; no limit is set.",
        found,
    )


def plate(folder: Path, host: Host, files: FileManager) -> Iterator[Line]:
    """Open a plate of 384 wells with nine fields, of one small image each."""
    from openhcs_backend_zarr.contents import open_contents
    from openhcs_backend_zarr.stores import LocalFiles
    from openhcs_host.contracts.microscopes import PlateStore

    make_plate(folder, files)
    with Host() as other:
        store = other.backend("zarr")
        assert isinstance(store, PlateStore)
        reading = store.read_plate(folder.as_posix())
        assert len(reading.planes) == WELLS * FIELDS, reading.problems
        yield timed(
            "zarr list",
            "OME-Zarr plate opened, 384 wells listed",
            "the documents of plate and wells read and parsed; ours must take 50 ms at most.",
            compare(
                lambda: open_contents(LocalFiles().reader(folder.as_posix())).images(),
                lambda: zarr_floors.documents(folder, images=False),
                rounds=7,
            ),
        )
        yield timed(
            "zarr metadata",
            "metadata of its 3,456 images",
            "the documents of plate, wells, images and arrays read and parsed; the limit is 1.5.",
            compare(
                lambda: store.read_plate(folder.as_posix()),
                lambda: zarr_floors.documents(folder, images=True),
                rounds=5,
            ),
        )
    yield timed(
        "zarr names",
        "its planes listed as files, again",
        "the same documents; ours keeps what has not changed.",
        compare(
            lambda: files.list_files(folder, "zarr"),
            lambda: zarr_floors.documents(folder, images=True),
            rounds=5,
        ),
    )


def make_plate(folder: Path, files: FileManager) -> None:
    """Write the plate well by well."""
    tiny = [np.zeros((4, 4), np.uint16)] * FIELDS
    for number in range(WELLS):
        name = f"{chr(65 + number // 24)}{number % 24 + 1:02d}"
        paths = [folder / plane for plane in synthetic.well_names(name, FIELDS, 1, 1)]
        files.save_batch(tiny, paths, "zarr")


def against(times: dict[str, float], ours: str) -> Result:
    """Return one work's best time beside the floor's."""
    return Result(times[ours], times["floor"], times[ours] / times["floor"])
