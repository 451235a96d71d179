"""The memory type as the host makes it, from its entry point."""

from __future__ import annotations

import pytest

from openhcs_host import Host


@pytest.fixture(scope="session")
def memory():
    """The memory type ``cupy``."""
    with Host() as host:
        yield host.memory("cupy")


@pytest.fixture(scope="session")
def cupy(memory):
    """CuPy, where it can be used."""
    found = memory.availability()
    if found.state != "ready":
        pytest.skip(f"{found.state}: {found}")
    return pytest.importorskip("cupy")
