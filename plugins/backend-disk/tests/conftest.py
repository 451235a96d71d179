"""The real host, the real file system, and real plates where they are at hand."""

import os
import tempfile
from pathlib import Path

import pytest

from openhcs_host import FileManager, Host


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def files(host):
    return FileManager(host)


@pytest.fixture
def disk(host):
    return host.backend("disk")


@pytest.fixture
def folder(tmp_path):
    """An empty directory, as the string with slashes that a backend gets."""
    return tmp_path.as_posix()


@pytest.fixture
def elsewhere(tmp_path):
    """A directory on another file system."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to move to")
    with tempfile.TemporaryDirectory(dir=memory) as target:
        yield target


@pytest.fixture
def everything(tmp_path):
    """Return the names of all that is below the test's directory, unfinished writes included."""
    return lambda: sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))


@pytest.fixture(scope="session")
def plates():
    """The folder of real plates."""
    default = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "plates"
    found = Path(os.environ.get("OPENHCS_PLATES", default))
    if not found.is_dir():
        pytest.skip(f"no real plates at {found}; set OPENHCS_PLATES to their folder")
    return found
