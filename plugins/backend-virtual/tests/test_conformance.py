"""The virtual workspace keeps the contract, as the host's kit checks it."""

from __future__ import annotations

import os

import numpy as np
import pytest

from openhcs_host import FileManager
from openhcs_host.contracts.images import Coordinates, ImageMetadata
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading, Projection
from openhcs_host.plates import prepare_workspace
from openhcs_host.plates.workspace import virtual_paths
from openhcs_host.testing import ExpectedView, VirtualKit


class TestVirtualWorkspace(VirtualKit):
    key = "virtual_workspace"

    @pytest.fixture
    def view(self, host, backend, tmp_path):
        files, root = FileManager(host), tmp_path / "plates" / "P1"
        places = [
            Coordinates(well, 1, w, z_index=z) for well in ("A01", "B12") for w in (1, 2) for z in (1, 10)
        ]
        planes = [Plane(c, f"ZStep_{c.z_index}/P_{c.well}_s1_w{c.channel}.TIF") for c in places]
        projection = Projection("A01", 1, 1, 1, "ZStep_0/P_A01_s1_w1.TIF")
        reading = PlateReading(
            microscope="x",
            root=root,
            plate_name="P1",
            planes=planes,
            projections=(projection,),
            channels={1: Channel(), 2: Channel()},
        )
        mapping = virtual_paths(reading)
        pixels = {
            virtual: np.full((2, 3), number, np.uint16) for number, virtual in enumerate(sorted(mapping))
        }
        for virtual, real in mapping.items():
            files.save(pixels[virtual], root / real, "disk")
        # A real name in the plate, a link out of it, that no mapping shows.
        files.save(np.zeros((2, 2), np.uint16), tmp_path / "outside" / "secret.tif", "disk")
        os.symlink(tmp_path / "outside" / "secret.tif", root / "link.tif")
        prepare_workspace(reading, tmp_path / "elsewhere")
        backend.mount(root, tmp_path / "elsewhere")
        return ExpectedView(
            root=root.as_posix(),
            files={f"{root.as_posix()}/{virtual}": data for virtual, data in pixels.items()},
            images={
                f"{root.as_posix()}/{virtual}": ImageMetadata(plane.coordinates)
                for plane, virtual in zip(reading.planes, mapping, strict=False)
            },
            real=root,
            forbidden=(f"{root.as_posix()}/link.tif", f"{root.as_posix()}/ZStep_1/P_A01_s1_w1.TIF"),
        )
