"""The kit of microscope handlers, over a described plate and one with names only."""

from __future__ import annotations

import pytest

from openhcs_host.contracts.images import Coordinates
from openhcs_host.testing import ExpectedPlate, MicroscopeKit

PLANES = {
    Coordinates("A01", 1, 1): "images/A01_s001_w1_z001_t001.tif",
    Coordinates("A01", 1, 2, 3): "images/A01_s001_w2_z003_t001.tif",
    Coordinates("B10", 2, 1, 1, 4): "images/B10_s002_w1_z001_t004.tif",
}


class TestDescribedPlate(MicroscopeKit):
    key = "openhcsdata"

    @pytest.fixture
    def plate(self, described):
        root = described(*PLANES.values())
        (root / "images_results").mkdir()
        (root / "images_results" / "nuclei.csv").write_text("well,count\n")
        return ExpectedPlate(root, PLANES, metadata=2)  # the record and its lock


class TestNamesOnly(MicroscopeKit):
    key = "openhcsdata"

    @pytest.fixture
    def plate(self, tmp_path):
        root = tmp_path / "copied"
        planes = {where: path.removeprefix("images/") for where, path in PLANES.items()}
        root.mkdir()
        for path in planes.values():
            (root / path).write_bytes(b"pixels")
        return ExpectedPlate(root, planes, metadata=0, conflict="A01_s001_w1_z001_t001.png")
