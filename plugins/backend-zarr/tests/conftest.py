"""A real host, real folders, and planes that tell which they are."""

import numpy as np
import pytest

from openhcs_host import Host


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def zarr(host):
    return host.backend("zarr")


@pytest.fixture
def images(tmp_path):
    """The folder of a plate, as a backend gets it."""
    return f"{tmp_path.as_posix()}/plate/images"


@pytest.fixture
def plane():
    """Return a plane with pixels that no other number gives."""

    def make(number, shape=(6, 8), dtype=np.uint16):
        return np.random.default_rng(number).integers(0, 250, shape).astype(dtype)

    return make
