"""The handler keeps the contract, as the host's kit checks it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from openhcs_host.contracts.images import Coordinates
from openhcs_host.testing import ExpectedPlate, MicroscopeKit


def write_images(root: Path, paths: list[str]) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(root / path, np.zeros((4, 6), np.uint16), metadata=None, photometric="minisblack")


class TestNamesAlone(MicroscopeKit):
    """Time points and stacks, without an Index."""

    key = "opera_phenix"

    @pytest.fixture
    def plate(self, tmp_path: Path) -> ExpectedPlate:
        root = tmp_path / "Screen__2026-01-01-Measurement 1"
        planes = {
            Coordinates(well, site, channel, z, t): (
                f"Images/r{row:02d}c{column:02d}f{site:02d}p{z:02d}-ch{channel}sk{t}fk1fl1.tiff"
            )
            for well, row, column in (("A01", 1, 1), ("AA05", 27, 5))
            for site in (1, 12)
            for channel in (1, 2)
            for z in (1, 10)
            for t in (1, 2)
        }
        write_images(root, list(planes.values()))
        return ExpectedPlate(root, planes, metadata=0, conflict="Images/001001-1-001001001.tif")
