"""What a killed writer left is finished or removed when the plate is opened, and the living are left alone."""

import os
import signal
import subprocess
import sys

import pytest

from openhcs_backend_zarr import exchanging, wells
from openhcs_backend_zarr.held_asides import held_aside
from openhcs_backend_zarr.locking import LockedError, locked
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name


def name(images, well="B02"):
    return f"{images}/{image_name(Coordinates(well, 1, 1))}"


@pytest.fixture
def later():
    """A backend that opens the plate afterwards."""
    with Host() as host:
        yield host.backend("zarr")


def test_a_well_between_two_renames_comes_back(zarr, later, images, plane):
    zarr.save(plane(1), name(images))
    holder = f"{images}/.B02-0123456789ab.openhcs-part"
    os.makedirs(f"{holder}/new")
    os.rename(f"{images}/B/02", f"{holder}/old")
    assert later.load(name(images)).tolist() == plane(1).tolist()
    assert not os.path.exists(holder)


def test_a_well_that_is_in_place_and_not_in_the_document_is_added(zarr, later, images, plane):
    zarr.save(plane(1), name(images))
    before = open_bytes(f"{images}/zarr.json")
    zarr.save(plane(2), name(images, "C03"))
    with open(f"{images}/zarr.json", "wb") as stream:
        stream.write(before)
    os.makedirs(f"{images}/.C03-0123456789ab.openhcs-part")
    assert later.list_files(images) == [name(images), name(images, "C03")]


def test_a_well_whose_writer_lives_is_left_alone(zarr, later, images, plane):
    with zarr.open_well(images, "B02") as sink:
        sink.save(plane(1), name(images))
        assert later.list_files(images) == []
        assert any("openhcs-part" in left for left in os.listdir(images))
    assert later.load(name(images)).tolist() == plane(1).tolist()


def test_without_an_exchange_in_one_step_a_well_is_replaced_in_two(zarr, images, plane, monkeypatch):
    monkeypatch.setattr(exchanging, "_system_call", lambda: None)
    monkeypatch.setattr(wells, "exchange", exchanging.exchange)
    for seed in (1, 2):
        with zarr.open_well(images, "B02", overwrite=True) as sink:
            sink.save(plane(seed), name(images))
        assert zarr.load(name(images)).tolist() == plane(seed).tolist()
    for seed in (3, 4):
        zarr.save(plane(seed), f"{images}/plain", overwrite=True)
        assert zarr.load(f"{images}/plain").tolist() == plane(seed).tolist()


KILLED = """
import os, signal, sys
import numpy as np
from openhcs_backend_zarr import placing, plain
from openhcs_host import Host

plain.place = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
Host().backend("zarr").save(np.ones((4, 4), np.uint16), sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_what_a_killed_saving_of_an_image_left_is_removed_and_the_living_are_left_alone(
    zarr, tmp_path, plane
):
    folder = tmp_path.as_posix()
    done = subprocess.run([sys.executable, "-c", KILLED, f"{folder}/stack"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert any("openhcs-part" in name for name in os.listdir(folder))
    with held_aside(folder) as living:
        assert zarr.list_dir(folder) == []
        assert os.path.isdir(living)
        assert len([name for name in os.listdir(folder) if "openhcs-part" in name]) == 2
    assert os.listdir(folder) == []
    zarr.save(plane(1), f"{folder}/stack")
    assert os.listdir(folder) == ["stack"]


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path):
    path = f"{tmp_path}/lock"
    with locked(path), pytest.raises(LockedError), locked(path, wait=False):
        pass
    assert os.listdir(tmp_path) == []
    with locked(path, wait=False):
        assert os.listdir(tmp_path) == ["lock"]


def open_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()
