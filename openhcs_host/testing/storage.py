"""The kit of storage backends."""

from __future__ import annotations

from openhcs_host.testing.storage_batches import BatchTests
from openhcs_host.testing.storage_changing import ChangingTests
from openhcs_host.testing.storage_finding import FindingTests
from openhcs_host.testing.storage_links import LinkTests
from openhcs_host.testing.storage_saving import SavingTests
from openhcs_host.testing.storage_sharing import SharingTests

__all__ = ["StorageKit"]


class StorageKit(SavingTests, FindingTests, ChangingTests, BatchTests, LinkTests, SharingTests):
    """Certifies a backend that stores: as much of ``docs/contracts/storage.md`` as it declares.

    What it does not declare must be refused; the tests of it are skipped and say so. ``examples`` says
    what it holds::

        class TestAttic(StorageKit):
            key = "attic"
    """
