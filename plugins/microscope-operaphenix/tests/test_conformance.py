"""The handler keeps the contract, as the host's kit checks it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from openhcs_host.contracts.images import Coordinates
from openhcs_host.testing import ExpectedPlate, MicroscopeKit
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler


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


class TestWithAnIndex(MicroscopeKit):
    """Names that tell nothing, planes listed and absent, planes not recorded, files not listed, other metadata."""

    key = "opera_phenix"

    @pytest.fixture
    def plate(self, tmp_path: Path, harmony: SimpleNamespace) -> ExpectedPlate:
        root = tmp_path / "Plate µ"
        listed = [
            harmony.plane(
                row=2, column=3, site=site, channel=channel, z=z, t=t, x=site * 1e-4, height=z * 1e-6
            )
            for site in (1, 2)
            for channel in (1, 2)
            for z in (1, 2)
            for t in (1, 2)
        ]
        odd = harmony.plane(row=2, column=3, site=3, url="a plane.tif")
        absent = [harmony.plane(row=4, column=4), harmony.plane(row=4, column=5, url="")]
        planes = {
            Coordinates("B03", p.site, p.channel, p.z, p.t): f"Images/{p.url or harmony.file_name(p)}"
            for p in (*listed, odd)
        } | {Coordinates("P24", 1, 1): "Images/r16c24f01p01-ch1sk1fk1fl1.tiff"}
        write_images(root, list(planes.values()))
        (root / "Images" / "Index.idx.xml").write_bytes(harmony.index_xml([*listed, odd, *absent]))
        (root / "Assaylayout").mkdir()
        (root / "Assaylayout" / "layout.xml").write_text("<Layout/>", encoding="utf-8")
        return ExpectedPlate(root, planes, metadata=2, conflict="Images/002003-1-001001001.tif")

    def test_what_is_listed_and_absent_is_missing(
        self, handler: OperaPhenixHandler, plate: ExpectedPlate
    ) -> None:
        missing = handler.read(plate.root).missing
        assert [plane.coordinates for plane in missing] == [Coordinates("D04", 1, 1)]
