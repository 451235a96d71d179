"""A file never runs code, unless the caller asked for pickles by name."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from openhcs_host.errors import FormatError


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def trap(tmp_path):
    return tmp_path / "code-has-run"


@pytest.fixture
def array_file(trap):
    stream = io.BytesIO()
    np.save(stream, np.array([Malicious(str(trap))], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("extension", [".npy", ".npz", ".tif", ".png", ".jpg", ".csv", ".json", ".txt"])
def test_a_bare_pickle_under_any_extension_is_not_opened(disk, tmp_path, trap, extension):
    path = tmp_path / f"a{extension}"
    path.write_bytes(pickle.dumps(Malicious(str(trap))))
    with pytest.raises(FormatError):
        disk.load(path.as_posix())
    assert not trap.exists()


def test_npy_runs_code_only_when_asked_by_name(disk, tmp_path, trap, array_file):
    path = tmp_path / "a.npy"
    path.write_bytes(array_file)
    for options in ({}, {"allow_pickle": False}):
        with pytest.raises(FormatError, match="allow_pickle"):
            disk.load(path.as_posix(), **options)
    assert not trap.exists()
    disk.load(path.as_posix(), allow_pickle=True)
    assert trap.exists()  # the trap is a real one


@pytest.mark.parametrize("name", ["a.npy", "a", "a.pkl"])
def test_npz_never_runs_code(disk, tmp_path, trap, array_file, name):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, array_file)
    with pytest.raises(FormatError):
        disk.load(path.as_posix())
    with pytest.raises(TypeError, match="allow_pickle"):
        disk.load(path.as_posix(), allow_pickle=True)
    assert not trap.exists()


def test_bytes_are_only_bytes(disk, tmp_path, trap):
    content = pickle.dumps(Malicious(str(trap)))
    disk.save(content, (tmp_path / "a.bin").as_posix())
    assert disk.load((tmp_path / "a.bin").as_posix()) == content
    assert not trap.exists()
