"""Both memory types as the host makes them, from their entry points."""

from __future__ import annotations

import pytest

from openhcs_host import Host


@pytest.fixture(scope="session")
def host():
    with Host() as host:
        yield host


@pytest.fixture(scope="session")
def ready(host):
    """Return a memory type by its key, or skip the test where it cannot work."""

    def memory(key):
        found = host.memory(key).availability()
        if found.state != "ready":
            pytest.skip(str(found))
        return host.memory(key)

    return memory
