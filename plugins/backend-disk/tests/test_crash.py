"""What is left when writers race, are killed, or run out of space."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.errors import PathExistsError


@pytest.mark.parametrize("extension", [".npy", ".tif"])
def test_of_two_writers_of_one_new_name_exactly_one_wins(disk, folder, everything, extension):
    planes = [np.full((64, 64), value, np.uint8) for value in (1, 2)]
    disk.save(planes[0], f"{folder}/warm{extension}")
    for number in range(40):
        path = f"{folder}/{number}{extension}"
        start = threading.Barrier(2)
        won = []

        def write(plane, path=path, start=start, won=won):
            start.wait()
            try:
                disk.save(plane, path)
            except PathExistsError:
                return
            won.append(plane)

        threads = [threading.Thread(target=write, args=(plane,)) for plane in planes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        np.testing.assert_array_equal(disk.load(path), won[0])
    assert len(everything()) == 41


def test_writers_of_one_new_directory_do_not_disturb_each_other(disk, folder):
    for number in range(20):
        start = threading.Barrier(4)
        failed = []

        def write(name, data, number=number, start=start, failed=failed):
            start.wait()
            try:
                disk.save(data, f"{folder}/{number}/deep/{name}")
            except Exception as error:
                failed.append(type(error).__name__)

        work = [("a.txt", "text"), ("b.txt", 1), ("c.txt", "text"), ("d.txt", 2)]
        threads = [threading.Thread(target=write, args=item) for item in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == ["UnsupportedDataError"] * 2
        assert sorted(disk.list_dir(f"{folder}/{number}/deep")) == ["a.txt", "c.txt"]


WRITER = """
import sys
import numpy as np
from openhcs_host import Host

disk = Host().backend("disk")
planes = [np.full((1500, 1500), value, np.uint16) for value in (1, 2)]
print("ready", flush=True)
while True:
    for plane in planes:
        disk.save(plane, sys.argv[1], overwrite=True)
"""


@pytest.mark.parametrize("extension", [".npy", ".tif"])
def test_a_writer_that_is_killed_leaves_the_old_content_or_the_new(disk, folder, extension):
    path = f"{folder}/plane{extension}"
    disk.save(np.full((1500, 1500), 1, np.uint16), path)
    for delay in (0.011, 0.023, 0.037, 0.052):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        with process:
            assert process.stdout.readline() == b"ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(delay)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        plane = disk.load(path)
        assert plane.shape == (1500, 1500)
        assert plane.min() == plane.max() != 0
        assert disk.list_files(folder) == [path]


FULL = """
import json, os, resource, sys
import numpy as np
from openhcs_host import Host

path = sys.argv[1]
disk = Host().backend("disk")
disk.save(np.zeros((1, 1), np.uint16), path, overwrite=True)
plane = np.arange(3000, dtype=np.uint16).reshape(50, 60)
said = {}
for limit in range(0, 7000, 97):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        disk.save(plane, path, overwrite=True)
        said[limit] = "saved"
    except OSError as error:
        said[limit] = type(error).__name__, error.errno
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    loaded = disk.load(path)
    assert loaded.shape == ((50, 60) if said[limit] == "saved" else (1, 1)), (limit, said[limit], loaded.shape)
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
    if said[limit] == "saved":
        break
assert (disk.load(path) == plane).all()
print(json.dumps(list(said.values())))
"""


@pytest.mark.parametrize("extension", [".npy", ".tif", ".png"])
def test_a_medium_that_is_full_is_an_os_error_and_the_old_content_stays(folder, extension):
    # A limit on the size of files stands for the full medium; it too can cut a write at any byte.
    pytest.importorskip("resource", reason="this system cannot limit the size of files")
    path = f"{folder}/plane{extension}"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), path], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    *refused, last = json.loads(done.stdout)
    assert last == "saved"
    assert refused
    assert {tuple(answer) for answer in refused} == {("OSError", 27)}


def test_threads_share_one_backend(folder):
    planes = {f"{folder}/well{n % 4}/{n}.tif": np.full((32, 32), n, np.uint16) for n in range(64)}
    with Host() as host:
        disk = host.backend("disk")

        def work(items):
            for path, plane in items:
                disk.save(plane, path)
                np.testing.assert_array_equal(disk.load(path), plane)

        items = list(planes.items())
        threads = [threading.Thread(target=work, args=(items[n::8],)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(disk.list_files(folder, recursive=True)) == sorted(planes)
    assert not [name for _, _, names in os.walk(folder) for name in names if name.startswith(".")]
