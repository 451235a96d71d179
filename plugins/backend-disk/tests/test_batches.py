"""Batches by several threads."""

import threading
import time

import numpy as np
import pytest

from openhcs_backend_disk.batches import in_threads
from openhcs_host.errors import ConfigurationError, PathExistsError, PathNotFoundError, UnsupportedDataError

PLANES = [np.full((8, 9), number, np.uint16) for number in range(60)]


@pytest.fixture
def paths(folder):
    return [f"{folder}/{number % 3}/{number}.tif" for number in range(60)]


@pytest.mark.parametrize("workers", [1, 2, 7, 100])
def test_what_is_saved_is_loaded_in_the_order_asked_for(files, paths, workers):
    files.save_batch(PLANES, paths, "disk", workers=workers, compression="zlib")
    loaded = files.load_batch(paths[::-1], "disk", workers=workers)
    np.testing.assert_array_equal(loaded, PLANES[::-1])
    assert files.load_batch([], "disk", workers=workers) == []
    files.save_batch([], [], "disk", workers=workers)


@pytest.mark.parametrize("workers", [1, 4])
def test_the_first_error_is_raised_and_every_file_is_whole(disk, folder, paths, workers):
    data = [*PLANES[:30], "no array", *PLANES[31:]]
    with pytest.raises(UnsupportedDataError, match=r"/30\.tif"):
        disk.save_batch(data, paths, workers=workers)
    saved = disk.list_files(folder, recursive=True)
    assert set(paths[:30]) <= set(saved) <= {*paths[:30], *paths[31:]}
    for path in saved:
        np.testing.assert_array_equal(disk.load(path), PLANES[paths.index(path)])
    with pytest.raises(PathNotFoundError, match=r"/30\.tif"):
        disk.load_batch(paths[:31], workers=workers)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_batch_with_a_taken_path_saves_nothing(disk, folder, paths, workers):
    disk.save(PLANES[0], paths[-1])
    with pytest.raises(PathExistsError, match="Nothing of the batch"):
        disk.save_batch(PLANES, paths, workers=workers)
    assert disk.list_files(folder, recursive=True) == [paths[-1]]
    disk.save_batch(PLANES, paths, workers=workers, overwrite=True)
    np.testing.assert_array_equal(disk.load_batch(paths), PLANES)


@pytest.mark.parametrize("workers", [0, -1, 1.0, True, "2", None])
def test_a_number_of_threads_that_is_none_is_refused(disk, paths, everything, workers):
    with pytest.raises(ConfigurationError, match="workers"):
        disk.save_batch(PLANES, paths, workers=workers)
    with pytest.raises(ConfigurationError, match="workers"):
        disk.load_batch(paths, workers=workers)
    assert everything() == []


def test_as_many_work_at_once_as_were_asked_for():
    together = threading.Barrier(3, timeout=10)
    assert in_threads(lambda number: together.wait() >= 0 and number, 6, 3) == list(range(6))


def test_nothing_is_begun_after_an_error_and_what_was_begun_is_finished():
    begun, finished = [], []

    def work(number):
        begun.append(number)
        if number == 0:
            raise KeyError(number)
        time.sleep(0.002)
        finished.append(number)

    with pytest.raises(KeyError):
        in_threads(work, 1000, 2)
    assert len(begun) < 1000
    assert sorted(finished) == sorted(begun)[1:]
