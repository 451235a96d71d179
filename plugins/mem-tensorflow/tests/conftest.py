"""The memory type as the host makes it, from its entry point."""

from __future__ import annotations

import pytest

from openhcs_host import Host


@pytest.fixture(scope="session")
def memory():
    """The memory type ``tensorflow``."""
    with Host() as host:
        yield host.memory("tensorflow")
