"""The memory type ``cupy`` keeps the contract of arrays, as the host's kit checks it."""

from __future__ import annotations

from openhcs_host.testing import MemoryKit


class TestCupy(MemoryKit):
    key = "cupy"

    def read(self, array):
        return array.get()
