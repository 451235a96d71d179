"""Atomic writes: the old content or the new, whoever is killed when."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from openhcs_host.files import atomic
from openhcs_host.files.atomic import atomic_write, is_temporary, temporary_name


def test_content_appears_when_the_block_ends(tmp_path):
    path = str(tmp_path / "new" / "a.bin")
    with atomic_write(path) as stream:
        stream.write(b"one")
        assert not os.path.exists(path)
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"one"
    assert os.listdir(tmp_path / "new") == ["a.bin"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_error_in_the_block_leaves_everything_as_it_was(tmp_path, overwrite):
    path = tmp_path / "a.bin"
    if overwrite:
        path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_write(str(path), overwrite=overwrite) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert os.listdir(tmp_path) == (["a.bin"] if overwrite else [])
    assert not overwrite or path.read_bytes() == b"old"


def test_an_existing_name_is_refused_also_when_it_comes_into_being_meanwhile(tmp_path):
    path = tmp_path / "a.bin"
    with pytest.raises(FileExistsError), atomic_write(str(path)) as stream:
        stream.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_dangling_link_counts_as_existing(tmp_path):
    os.symlink("nowhere", tmp_path / "a.bin")
    with pytest.raises(FileExistsError), atomic_write(str(tmp_path / "a.bin")):
        pass


def test_a_file_among_the_parents_is_not_a_directory(tmp_path):
    (tmp_path / "f").write_bytes(b"")
    for path in ("f/a.bin", "f/d/a.bin"):
        with pytest.raises(NotADirectoryError), atomic_write(str(tmp_path / path)):
            pass


def test_a_directory_is_not_replaced(tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(IsADirectoryError), atomic_write(str(tmp_path / "d"), overwrite=True) as stream:
        stream.write(b"x")
    assert os.listdir(tmp_path) == ["d"]


def test_a_directory_is_called_one_also_without_overwriting(tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(IsADirectoryError), atomic_write(str(tmp_path / "d")):
        pass


def test_the_longest_name_that_a_file_may_have_can_be_written(tmp_path):
    name = "日" * 80 + ".bin"  # 244 bytes
    with atomic_write(str(tmp_path / name)) as stream:
        stream.write(b"x")
    assert os.listdir(tmp_path) == [name]


def test_temporary_names_are_known_as_such():
    one, other = (os.path.basename(temporary_name("/data")) for _ in range(2))
    assert one != other and is_temporary(one) and not is_temporary("a.openhcs-part")


def test_new_files_have_the_permissions_of_ordinary_files(tmp_path):
    old = os.umask(0o022)
    try:
        with atomic_write(str(tmp_path / "a"), power=True) as stream:
            stream.write(b"x")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_where_hard_links_are_not_to_be_had_a_new_name_is_still_refused_or_whole(tmp_path, monkeypatch):
    def no_links(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a.bin"
    with atomic_write(str(path)) as stream:
        stream.write(b"one")
    with pytest.raises(FileExistsError), atomic_write(str(path)) as stream:
        stream.write(b"two")
    assert path.read_bytes() == b"one" and os.listdir(tmp_path) == ["a.bin"]


def test_a_replace_that_fails_after_the_name_was_reserved_gives_it_back(tmp_path, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError), atomic_write(str(tmp_path / "a.bin")) as stream:
        stream.write(b"one")
    assert os.listdir(tmp_path) == []


def test_power_flushes_the_names_of_new_parents_too(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(atomic, "sync_directory", flushed.append)
    with atomic_write(str(tmp_path / "new" / "deep" / "a.bin"), power=True) as stream:
        stream.write(b"one")
    assert flushed == [str(tmp_path / "new"), str(tmp_path), str(tmp_path / "new" / "deep")]
    flushed.clear()
    with atomic_write(str(tmp_path / "other" / "a.bin")) as stream:
        stream.write(b"one")
    assert flushed == []


WRITER = """
import sys
from openhcs_host.files.atomic import atomic_write
size = 200_000
for number in range(1, 10**9):
    with atomic_write(sys.argv[1], overwrite=True) as stream:
        for _ in range(20):
            stream.write(bytes([number % 256]) * (size // 20))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "a.bin"
    rng = random.Random(3)
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 200_000 and len(set(content)) == 1
    leftovers = [name for name in os.listdir(tmp_path) if name != "a.bin"]
    assert all(is_temporary(name) for name in leftovers)
