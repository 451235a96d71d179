"""Whole plates of both vendors with names, folders and bytes mutated: read, or refused with a clear error.

``OPENHCS_FUZZED_PLATES`` sets how many plates of each vendor are tried.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path, PurePosixPath

import pytest

from openhcs_demo.plates import HarmonyTraps, ImageXpressTraps, Plate, write_harmony, write_imagexpress
from openhcs_demo.scene import noise_images
from openhcs_host import Host
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import OpenHCSError
from openhcs_host.plates import open_plate, virtual_paths

NUMBER = int(os.environ.get("OPENHCS_FUZZED_PLATES", "150"))
SMALL = {"height": 2, "width": 3, "channels": {1: Channel(name="DAPI"), 2: Channel(name="µ, x")}}
IMAGEXPRESS = [
    (Plate(planes=2, **SMALL), ImageXpressTraps(htd="everywhere", projections="ZStep_0")),
    (Plate(timepoints=2, **SMALL), ImageXpressTraps(layout="database", guid="upper", thumbnails="_thumb_")),
    (Plate(planes=2, **SMALL), ImageXpressTraps(layout="flat", z="after", htd_line_break=True, strays=True)),
]
HARMONY = [
    (Plate(planes=2, **SMALL), HarmonyTraps(compression="mixed")),
    (Plate(timepoints=2, **SMALL), HarmonyTraps(version=7, index="parent", measurement_folder=True)),
    (Plate(grid=(1, 2), **SMALL), HarmonyTraps(version=4, names="digits", index=None)),
]
WORDS = [
    "..",
    "/etc",
    "_",
    "A01",
    "r01c01",
    "f01p01",
    "ch1",
    "sk0",
    "_s999999999999",
    "w2",
    "ZStep_0",
    "TimePoint_1",
]
WORDS += [
    "\n",
    "\0",
    "\udcff",
    "µ",
    ".tif",
    ".TIFF",
    "-",
    "[",
    "é" * 60,
    "9" * 30,
    "0",
    "._",
    "Index.idx.xml",
    ".HTD",
]
BYTES = [
    b"../../../etc/passwd",
    b"\0",
    b"\xff\xfe",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"<URL>",
    b"</Image>",
]
BYTES += [
    b'"',
    b"TRUE",
    b"FALSE, ",
    b"999999999999999999999",
    b"-1",
    b"1e999",
    b"nan",
    b"<",
    b">",
    b"\x82\x81",
    b"\r\n",
]


@pytest.fixture(scope="module")
def host():
    with Host() as host:
        yield host


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A file that no plate may show."""
    secret = tmp_path_factory.mktemp("outside") / "P_A01_s1_w1.TIF"
    secret.write_bytes(b"secret")
    return secret


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Each plate as path to content."""
    found = {}
    for write, plates in ((write_imagexpress, IMAGEXPRESS), (write_harmony, HARMONY)):
        for number, (plate, traps) in enumerate(plates):
            root = tmp_path_factory.mktemp("whole") / f"{write.__name__}{number}"
            write(root, plate, noise_images(plate, number), traps)
            files = (path for path in sorted(root.rglob("*")) if path.is_file())
            content = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
            found.setdefault(write.__name__, []).append(content)
    return found


def name_mutated(rng, path):
    """Change, move or lose a part of a path."""
    parts = list(PurePosixPath(path).parts) or [""]
    place = rng.choice([len(parts) - 1, rng.randrange(len(parts))])
    name = parts[place]
    at, end = sorted((rng.randint(0, len(name)), rng.randint(0, len(name))))
    kind = rng.randrange(6)
    if kind == 0:
        name = name[:at] + name[end:]
    elif kind == 1:
        name = name[:at] + rng.choice(WORDS) + name[at:]
    elif kind == 2:
        name = name[:at] + str(rng.choice([0, 1, 2, 15, 10**7])) + name[at + 1 :]
    elif kind == 3:
        name = name.swapcase() if rng.random() < 0.5 else name[:at] + name[at:end].swapcase() + name[end:]
    elif kind == 4:
        parts.insert(place, rng.choice(WORDS))
    elif len(parts) > 1:
        del parts[rng.randrange(len(parts) - 1)]
        place = len(parts) - 1
    parts[place] = name
    return "/".join(parts)


def bytes_mutated(rng, content):
    """Cut, repeat, overwrite or insert."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        kind = rng.randrange(5)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            del data[at : min(end, at + 40)]
        elif kind == 2:
            data[at:at] = rng.choice(BYTES)
        elif kind == 3:
            data[at : at + 8] = rng.randbytes(8)
        else:
            data[at:at] = data[at : min(end, at + 2000)]
    return bytes(data)


def make(rng, root, files, outside):
    """Write a mutation of the plate; what a file system refuses is left out."""
    files = dict(files)
    links = {}
    for _ in range(rng.randint(1, 6)):
        # Metadata is one file of dozens, and the one that most is read from.
        telling = [path for path in files if not path.lower().endswith((".tif", ".tiff"))]
        path = rng.choice(telling if telling and rng.random() < 0.5 else sorted(files))
        kind = rng.randrange(5)
        if kind < 2:
            files[path] = bytes_mutated(rng, files[path])
        elif kind < 4:
            content = files[path] if rng.random() < 0.3 else files.pop(path)
            files[name_mutated(rng, path)] = content
        else:
            links[path] = rng.choice([outside, outside.parent, root, root / "nowhere", Path("/dev/zero")])
        if not files:
            break
    for path, content in files.items():
        target = Path(os.path.normpath(root / path.lstrip("/").replace("\0", "")))
        if root not in target.parents:
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(links[path]) if path in links else target.write_bytes(content)
        except (OSError, UnicodeEncodeError):
            continue  # too long a name, or a folder where a file is to be
    root.mkdir(exist_ok=True)


def check(host, root, microscope, deep):
    """Read the plate and say whether that succeeded; a reading must be consistent and stay inside."""
    try:
        reading = open_plate(host, root, microscope=microscope, deep=deep)
    except (OpenHCSError, OSError) as error:
        assert str(error) and "it failed (" not in str(error)
        return False
    inside = os.path.realpath(root) + os.sep
    paths = [plane.path for plane in reading.planes] + [projection.path for projection in reading.projections]
    for path in paths:
        real = os.path.realpath(root / path)
        assert real.startswith(inside) and os.path.isfile(real), path
    for plane in reading.missing:
        assert os.path.normpath(root / plane.path).startswith(os.path.normpath(root)), plane
    assert len(set(paths)) == len(paths) == len(virtual_paths(reading))
    assert not {plane.coordinates for plane in reading.planes} & {
        plane.coordinates for plane in reading.missing
    }
    assert all(isinstance(problem, str) and problem.isprintable() for problem in reading.problems)
    return True


@pytest.mark.parametrize("vendor", ["write_imagexpress", "write_harmony"])
def test_a_mutated_plate_is_read_or_refused_and_never_left(host, written, outside, tmp_path, vendor):
    outcomes = {True: 0, False: 0}
    for seed in range(NUMBER):
        rng = random.Random(seed)
        root = tmp_path / "plate"
        make(rng, root, rng.choice(written[vendor]), outside)
        try:
            for microscope in (None, "imagexpress", "opera_phenix"):
                outcomes[check(host, root, microscope, deep=rng.random() < 0.5)] += 1
        except Exception as error:
            error.add_note(f"{vendor}, seed {seed}")
            raise
        shutil.rmtree(root)
    # Were most refused at once, or none harmed at all, nothing would be tried.
    assert min(outcomes.values()) > 0.1 * NUMBER
