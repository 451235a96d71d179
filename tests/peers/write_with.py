"""Write an OME-Zarr plate with one program that we did not write.

    python write_with.py PROGRAM STORE

Runs in an environment that holds these programs and nothing of ours. The plate has the wells B03 and C11, two
fields each, two channels and three planes of 16 x 20 pixels whose values tell where they belong (``pixels``).
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

WELLS = (("B", "03"), ("C", "11"))
CHANNELS = ("DAPI", "FITC")
SCALE = (1.0, 1.0, 2.0, 0.65, 0.65)


def pixels(well: int, field: int) -> np.ndarray:
    """Return the array t, c, z, y, x of one field, both numbered from 0."""
    image = np.arange(1 * 2 * 3 * 16 * 20, dtype=np.uint16).reshape(1, 2, 3, 16, 20)
    return image + np.uint16(10_000 * (2 * well + field))


def ome_zarr(store: Path, version: str) -> None:
    import zarr
    from ome_zarr.format import FormatV04, FormatV05
    from ome_zarr.writer import write_image, write_plate_metadata, write_well_metadata

    form = FormatV04() if version == "0.4" else FormatV05()
    root = zarr.open_group(str(store), mode="w", zarr_format=2 if version == "0.4" else 3)
    rows, columns = ["A", "B", "C"], [f"{n:02d}" for n in range(1, 13)]
    write_plate_metadata(root, rows, columns, ["/".join(well) for well in WELLS], fmt=form)
    for number, (row, column) in enumerate(WELLS):
        well = root.require_group(f"{row}/{column}")
        write_well_metadata(well, ["0", "1"], fmt=form)
        for field in (0, 1):
            scale = [[{"type": "scale", "scale": list(SCALE)}]]
            write_image(
                pixels(number, field),
                well.require_group(str(field)),
                scaler=None,
                axes="tczyx",
                fmt=form,
                coordinate_transformations=scale,
            )


def iohub(store: Path, version: str) -> None:
    from iohub import open_ome_zarr
    from iohub.ngff.models import TransformationMeta

    with open_ome_zarr(
        str(store), layout="hcs", mode="w", channel_names=list(CHANNELS), version=version
    ) as plate:
        for number, (row, column) in enumerate(WELLS):
            for field in (0, 1):
                position = plate.create_position(row, column, str(field))
                position.create_image(
                    "0",
                    pixels(number, field),
                    transform=[TransformationMeta(type="scale", scale=list(SCALE))],
                )


def ngio(store: Path, version: str) -> None:
    import ngio
    from ngio import ImageInWellPath

    images = [ImageInWellPath(row=row, column=column, path=str(f)) for row, column in WELLS for f in (0, 1)]
    plate = ngio.create_empty_plate(str(store), name="theirs", images=images, ngff_version=version)
    for number, (row, column) in enumerate(WELLS):
        for field in (0, 1):
            where = plate.get_image_store(row=row, column=column, image_path=str(field))
            ngio.create_ome_zarr_from_array(
                where,
                pixels(number, field),
                pixelsize=0.65,
                z_spacing=2.0,
                levels=1,
                channels_meta=list(CHANNELS),
                overwrite=True,
                ngff_version=version,
            )


PROGRAMS = {"ome-zarr-py": ome_zarr, "iohub": iohub, "ngio": ngio}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    program, version, store = sys.argv[1:]
    PROGRAMS[program](Path(store), version)
