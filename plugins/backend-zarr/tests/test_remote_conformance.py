"""The contract of storage holds at URLs as it does in folders."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import pytest

from openhcs_host.testing import StorageKit
from openhcs_host.testing.equality import sample_arrays
from openhcs_host.testing.storage_changing import ChangingTests
from openhcs_host.testing.storage_saving import SavingTests

pytest.importorskip(
    "openhcs_backend_disk", reason="the formats of tables and text come from openhcs-backend-disk"
)

IMAGES = [array for array in sample_arrays() if 2 <= array.ndim <= 5 and array.size]
TEXT = ["first line\r\nµ 平板"]


class TestInMemory(StorageKit):
    key = "zarr"
    examples: ClassVar = {".npy": IMAGES, "": IMAGES[:2], ".txt": TEXT}

    @pytest.fixture
    def folder(self):
        return "memory://kit/run"


class TestOnS3(SavingTests, ChangingTests):
    key = "zarr"
    config: ClassVar = {"ngff_version": "0.4", "pyramid": 1}
    examples: ClassVar = {".npy": [IMAGES[0], np.arange(24, dtype=np.uint16).reshape(2, 3, 4)], ".txt": TEXT}
    runs: ClassVar = itertools.count()

    @pytest.fixture
    def folder(self, bucket):
        return f"{bucket}/kit/{next(self.runs)}"
