"""The handler keeps the contract, as the host's kit checks it, on plates of both of the vendor's layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from openhcs_host.contracts.images import Coordinates
from openhcs_host.testing import ExpectedPlate, MicroscopeKit

HTD = (
    '"HTSInfoFile", Version 1.0\r\n"Description", "made by a test"\r\n"XSites", 2\r\n"YSites", 1\r\n'
    '"Waves", TRUE\r\n"NWavelengths", 2\r\n"WaveName1", "DAPI"\r\n"WaveName2", "FITC"\r\n"EndFile"\r\n'
)


def write_image(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(root / path, np.zeros((4, 6), np.uint16), metadata=None, photometric="minisblack")


class TestStacks(MicroscopeKit):
    """Time points, z-stacks, projections, thumbnails, an HTD file."""

    key = "imagexpress"

    @pytest.fixture
    def plate(self, tmp_path):
        root = tmp_path / "9987"
        planes = {
            Coordinates(
                well, site, channel, z, t
            ): f"TimePoint_{t}/ZStep_{z}/9987_{well}_s{site}_w{channel}.TIF"
            for well in ("A01", "B12")
            for site in (1, 2)
            for channel in (1, 2)
            for z in (1, 2)
            for t in (1, 10)
        }
        for path in planes.values():
            write_image(root, path)
        write_image(root, "TimePoint_1/ZStep_0/9987_A01_s1_w1.TIF")
        write_image(root, "TimePoint_1/9987_A01_s1_w2.TIF")
        write_image(root, "TimePoint_1/ZStep_1/9987_A01_s1_w1_thumb.TIF")
        (root / "Thumbs.db").write_bytes(b"\0")
        (root / "9987.HTD").write_bytes(HTD.encode())
        return ExpectedPlate(root, planes, metadata=1, conflict="TimePoint_1/ZStep_1/copy_A01_s1_w1.TIF")


class TestFlat(MicroscopeKit):
    """All images in one folder, no metadata."""

    key = "imagexpress"

    @pytest.fixture
    def plate(self, tmp_path):
        root = tmp_path / "flat plate µ"
        planes = {
            Coordinates(well, 1, channel): f"My plate_{well}_w{channel}.TIF"
            for well in ("A01", "P24", "AF48")
            for channel in (1, 2)
        }
        for path in planes.values():
            write_image(root, path)
        return ExpectedPlate(root, planes, metadata=0, conflict="Other_P24_w1.TIF")
