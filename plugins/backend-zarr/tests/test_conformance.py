"""The zarr backend keeps the contract of storage, as the host's kit checks it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from openhcs_host.testing import StorageKit
from openhcs_host.testing.equality import sample_arrays

pytest.importorskip(
    "openhcs_backend_disk", reason="the formats of tables and text come from openhcs-backend-disk"
)

IMAGES = [array for array in sample_arrays() if 2 <= array.ndim <= 5 and array.size]
FIVE = np.arange(2 * 3 * 2 * 4 * 5, dtype=np.uint16).reshape(2, 3, 2, 4, 5)
FILES = {
    ".csv": [[{"well": "A01", "nuclei": "12"}]],
    ".json": [{"wells": ["A01", "µ"], "size": 0.65}],
    ".txt": ["first line\r\nµ 平板"],
    ".zip": [bytes(range(256))],
}


class TestImages(StorageKit):
    key = "zarr"
    examples: ClassVar = {".npy": [*IMAGES, FIVE], "": [FIVE, IMAGES[0]], **FILES}


class TestImagesOfVersion04InObjectsPerPlane(StorageKit):
    key = "zarr"
    config: ClassVar = {"ngff_version": "0.4", "chunk_strategy": "file", "compressor": "blosc", "pyramid": 1}
    examples: ClassVar = {".tif": [*IMAGES, FIVE]}


class TestTables(StorageKit):
    key = "zarr"
    examples: ClassVar = {".csv": [[{"a": "1"}], [{"a": "2"}]], ".txt": FILES[".txt"]}
