"""The kit of microscopes as the author of ``microscope_mutants`` uses it: that module imports no pytest."""

from __future__ import annotations

import pytest

from openhcs_host.contracts.images import Coordinates
from openhcs_host.testing import ExpectedPlate, MicroscopeKit


class ThisKit(MicroscopeKit, abstract=True):
    @pytest.fixture
    def plate(self, tmp_path):
        root = tmp_path / "a plate"
        planes = {
            Coordinates(well, 1, channel, z): f"deeper/{well}-1-{channel}-{z}.pix"
            for well in ("A01", "P24")
            for channel in (1, 2)
            for z in (1, 2, 10)
        }
        (root / "deeper").mkdir(parents=True)
        for path in (*planes.values(), "deeper/A01-1-3-max.pix", "A01-1-1-thumb.pix", "notes.txt"):
            (root / path).write_bytes(b"pixels")
        return ExpectedPlate(root, planes, metadata=0, conflict="A01-1-1-1.pix")
