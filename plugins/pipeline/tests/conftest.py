"""A plate of tiny images whose pixels tell where they belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading


@pytest.fixture
def host():
    with Host() as host:
        yield host


WELLS = ("A01", "A10", "B02")


def value(c: Coordinates) -> int:
    """Return the pixel value of a plane: its coordinates, written as one number (A10 begins with 2)."""
    return (WELLS.index(c.well) + 1) * 10_000 + c.site * 1_000 + c.channel * 100 + c.z_index


def make_plate(root: Path, wells=WELLS, sites=2, channels=2, planes=3) -> PlateReading:
    """Write the plate with the disk backend, and return what a handler would say of it."""
    made = []
    with Host() as host:
        files = FileManager(host)
        for well in wells:
            for site in range(1, sites + 1):
                for channel in range(1, channels + 1):
                    for z in range(1, planes + 1):
                        c = Coordinates(well, site, channel, z)
                        files.save(np.full((4, 5), value(c), np.uint16), root / image_name(c), "disk")
                        made.append(Plane(c, image_name(c)))
    return PlateReading(
        microscope="fake",
        root=root,
        plate_name="P1",
        planes=made,
        channels={1: Channel(name="DAPI"), 2: Channel()},
        pixel_size_um=0.65,
    )


@pytest.fixture
def plate(tmp_path) -> PlateReading:
    return make_plate(tmp_path / "P1")
