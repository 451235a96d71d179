"""Loading: only what is asked for, of one piece, and damage is an error instead of black."""

import os
import subprocess
import sys

import numpy as np
import pytest

from openhcs_host.contracts.images import Coordinates, ImageMetadata, image_name
from openhcs_host.errors import FormatError

IMPORTS = """
import sys
from openhcs_host import Host
with Host() as host:
    zarr = host.backend("zarr")
    zarr.save({zarr!r}, sys.argv[1]) if False else None
    zarr.list_files(sys.argv[1])
    zarr.read_plate(sys.argv[1])
print(sorted({"tensorstore", "numcodecs", "zarr", "dask"} & set(sys.modules)))
"""


def name(images, z=1, site=1):
    return f"{images}/{image_name(Coordinates('B02', site, 1, z))}"


@pytest.fixture
def saved(zarr, images, plane):
    planes = {name(images, z): plane(z) for z in (1, 2, 3)}
    zarr.save_batch(list(planes.values()), list(planes))
    return planes


def test_a_region_is_the_same_part_as_of_the_whole(zarr, saved):
    for path, plane in saved.items():
        for region in (np.s_[1:4, 2:5], np.s_[:, -3:], np.s_[::2, 1:100:3], np.s_[4:2, :]):
            np.testing.assert_array_equal(zarr.load(path, region=region), plane[region])
        with pytest.raises(ValueError, match="forwards"):
            zarr.load(path, region=np.s_[::-1, :])


@pytest.mark.parametrize("library", ["tensorstore", "dask"])
def test_a_lazy_handle_has_the_same_pixels(zarr, saved, library):
    pytest.importorskip(library)
    path, plane = next(iter(saved.items()))
    np.testing.assert_array_equal(np.asarray(zarr.load(path, lazy=library)), plane)
    part = zarr.load(path, lazy=library, region=np.s_[2:5, 3:])
    np.testing.assert_array_equal(np.asarray(part), plane[2:5, 3:])


def test_a_zarr_handle_is_the_array_of_the_field(zarr, saved):
    pytest.importorskip("zarr")
    found = zarr.load(next(iter(saved)), lazy="zarr")
    np.testing.assert_array_equal(found[0, 0], np.stack(list(saved.values())))


def test_listing_and_reading_a_plate_import_no_array_library(zarr, saved, images):
    program = "\n".join(line for line in IMPORTS.splitlines() if "if False" not in line)
    done = subprocess.run([sys.executable, "-c", program, images], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("strategy", ["well", "file"])
def test_a_lost_object_is_an_error_and_not_a_black_image(host, images, plane, version, strategy):
    zarr = host.backend("zarr", ngff_version=version, chunk_strategy=strategy)
    zarr.save(plane(1), name(images))
    folder = f"{images}/B/02/1/0"
    lost = [f"{at}/{file}" for at, _, files in os.walk(folder) for file in files if file.isdecimal()]
    os.unlink(lost[0])
    with pytest.raises(FormatError):
        zarr.load(name(images))


def test_an_image_that_is_all_zero_is_an_image(zarr, images):
    zarr.save(np.zeros((4, 4), np.uint16), name(images))
    assert zarr.exists(name(images))
    assert zarr.load(name(images)).tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_travels_with_an_image_is_found_in_the_plate(host, images, plane, version):
    zarr = host.backend("zarr", ngff_version=version)
    said = [
        ImageMetadata(
            Coordinates("B02", site, channel, z),
            pixel_size_um=0.325,
            z_step_um=2.0,
            channel_name=("DAPI", "Cy5")[channel - 3],
            channel_color=("0000FF", "FF0000")[channel - 3],
            position_um=(100.0 * site, -50.0),
        )
        for site in (1, 4)
        for channel in (3, 4)
        for z in (5, 6)
    ]
    paths = [f"{images}/{image_name(image.coordinates)}" for image in said]
    zarr.save_batch([plane(number) for number in range(8)], paths, images=said)
    zarr.save(plane(99), paths[0], overwrite=True)
    reading = zarr.read_plate(images)
    for image in said:
        assert reading.image_metadata(image.coordinates) == image
    assert reading.problems == ()
