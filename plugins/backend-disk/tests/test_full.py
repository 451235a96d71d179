"""A file system that is full: an error of the operating system, and nothing else has changed."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host

NOISE = np.random.default_rng(0).integers(0, 2**16, (1000, 1000), dtype=np.uint16)
TEXT = NOISE.tobytes().hex()[: 2**21]

# Each needs more than a mebibyte, however well it is written.
BIG = {
    ".tif": NOISE, ".tiff": NOISE, ".png": NOISE, ".npy": NOISE, ".npz": {"a": NOISE[:9], "b": NOISE},
    ".jpg": NOISE.view(np.uint8), ".jpeg": NOISE.view(np.uint8),
    ".csv": TEXT, ".json": [TEXT], ".txt": TEXT, ".bin": NOISE.tobytes(), ".zip": NOISE.tobytes(),
}  # fmt: skip
SMALL = {
    ".npz": {"a": NOISE[:2, :3]}, ".jpg": NOISE.view(np.uint8)[:9, :9], ".jpeg": NOISE.view(np.uint8)[:9, :9],
    ".csv": "a\n1\n", ".json": [1], ".txt": "old", ".bin": b"old", ".zip": b"old",
}  # fmt: skip


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    """A file system of one mebibyte."""
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only the superuser can mount a file system of limited size")
    place = tmp_path_factory.mktemp("tiny")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a file system of limited size cannot be mounted here: {done.stderr.strip()}")
    yield place.as_posix()
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def tiny(mounted):
    yield mounted
    for name in os.listdir(mounted):
        path = os.path.join(mounted, name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


@pytest.fixture(params=["process", "power"])
def disk(request):
    with Host() as host:
        yield host.backend("disk", durability=request.param)


def free(folder):
    return os.statvfs(folder).f_bavail


def lossy(extension):
    return {"lossy": True} if extension in (".jpg", ".jpeg") else {}


@pytest.mark.parametrize("extension", BIG)
def test_saving_fails_as_the_system_says_and_the_old_file_stays(disk, tiny, extension):
    path = f"{tiny}/a{extension}"
    disk.save(SMALL.get(extension, NOISE[:9, :9]), path, **lossy(extension))
    old, before = Path(path).read_bytes(), free(tiny)
    for number in range(3):
        with pytest.raises(OSError, match="No space left") as caught:
            disk.save(BIG[extension], path, overwrite=True, **lossy(extension))
        assert caught.value.errno == errno.ENOSPC, number
        assert Path(path).read_bytes() == old
        assert disk.list_files(tiny, recursive=True) == [path]
        assert os.listdir(tiny) == [f"a{extension}"]
        assert free(tiny) == before
    disk.save(SMALL.get(extension, NOISE[:9, :9]), f"{tiny}/b{extension}", **lossy(extension))


@pytest.mark.parametrize("extension", BIG)
def test_a_new_name_does_not_come_into_being(disk, tiny, extension):
    with pytest.raises(OSError, match="No space left") as caught:
        disk.save(BIG[extension], f"{tiny}/new/a{extension}", **lossy(extension))
    assert caught.value.errno == errno.ENOSPC
    assert disk.list_files(tiny, recursive=True) == []
    assert os.listdir(f"{tiny}/new") == []


@pytest.mark.parametrize("workers", [1, 3])
def test_a_batch_stops_and_what_it_saved_is_whole(disk, tiny, workers):
    planes = [NOISE[:300, number : number + 300] for number in range(12)]  # about five fit
    paths = [f"{tiny}/{number}.npy" for number in range(12)]
    with pytest.raises(OSError, match="No space left"):
        disk.save_batch(planes, paths, workers=workers)
    saved = disk.list_files(tiny)
    assert 1 <= len(saved) <= 5
    assert sorted(os.listdir(tiny)) == sorted(os.path.basename(path) for path in saved)
    for path in saved:
        np.testing.assert_array_equal(disk.load(path), planes[paths.index(path)])


@pytest.mark.parametrize("operation", ["copy", "move"])
def test_what_cannot_be_brought_there_stays_where_it_is(disk, tiny, folder, operation):
    disk.save(NOISE, f"{folder}/d/a.npy")
    disk.save("old", f"{tiny}/a.txt")
    before = free(tiny)
    work = [(f"{folder}/d/a.npy", f"{tiny}/a.npy"), (f"{folder}/d/a.npy", f"{tiny}/a.txt")]
    if operation == "move":
        work.append((f"{folder}/d", f"{tiny}/d"))
    for source, destination in work:
        overwrite = {"overwrite": True} if destination.endswith(".txt") else {}
        with pytest.raises(OSError, match="No space left") as caught:
            getattr(disk, operation)(source, destination, **overwrite)
        assert caught.value.errno == errno.ENOSPC
        np.testing.assert_array_equal(disk.load(f"{folder}/d/a.npy"), NOISE)
        assert disk.load(f"{tiny}/a.txt") == "old"
        assert os.listdir(tiny) == ["a.txt"]
        assert free(tiny) == before
