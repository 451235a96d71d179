"""Converts one plate with a program that is not ours: ``peers_worker.py PROGRAM PLATE DEST LEVELS``.

Runs in an environment that holds these programs and nothing of ours (``requirements-peers.txt``). Every one is
given what a direct script of its user would give it: pixels from tifffile, zstd level 1 where it lets one choose,
as many threads as it takes by itself. Prints seconds, without imports, and the peak of the process's memory.
"""

from __future__ import annotations

import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from memory import peak_mib

NAME = re.compile(r".*_([A-Z])(\d\d)_s(\d+)_w(\d+)\.TIF")
SCALE = (1.0, 1.0, 2.0, 0.65, 0.65)

Field = tuple[str, str, int]
Places = dict[Field, dict[tuple[int, int], Path]]


def found(plate: Path) -> Places:
    """Return row, column and site to the files of its channels and planes."""
    fields: Places = {}
    for folder in sorted(plate.glob("TimePoint_1/ZStep_*")):
        z = int(folder.name.rpartition("_")[2])
        for path in sorted(folder.glob("*.TIF")):
            match = NAME.fullmatch(path.name)
            assert match is not None
            row, column, site, channel = match.groups()
            fields.setdefault((row, column, int(site)), {})[int(channel), z] = path
    return fields


def pixels(files: dict[tuple[int, int], Path]) -> Any:
    """Return t, c, z, y, x of one field."""
    channels, planes = (max(place[axis] for place in files) for axis in (0, 1))
    image = np.stack([tifffile.imread(files[place]) for place in sorted(files)])
    return image.reshape(1, channels, planes, *image.shape[1:])


def by_well(fields: Places) -> Iterator[tuple[tuple[str, str], list[Field]]]:
    """Yield every well with its fields."""
    wells: dict[tuple[str, str], list[Field]] = {}
    for field in sorted(fields):
        wells.setdefault(field[:2], []).append(field)
    yield from wells.items()


def iohub(target: Path, fields: Places, levels: int) -> None:
    """Write with iohub's default engine; its first field's shape makes shards of whole fields."""
    from iohub import open_ome_zarr
    from iohub.ngff.models import TransformationMeta

    scale = [TransformationMeta(type="scale", scale=list(SCALE))]
    with open_ome_zarr(
        str(target), layout="hcs", mode="w", channel_names=["DAPI", "FITC"], version="0.5"
    ) as plate:
        for (row, column, site), files in sorted(fields.items()):
            position = plate.create_position(row, column, str(site))
            image = pixels(files)
            shards = {"chunks": (1, 1, 1, *image.shape[3:]), "shards_ratio": (1, *image.shape[1:3], 1, 1)}
            position.create_image("0", image, transform=scale, **shards)
            if levels > 1:
                position.compute_pyramid(levels=levels)


def ome_zarr(target: Path, fields: Places, levels: int) -> None:
    """Write with ome-zarr-py: its reference implementation of OME-NGFF."""
    import zarr
    from ome_zarr.format import FormatV05
    from ome_zarr.scale import Methods
    from ome_zarr.writer import write_image, write_plate_metadata, write_well_metadata

    form = FormatV05()
    root = zarr.open_group(str(target), mode="w", zarr_format=3)
    wells = list(by_well(fields))
    rows = [chr(65 + number) for number in range(16)]
    columns = [f"{number:02d}" for number in range(1, 25)]
    write_plate_metadata(root, rows, columns, ["/".join(well) for well, _ in wells], fmt=form)
    codec = zarr.codecs.ZstdCodec(level=1)
    for well, of_well in wells:
        group = root.require_group("/".join(well))
        write_well_metadata(group, [str(site) for _, _, site in of_well], fmt=form)
        for field in of_well:
            image = pixels(fields[field])
            write_image(
                image,
                group.require_group(str(field[2])),
                scale_factors=tuple(2**level for level in range(1, levels)),
                method=Methods.LOCAL_MEAN,
                scale=dict(zip("zyx", SCALE[2:], strict=True)),
                axes="tczyx",
                fmt=form,
                storage_options={"chunks": (1, 1, 1, *image.shape[3:]), "compressors": [codec]},
            )


def bioio(target: Path, fields: Places, levels: int) -> None:
    """Write with bioio-ome-zarr, one image per field; it has no plates of its own."""
    from bioio_ome_zarr.writers import OMEZarrWriter

    for (row, column, site), files in sorted(fields.items()):
        image = pixels(files)
        shapes = [
            (*image.shape[:3], image.shape[3] >> level, image.shape[4] >> level) for level in range(levels)
        ]
        writer = OMEZarrWriter(
            store=str(target / row / column / str(site)),
            level_shapes=shapes,
            dtype=image.dtype,
            zarr_format=3,
            axes_names=["t", "c", "z", "y", "x"],
            axes_types=["time", "channel", "space", "space", "space"],
            physical_pixel_size=list(SCALE),
        )
        writer.write_full_volume(image)


PROGRAMS: dict[str, Callable[[Path, Places, int], None]] = {
    "iohub": iohub,
    "ome-zarr-py": ome_zarr,
    "bioio": bioio,
}
MODULES = {"iohub": "iohub", "ome-zarr-py": "ome_zarr.writer", "bioio": "bioio_ome_zarr.writers"}


def main() -> None:
    """Run one program."""
    warnings.simplefilter("ignore")
    program, plate, target, levels = sys.argv[1:]
    __import__(MODULES[program])
    start = time.perf_counter()
    PROGRAMS[program](Path(target), found(Path(plate)), int(levels))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
