"""Saves wells in processes that are killed at seeded moments, and looks at what is left. Run by tests.

The writers are forked from a process that never reads, since tensorstore does not survive a fork; another process
looks at what they leave, each time with a backend of its own.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numcodecs  # noqa: F401 - before the forks, so that a kill hits writing and not importing
import numpy as np

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name

PLACES = [(site, channel) for site in (1, 2, 3) for channel in (1, 2)]


def names(images):
    return [f"{images}/{image_name(Coordinates('B02', site, channel))}" for site, channel in PLACES]


def planes(seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 4000, (300, 300), dtype=np.uint16) for _ in PLACES]


def write(zarr, images, first, count=1000):
    """Replace the well, replace its planes, rewrite one and delete one, again and again with new pixels."""
    paths = names(images)
    for seed in range(first, first + count):
        if seed % 2:
            with zarr.open_well(images, "B02", overwrite=True) as sink:
                for start in (0, 2, 4):
                    sink.save_batch(planes(seed)[start : start + 2], paths[start : start + 2])
        else:
            zarr.save_batch(planes(seed), paths, overwrite=True)
        zarr.save(planes(-seed % 10_000)[0], paths[0], overwrite=True)
        zarr.delete(paths[-1])


def states(images, seed):
    """Yield what the well may hold after the save number ``seed``, moment by moment."""
    found = dict(zip(names(images), planes(seed), strict=True))
    yield dict(found)
    found[names(images)[0]] = planes(-seed % 10_000)[0]
    yield dict(found)
    del found[names(images)[-1]]
    yield found


def look(images, first):
    """Return which save is there, 0 for none; raise if the well is a mixture, or the plate not valid."""
    with Host() as host:
        zarr = host.backend("zarr")
        there = zarr.list_files(images) if zarr.is_dir(images) else []
        found = dict(zip(there, zarr.load_batch(there), strict=True))
    left = [name for name in os.listdir(images) if "openhcs-part" in name] if os.path.isdir(images) else []
    assert not left, left
    if not found:
        return 0
    problems = validate(LocalReader(images))
    assert not problems, problems
    for seed in range(max(1, first - 30), first + 60):
        for state in states(images, seed):
            same = found.keys() == state.keys()
            if same and all(np.array_equal(found[path], state[path]) for path in found):
                return seed
    raise AssertionError(f"these planes were never saved together: {sorted(found)}")


def killed(folder, seed, rounds, options):
    """Kill a writer at seeded moments, again and again over one plate."""
    chance, seen = random.Random(seed), {"unfinished": 0, "saves": [], "errors": []}
    images, first = f"{folder}/images", 1
    looker = subprocess.Popen(
        [sys.executable, __file__, "look"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    zarr = Host().backend("zarr", **options)
    start = time.perf_counter()
    os.waitpid(forked(lambda: write(zarr, f"{folder}/warm/images", 1, 2)), 0)
    span = time.perf_counter() - start
    for _ in range(rounds):
        child = forked(lambda number=first: write(zarr, images, number))
        time.sleep(chance.uniform(0, span))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        there = os.listdir(images) if os.path.isdir(images) else []
        seen["unfinished"] += any("openhcs-part" in name for name in there)
        looker.stdin.write(json.dumps([images, first]) + "\n")
        looker.stdin.flush()
        answer = json.loads(looker.stdout.readline())
        if isinstance(answer, str):
            seen["errors"].append(answer)
            break
        seen["saves"].append(answer)
        # However busy the machine is, about half of the kills come after something was saved.
        span *= 0.9 if answer >= first else 1.2
        first = max(first, answer + 1)
    looker.stdin.close()
    looker.wait()
    return seen


def forked(work):
    """Do work in a process of its own, and return its number."""
    assert "tensorstore" not in sys.modules
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return child


def answer_forever():
    for line in sys.stdin:
        try:
            answer = look(*json.loads(line))
        except Exception as error:
            answer = repr(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "look":
        answer_forever()
    else:
        place, start, count, chosen = sys.argv[2:]
        sys.stdout.write(json.dumps(killed(place, int(start), int(count), json.loads(chosen))))
