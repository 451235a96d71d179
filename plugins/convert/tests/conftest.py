"""Plates of tiny images in memory, whose pixels tell where they belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading, Projection


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def plate(host, tmp_path) -> PlateReading:
    """Return the reading of a plate whose images lie in the memory backend."""
    files, root = FileManager(host), tmp_path / "P1"
    places = [
        Coordinates(well, site, channel, z, t)
        for well in ("A01", "A10", "B02")
        for site in (1, 7)
        for channel in (1, 2)
        for z in (1, 2, 3)
        for t in (1, 2)
    ]
    for number, where in enumerate(places):
        image = np.arange(20, dtype=np.uint16).reshape(4, 5) + np.uint16(number * 20)
        files.save(image, root / image_name(where, ".x"), "memory")
    return PlateReading(
        microscope="fake",
        root=root,
        backend="memory",
        plate_name="P1",
        planes=[Plane(where, image_name(where, ".x")) for where in places],
        projections=(Projection("A01", 1, 1, 1, "max.x"),),
        channels={1: Channel(name="DAPI"), 2: Channel()},
        pixel_size_um=0.65,
    )


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "new" / "P1"
