"""Processes killed at seeded moments while they write or move; a program, run by test_killed.py.

Everything is imported once. Each round forks a process that works until it is killed, and then looks at
what is visible. Prints, as JSON, how often it has seen what.
"""

import collections
import io
import json
import mmap
import os
import random
import shutil
import signal
import sys
import time
import traceback

import numpy as np

from openhcs_host import Host

HOST = Host()
DISK = HOST.backend("disk")
EXTENSIONS = (
    ".npy", ".npz", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".csv", ".json", ".txt", ".bin", ".zip"
)  # fmt: skip
SIDE = 320


def kill_after(delay, work):
    """Let a process work for ``delay`` seconds and kill it; return whether it had come to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the working process failed"
    return os.WIFEXITED(status)


def clear(folder):
    """Delete what unfinished work has left, which no listing shows, and return how much that was."""
    left = [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith(".")]
    assert not {os.path.basename(path) for path in left} & set(DISK.list_dir(folder))
    for path in left:
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    return len(left)


def data_of(extension, generation):
    """Return data that tells its generation in every part."""
    plane = np.full((SIDE, SIDE), generation, np.uint16) + np.arange(SIDE, dtype=np.uint16)
    table = [{"generation": generation, "row": row} for row in range(400)]
    others = {
        ".npz": {"plane": plane, "row": plane[0]}, ".jpg": plane.astype(np.uint8), ".jpeg": plane.astype(np.uint8),
        ".csv": table, ".json": table, ".txt": f"{generation}\n" * 9000,
        ".bin": plane.tobytes(), ".zip": plane.tobytes(),
    }  # fmt: skip
    return others.get(extension, plane)


def options_of(extension):
    return {"lossy": True} if extension in (".jpg", ".jpeg") else {}


def bytes_of(extension, generation):
    """Return what a whole file of this generation contains; every format is deterministic."""
    stream = io.BytesIO()
    HOST.format(extension).write(data_of(extension, generation), stream, **options_of(extension))
    return stream.getvalue()


def content_of(path):
    with open(path, "rb") as stream:
        return stream.read()


def writing(folder, durability, seed, rounds):
    """Overwrite a file of each format again and again, make new ones in between, and kill the writer."""
    disk = HOST.backend("disk", durability=durability)
    paths = [f"{folder}/old{extension}" for extension in EXTENSIONS]
    # Shared with the writer: the generation that each file had when its save returned.
    saved = np.frombuffer(mmap.mmap(-1, 8 * len(EXTENSIONS)), np.int64)

    def write(first):
        for step in range(first, 10**9):
            number = step % len(EXTENSIONS)
            extension, generation = EXTENSIONS[number], int(saved[number]) + 1
            data, options = data_of(extension, generation), options_of(extension)
            disk.save(data, paths[number], overwrite=True, **options)
            saved[number] = generation
            disk.save(data, f"{folder}/new-{generation}{extension}", **options)

    for number, extension in enumerate(EXTENSIONS):
        disk.save(data_of(extension, 0), paths[number], **options_of(extension))
    chance, seen = random.Random(seed), collections.Counter()
    for place in range(rounds):
        assert not kill_after(chance.uniform(0, 0.03), lambda place=place: write(place))
        visible = set(disk.list_files(folder))
        assert visible.issuperset(paths), "a file has vanished"
        for number, extension in enumerate(EXTENSIONS):
            old, content = int(saved[number]), content_of(paths[number])
            found = next((g for g in (old, old + 1) if content == bytes_of(extension, g)), None)
            assert found is not None, f"{paths[number]} is neither generation {old} nor the next"
            seen["old" if found == old else "new before its save returned"] += 1
            saved[number] = found
        for path in visible.difference(paths):
            stem, extension = os.path.splitext(path)
            assert content_of(path) == bytes_of(extension, int(stem.rpartition("-")[2])), path
            os.unlink(path)
            seen["new names"] += 1
        seen["rounds with something unfinished"] += clear(folder) > 0
    return seen


def tree_of(path):
    """Return all that is below a directory, or the one file, with content."""
    if os.path.isfile(path):
        return {"": content_of(path)}
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            place = os.path.join(folder, name)
            islink = os.path.islink(place)
            found[os.path.relpath(place, path)] = os.readlink(place) if islink else content_of(place)
    return found


def put(template, source, target):
    """Make a copy of the template the source of a move, with nothing at its target."""
    for path in (source, target):
        if os.path.lexists(path):
            DISK.delete(path, recursive=True)
    if os.path.isfile(template):
        shutil.copyfile(template, source)
    else:
        shutil.copytree(template, source, symlinks=True)


def moving(here, there, seed, rounds):
    """Move a file and a directory from one file system to another and back, and kill the mover."""
    chance, seen = random.Random(seed), collections.Counter()
    for kind in ("file", "tree"):
        template = f"{here}/{kind}-template"
        if kind == "file":
            DISK.save(chance.randbytes(6 << 20), template + ".bin")
            os.rename(template + ".bin", template)
        else:
            for number in range(20):
                DISK.save(chance.randbytes(200_000), f"{template}/{number % 3}/{number}.bin")
            os.symlink("0/0.bin", f"{template}/link.bin")
        whole = tree_of(template)
        for source, target in ((f"{here}/{kind}", f"{there}/{kind}"), (f"{there}/{kind}", f"{here}/{kind}")):
            put(template, source, target)
            start = time.perf_counter()
            DISK.move(source, target)
            span = time.perf_counter() - start
            for _ in range(rounds):
                put(template, source, target)
                kill_after(chance.uniform(0, span), lambda s=source, t=target: DISK.move(s, t))
                arrived = os.path.lexists(target)
                # However busy the machine is, about half of the kills come before the arrival.
                span *= 0.8 if arrived else 1.25
                assert tree_of(target if arrived else source) == whole
                # What is being deleted after it has arrived may be gone in part, but no file of it is torn.
                assert tree_of(source).items() <= whole.items()
                seen[f"{kind} {'arrived' if arrived else 'stayed'}"] += 1
                seen[f"{kind} in both places"] += arrived and os.path.lexists(source)
                seen["rounds with something unfinished"] += clear(here) + clear(there) > 0
    return seen


if __name__ == "__main__":
    name, *arguments, chosen_seed, count = sys.argv[1:]
    program = {"writing": writing, "moving": moving}[name]
    sys.stdout.write(json.dumps(program(*arguments, int(chosen_seed), int(count))))
