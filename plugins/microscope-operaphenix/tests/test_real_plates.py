"""Real plates, read as their makers described them, and left as they were."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import PlateReading, Skipped
from openhcs_host.errors import PlateError
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

COMPOSE = "pe-operetta-compose/operetta_plate"
MICROPROFILER = "pe-operetta-microprofiler/2026-05-01_plate_Measurement 1"
PHENIX = "pe-phenix-pe2loaddata-v1/Version1"
UZH = "pe-uzh-operetta-index"


def snapshot(root: Path) -> dict[str, tuple[str, int, int]]:
    found = {}
    for folder, _, files in os.walk(root):
        for path in [Path(folder), *(Path(folder) / name for name in files)]:
            status = path.stat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = (content, status.st_mtime_ns, status.st_size)
    return found


def facts(reading: PlateReading) -> tuple[object, ...]:
    return (
        reading.plate_name,
        reading.wells,
        reading.sites,
        reading.channel_names,
        reading.z_indexes,
        reading.timepoints,
        reading.grid,
    )


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", [COMPOSE, MICROPROFILER, PHENIX])
def test_every_file_is_accounted_for_and_nothing_is_touched(
    handler: OperaPhenixHandler, plates: Path, name: str, deep: bool
) -> None:
    before = snapshot(plates / name)
    reading = handler.read(plates / name, deep=deep)
    assert snapshot(plates / name) == before
    paths = [plane.path for plane in reading.planes]
    files = [path for path in before if Path(path).is_file()]
    metadata = [path for path in files if path.endswith(".xml")]
    assert len(files) == len(paths) + len(metadata) + reading.skipped.unrecognised
    assert all((plates / name / path).is_file() for path in paths)
    assert (len(set(paths)), reading.problems) == (len(paths), ())


@pytest.mark.parametrize("root", ["pe-operetta-compose", COMPOSE, f"{COMPOSE}/Images"])
@pytest.mark.parametrize("deep", [False, True])
def test_operetta_with_an_index(handler: OperaPhenixHandler, plates: Path, root: str, deep: bool) -> None:
    reading = handler.read(plates / root, deep=deep)
    expected = ("Test_Sample_BALL", ("C03",), (1, 2), {1: "Fluorescein (FITC)"}, (1,), (1,), (1, 2))
    assert facts(reading) == expected
    assert reading.pixel_size_um == pytest.approx(1.1959521619135234)
    assert reading.site_positions_um == {1: (-645.814, -645.814), 2: (645.814, -645.814)}
    assert (len(reading.planes), reading.z_step_um, reading.problems) == (2, None, ())


def test_operetta_without_an_index(handler: OperaPhenixHandler, plates: Path) -> None:
    reading = handler.read(plates / MICROPROFILER)
    name = "2026-05-01_plate_Measurement 1"
    assert facts(reading) == (name, ("B02", "D02"), (1, 3, 64), {1: None, 2: None}, (1, 2, 3), (1,), None)
    assert (len(reading.planes), reading.skipped) == (18, Skipped())
    assert (reading.pixel_size_um, reading.z_step_um, reading.site_positions_um) == (None, None, {})


def test_phenix_of_six_channels(handler: OperaPhenixHandler, plates: Path) -> None:
    reading = handler.read(plates / PHENIX)
    channels = {
        1: "Alexa 647",
        2: "Alexa 568",
        3: "488 long",
        4: "Alexa 488",
        5: "HOECHST 33342",
        6: "Brightfield",
    }
    assert facts(reading) == ("BR00121482", ("A01",), (1,), channels, (1,), (1,), (1, 1))
    assert reading.pixel_size_um == pytest.approx(0.5979760809567617)
    assert (len(reading.planes), reading.site_positions_um) == (6, {1: (0.0, 0.0)})
    assert reading.skipped == Skipped(unrecognised=2)


def test_an_index_alone_is_an_error_that_says_so(handler: OperaPhenixHandler, plates: Path) -> None:
    before = snapshot(plates / UZH)
    with pytest.raises(PlateError, match=r"Index\.idx\.xml' lists 1 plane, none of which has a file here"):
        handler.read(plates / UZH)
    assert snapshot(plates / UZH) == before


@pytest.mark.parametrize("name", [f"{COMPOSE}/Images", f"{PHENIX}/images", f"{UZH}/1w1p1c1z1t/Images"])
def test_an_index_cut_anywhere_gives_a_reading_with_a_problem(
    handler: OperaPhenixHandler, plates: Path, tmp_path: Path, name: str
) -> None:
    content = (plates / name / "Index.idx.xml").read_bytes()
    for path in (plates / name).glob("*.tiff"):
        (tmp_path / path.name).touch()
    (tmp_path / "r09c09f01p01-ch1sk1fk1fl1.tiff").touch()
    whole = handler.read(tmp_path)
    end = content.rindex(b">") + 1
    for cut in {*range(0, end, max(1, end // 150)), *range(0, 400, 7), *range(end - 60, end)}:
        (tmp_path / "Index.idx.xml").write_bytes(content[:cut])
        reading = handler.read(tmp_path)
        assert reading.planes == whole.planes
        assert any("is not read" in text or "is not complete" in text for text in reading.problems), cut
    (tmp_path / "Index.idx.xml").write_bytes(content[:end])
    assert not any("not complete" in text for text in handler.read(tmp_path).problems)
