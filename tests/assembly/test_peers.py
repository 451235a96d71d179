"""Programs that we did not write open every field of what we write, and see equal pixels and metadata.

They live in an environment of their own: `make peers`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from openhcs_convert import convert_plate
from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import parse_well
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.plates import open_plate

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
PROGRAMS = ("tensorstore", "ome-zarr-py", "ngio", "iohub", "bioio", "ome-zarr-models", "yaozarrs")
PLATES = ("ix-zmb-export-3433", "pe-phenix-pe2loaddata-v1")


@pytest.fixture(scope="session", autouse=True)
def environment() -> None:
    """Skip visibly where the programs are not installed, unless they must be."""
    if not PYTHON.exists():
        reason = "the environment of other programs is missing; `make peers` makes it"
        if os.environ.get("OPENHCS_REQUIRE_PEERS"):
            pytest.fail(reason)
        pytest.skip(reason)


def fields(host: Host, reading: PlateReading) -> list[dict[str, object]]:
    """Return what every program should see of each field, from the plate that was converted."""
    files, found = FileManager(host), []
    for well, paths in reading.planes.by_well.items():
        for site in sorted({place[0] for place in paths}):
            places = [place for place in paths if place[0] == site]
            channels, planes, times = (sorted({place[n] for place in places}) for n in (1, 2, 3))
            pixels = np.array(
                [
                    [
                        [files.load(reading.root / paths[site, c, z, t], "disk") for z in planes]
                        for c in channels
                    ]
                    for t in times
                ]
            )
            pixel, step = reading.pixel_size_um or 1.0, reading.z_step_um or 1.0
            row = well.rstrip("0123456789")
            found.append(
                {
                    "path": f"{row}/{parse_well(well)[1]:02d}/{site}",
                    "shape": list(pixels.shape),
                    "dtype": str(pixels.dtype),
                    "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
                    "channels": [reading.channel_names[c] for c in channels],
                    "scale": [1.0, 1.0, step, pixel, pixel],
                }
            )
    return found


@pytest.fixture(
    scope="session", params=[(plate, ngff) for plate in PLATES for ngff in ("0.4", "0.5")], ids="-".join
)
def store(request, plates, tmp_path_factory) -> tuple[Path, Path]:
    """Convert a real plate, and write down what it holds."""
    name, ngff = request.param
    folder = tmp_path_factory.mktemp("peers")
    with Host() as host:
        reading = open_plate(host, plates / name)
        done = convert_plate(
            host, reading, folder / "plate.zarr", options={"ngff_version": ngff, "pyramid": 1}
        )
        assert not done.failures
        (folder / "fields.json").write_text(json.dumps(fields(host, reading)), encoding="utf-8")
    return folder / "plate.zarr", folder / "fields.json"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_field_opens_with_equal_pixels_and_metadata(store, program):
    script = ROOT / "tests" / "peers" / "open_with.py"
    done = subprocess.run([PYTHON, script, program, *store], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["program"] == program and said["differences"] == []


@pytest.mark.parametrize("ngff", ["0.4", "0.5"])
@pytest.mark.parametrize("program", ["ome-zarr-py", "iohub", "ngio"])
def test_the_plates_that_they_write_are_plates(tmp_path, program, ngff):
    script = ROOT / "tests" / "peers" / "write_with.py"
    command = [PYTHON, script, program, ngff, tmp_path / "theirs.zarr"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with Host() as host:
        reading, files = open_plate(host, tmp_path / "theirs.zarr"), FileManager(host)
        assert (reading.microscope, reading.wells, reading.sites) == ("openhcsdata", ("B03", "C11"), (1, 2))
        assert len(reading.planes) == 2 * 2 * 2 * 3
        if program != "ome-zarr-py":  # it writes neither units nor names
            assert (reading.pixel_size_um, reading.z_step_um) == (0.65, 2.0)
            assert reading.channel_names == {1: "DAPI", 2: "FITC"}
        for plane in reading.planes:
            here = plane.coordinates
            number = 2 * reading.wells.index(here.well) + here.site - 1
            first = 10_000 * number + 320 * (3 * (here.channel - 1) + here.z_index - 1)
            expected = np.arange(first, first + 320, dtype=np.uint16).reshape(16, 20)
            assert np.array_equal(files.load(reading.root / plane.path, reading.backend), expected)


@pytest.mark.parametrize(
    ("program", "ngff"),
    # ome-zarr-models 1.7 refuses every array of 0.4, images' as well as labels'.
    [("ngio", "0.4"), ("ngio", "0.5"), ("yaozarrs", "0.4"), ("yaozarrs", "0.5"), ("ome-zarr-models", "0.5")],
)
def test_labels_beside_an_image_are_read(tmp_path, program, ngff):
    root = f"{tmp_path.as_posix()}/plate"
    names = [f"{root}/B02_s001_w{c}_z00{z}_t001.tif" for c in (1, 2) for z in (1, 2)]
    labels = np.arange(2 * 24 * 32, dtype=np.uint32).reshape(1, 2, 24, 32)
    with Host() as host:
        zarr = host.backend("zarr", ngff_version=ngff, pyramid=1)
        zarr.save_batch([np.full((24, 32), number, np.uint16) for number in range(4)], names)
        zarr.save_batch(list(labels[0]), names[:2], label="nuclei")
    np.save(tmp_path / "expected.npy", labels)
    script = ROOT / "tests" / "peers" / "open_labels_with.py"
    command = [PYTHON, script, program, f"{root}/B/02/1", tmp_path / "expected.npy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
