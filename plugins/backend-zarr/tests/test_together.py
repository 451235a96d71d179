"""Threads and processes that write different wells of one plate at once: all wells are there, and listed."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host.contracts.images import Coordinates, image_name, well_name

PROGRAM = """
import sys
import numpy as np
from openhcs_host import Host
images, wells = sys.argv[1], sys.argv[2].split(",")
with Host() as host:
    for well in wells:
        for site in (1, 2):
            name = f"{images}/{well}_s{site:03d}_w1_z001_t001.tif"
            host.backend("zarr").save(np.full((5, 7), site, np.uint16), name)
"""


def check(zarr, images, wells):
    expected = {
        f"{images}/{image_name(Coordinates(well, site, 1))}": site for well in wells for site in (1, 2)
    }
    assert sorted(zarr.list_files(images)) == sorted(expected)
    assert zarr.read_plate(images).wells == tuple(wells)
    for found, site in zip(zarr.load_batch(list(expected)), expected.values(), strict=True):
        np.testing.assert_array_equal(found, np.full((5, 7), site, np.uint16))
    assert validate(LocalReader(images)) == []


def test_threads_write_different_wells_at_once(zarr, images):
    wells = [well_name(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4)]

    def write(well):
        for site in (1, 2):
            name = f"{images}/{image_name(Coordinates(well, site, 1))}"
            zarr.save(np.full((5, 7), site, np.uint16), name)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, wells))
    check(zarr, images, wells)


def test_threads_write_sites_of_one_well_at_once(zarr, images):
    def write(site):
        zarr.save(np.full((5, 7), site, np.uint16), f"{images}/{image_name(Coordinates('B02', site, 1))}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(1, 13)))
    assert len(zarr.list_files(images)) == 12
    assert validate(LocalReader(images)) == []


def test_processes_write_different_wells_at_once(zarr, images):
    wells = [well_name(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4)]
    parts = [",".join(wells[start::3]) for start in range(3)]
    running = [subprocess.Popen([sys.executable, "-c", PROGRAM, images, part]) for part in parts]
    assert [process.wait() for process in running] == [0, 0, 0]
    check(zarr, images, wells)


def test_no_writer_sees_the_row_that_another_one_begins(zarr, images):
    for turn in range(25):  # each turn begins rows that none has begun
        plate = f"{images}-{turn}"
        wells = [well_name(1, column) for column in (1, 2, 3, 4)]

        def write(well, plate=plate):
            zarr.save(np.ones((5, 7), np.uint16), f"{plate}/{image_name(Coordinates(well, 1, 1))}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, wells))
        assert len(zarr.list_files(plate)) == 4
