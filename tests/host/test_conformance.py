"""The host's own plugins keep the contracts."""

from __future__ import annotations

from openhcs_host.testing import StorageKit


class TestMemory(StorageKit):
    key = "memory"
