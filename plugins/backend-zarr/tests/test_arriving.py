"""Wells whose planes are loaded while they are written: in order, once, and never all in memory."""

import os
import subprocess
import sys

import numpy as np
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.errors import BatchError, PathExistsError, UnsupportedDataError

VERSIONS = [(version, strategy) for version in ("0.5", "0.4") for strategy in ("well", "file")]

MEMORY = """
import resource, sys
import numpy as np
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name

images, times, version, strategy = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

class Loaded:
    def __init__(self, count): self.count = count
    def __len__(self): return self.count
    def __getitem__(self, number):
        if not 0 <= number < self.count: raise IndexError(number)
        return np.random.default_rng(number).integers(0, 4000, (512, 512), dtype=np.uint16)

places = [(c, 1, t) for t in range(1, times + 1) for c in (1, 2)]
paths = [f"{images}/{image_name(Coordinates('B02', 1, *place))}" for place in places]
with Host() as host:
    zarr = host.backend("zarr", ngff_version=version, chunk_strategy=strategy)
    with zarr.open_well(images, "B02") as sink:
        sink.save_batch(Loaded(len(paths)), paths)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class Loading:
    """Gives planes when they are taken, and remembers the order."""

    def __init__(self, planes):
        self.planes, self.taken = planes, []

    def __len__(self):
        return len(self.planes)

    def __getitem__(self, number):
        plane = self.planes[number]
        self.taken.append(number)
        if isinstance(plane, Exception):
            raise plane
        return plane


def names(images, places):
    return [f"{images}/{image_name(Coordinates('B02', *place))}" for place in places]


@pytest.fixture(params=VERSIONS, ids="-".join)
def zarr(request, host):
    version, strategy = request.param
    return host.backend("zarr", ngff_version=version, chunk_strategy=strategy, pyramid=1)


PLACES = [(s, c, z, t) for s in (4, 2) for t in (1, 3) for c in (1, 2) for z in (1, 2, 5)]


def test_each_plane_is_taken_once_and_in_order_and_is_found_under_its_name(zarr, images, plane):
    data, paths = Loading([plane(number) for number in range(len(PLACES))]), names(images, PLACES)
    with zarr.open_well(images, "B02") as sink:
        sink.save_batch(data, paths)
    assert data.taken == list(range(len(PLACES)))
    for number, found in enumerate(zarr.load_batch(paths)):
        np.testing.assert_array_equal(found, plane(number))
    assert sorted(zarr.list_files(images)) == sorted(paths)
    assert validate(LocalReader(images)) == []


def test_a_field_may_come_in_several_sequences_and_single_planes(zarr, images, plane):
    places = [(1, c, 1, t) for t in (1, 2, 3, 4) for c in (1, 2)]
    paths = names(images, places)
    with zarr.open_well(images, "B02") as sink:
        sink.save(plane(0), paths[0])
        sink.save_batch(Loading([plane(number) for number in range(1, 4)]), paths[1:4])
        with pytest.raises(PathExistsError):
            sink.save(plane(9), paths[2])
        sink.save_batch([plane(number) for number in range(4, 6)], paths[4:6])
        sink.save_batch(Loading([plane(number) for number in range(6, 8)]), paths[6:])
    for number, found in enumerate(zarr.load_batch(paths)):
        np.testing.assert_array_equal(found, plane(number))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (np.zeros((6, 9), np.uint16), BatchError),
        (np.zeros((6, 8), np.float32), BatchError),
        (np.zeros((2, 6, 8), np.uint16), UnsupportedDataError),
        ("no image", UnsupportedDataError),
        (OSError("the disk is gone"), OSError),
    ],
    ids=["shape", "dtype", "stack", "text", "unreadable"],
)
def test_a_plane_of_another_kind_gives_up_the_well_and_the_old_one_stays(zarr, images, plane, wrong, error):
    paths = names(images, PLACES)
    zarr.save(plane(7), paths[0])
    data = Loading([*(plane(number) for number in range(15)), wrong, plane(1)])
    with pytest.raises(error), zarr.open_well(images, "B02", overwrite=True) as sink:
        sink.save_batch(data, paths[:17])
    with (
        pytest.raises(BatchError, match="broken off"),
        zarr.open_well(images, "B02", overwrite=True) as sink,
    ):
        with pytest.raises(error):
            sink.save_batch(data, paths[:17])
        sink.save_batch([plane(3)], names(images, [(9, 1)]))
    assert zarr.list_files(images) == [paths[0]]
    np.testing.assert_array_equal(zarr.load(paths[0]), plane(7))
    assert [name for name in os.listdir(images) if "openhcs-part" in name] == []


def test_names_are_checked_before_the_first_plane_is_taken(zarr, images, plane):
    paths = names(images, [(1, 1), (1, 2)])
    strange = f"{images}/{image_name(Coordinates('C03', 1, 1))}"
    for wrong in ([*paths[:1], strange], [paths[0], f"{images}/x"], [paths[0], paths[1][:-4] + ".png"]):
        data = Loading([plane(1), plane(2)])
        with pytest.raises(BatchError), zarr.open_well(images, "B02") as sink:
            sink.save_batch(data, wrong)
        assert data.taken == []


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of memory is asked of the system as on Unix")
@pytest.mark.parametrize(("version", "strategy"), VERSIONS)
def test_memory_does_not_grow_with_the_number_of_time_points(tmp_path, version, strategy):
    peaks = []
    for times in (8, 80):
        command = [sys.executable, "-c", MEMORY, f"{tmp_path}/{times}", str(times), version, strategy]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / (1 if sys.platform == "darwin" else 1024))
    assert peaks[1] - peaks[0] < 6, peaks  # MB on Linux, of 72 more that were saved


def test_single_planes_of_a_long_series_do_not_wait_for_its_end(host, images, plane):
    zarr = host.backend("zarr", shard_bytes=3 * plane(0).nbytes)
    places = [(1, c, 1, t) for t in range(1, 8) for c in (1, 2)]
    paths = names(images, places)
    with zarr.open_well(images, "B02") as sink:
        for number, path in enumerate(paths):
            sink.save(plane(number), path)
            held = 0 if sink._session._waiting is None else len(sink._session._waiting.planes)
            assert held <= 4
        with pytest.raises(PathExistsError):
            sink.save(plane(0), paths[0])
    for number, found in enumerate(zarr.load_batch(paths)):
        np.testing.assert_array_equal(found, plane(number))
