"""A file system that is full: the error of the system, the old well as it was, and nothing left behind."""

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host.contracts.images import Coordinates, image_name

NOISE = np.random.default_rng(0).integers(0, 2**16, (500, 500), dtype=np.uint16)


@pytest.fixture
def tiny(tmp_path):
    """A file system of two mebibytes."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only the superuser can mount a file system of limited size")
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system of limited size cannot be mounted here: {done.stderr.strip()}")
    yield tmp_path.as_posix()
    subprocess.run(["umount", str(tmp_path)], check=True)


def names(images, sites):
    return [f"{images}/{image_name(Coordinates('B02', site, 1))}" for site in range(1, sites + 1)]


@pytest.mark.parametrize("strategy", ["well", "file"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_full_disk_leaves_the_old_well(host, tiny, strategy, version):
    zarr = host.backend("zarr", chunk_strategy=strategy, ngff_version=version)
    images = f"{tiny}/images"
    zarr.save_batch([NOISE, NOISE], names(images, 2))
    for attempt in range(3):
        with pytest.raises(OSError, match="No space left") as caught:
            zarr.save_batch([NOISE + 1] * 4, names(images, 4), overwrite=True)
        assert caught.value.errno == errno.ENOSPC, attempt
        with (
            pytest.raises(OSError, match="No space left"),
            zarr.open_well(images, "B02", overwrite=True) as sink,
        ):
            for name in names(images, 4):
                sink.save_batch([NOISE + 1], [name])
        assert sorted(zarr.list_files(images)) == names(images, 2)
        for found in zarr.load_batch(names(images, 2)):
            np.testing.assert_array_equal(found, NOISE)
        assert [name for name in os.listdir(images) if "openhcs-part" in name] == []
        assert validate(LocalReader(images)) == []


def test_a_plain_image_that_does_not_fit_does_not_come_into_being(host, tiny):
    zarr = host.backend("zarr")
    with pytest.raises(OSError, match="No space left"):
        zarr.save(np.stack([NOISE] * 6), f"{tiny}/stack")
    assert os.listdir(tiny) == []


LIMITED = """
import json, resource, signal, sys
import numpy as np
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name

images, version, strategy = sys.argv[1:]
noise = np.random.default_rng(0).integers(0, 2**16, (500, 500), dtype=np.uint16)
names = [f"{images}/{image_name(Coordinates('B02', site, 1, z))}" for site in (1, 2) for z in (1, 2, 3)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Host() as host:
    zarr = host.backend("zarr", ngff_version=version, chunk_strategy=strategy)
    zarr.save_batch([noise] * 6, names)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    for plain in (False, True):
        try:
            zarr.save_batch([noise + 1] * 6, [f"{images}/x{n}" for n in range(6)] if plain else names, overwrite=True)
        except OSError as error:
            print(error.errno)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert sorted(zarr.list_files(images)) == sorted(names)
    assert all(np.array_equal(found, noise) for found in zarr.load_batch(names))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no size of files")
@pytest.mark.parametrize("strategy", ["well", "file"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_file_that_may_not_grow_leaves_the_old_well(tmp_path, strategy, version):
    images = f"{tmp_path.as_posix()}/images"
    command = [sys.executable, "-c", LIMITED, images, version, strategy]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(errno.EFBIG)] * 2
    assert [name for name in os.listdir(images) if "openhcs-part" in name] == []
    assert validate(LocalReader(images)) == []
