"""The host's own plugins keep the contracts."""

from __future__ import annotations

from openhcs_host.testing import MemoryKit, StorageKit


class TestMemory(StorageKit):
    key = "memory"


class TestNumpy(MemoryKit):
    key = "numpy"

    def read(self, array):
        return array.astype(array.dtype.newbyteorder("="))  # arrays in foreign byte order are its own, too
