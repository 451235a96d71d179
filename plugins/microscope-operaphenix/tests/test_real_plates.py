"""Real plates, read as their makers described them, and left as they were."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import Channel, Objective, PlateReading, Skipped
from openhcs_host.errors import FormatError, PlateError
from openhcs_host.files.tiff_headers import HeaderError
from openhcs_host.testing.plate_folders import snapshot
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler
from openhcs_microscope_operaphenix.headers import ImageHeader, read_header
from openhcs_microscope_operaphenix.index import IndexFile

COMPOSE = "pe-operetta-compose/operetta_plate"
MICROPROFILER = "pe-operetta-microprofiler/2026-05-01_plate_Measurement 1"
PHENIX = "pe-phenix-pe2loaddata-v1/Version1"
UZH = "pe-uzh-operetta-index"


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
    files = [path for path in before if (plates / name / path).is_file()]
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
    assert reading.channels == {
        1: Channel(name="Fluorescein (FITC)", excitation_nm=475.0, emission_nm=525.0, exposure_ms=6.0)
    }
    assert reading.objective == Objective(magnification=10.0, numerical_aperture=0.3)
    assert (reading.plate_shape, reading.plate_type) == ((16, 24), "384 Greiner µClear")
    assert reading.started == datetime.fromisoformat("2022-12-19T10:19:26.58+01:00")
    assert reading.started.utcoffset() == datetime.fromisoformat("2022-12-19T10:19:26+01:00").utcoffset()
    assert (reading.time_offsets_s, reading.z_positions_um) == ({1: 0.0}, {1: 20.0})
    assert (len(reading.missing), reading.well_site_positions_um) == (0, {})


def test_operetta_without_an_index(handler: OperaPhenixHandler, plates: Path) -> None:
    reading = handler.read(plates / MICROPROFILER)
    name = "2026-05-01_plate_Measurement 1"
    assert facts(reading) == (name, ("B02", "D02"), (1, 3, 64), {1: None, 2: None}, (1, 2, 3), (1,), None)
    assert (len(reading.planes), reading.skipped) == (18, Skipped())
    assert (reading.pixel_size_um, reading.z_step_um, reading.site_positions_um) == (None, None, {})
    assert reading.channels == {1: Channel(), 2: Channel()}
    assert (reading.objective, reading.plate_shape, reading.plate_type) == (None, None, None)
    assert (reading.started, reading.time_offsets_s, reading.z_positions_um) == (None, {}, {})


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
    assert reading.objective == Objective(magnification=20.0, numerical_aperture=1.0)
    assert (reading.plate_shape, reading.plate_type) == ((16, 24), "384 PerkinElmer CellCarrier Ultra")
    assert reading.started == datetime.fromisoformat("2021-03-29T16:55:28.987-04:00")


def test_an_index_alone_is_an_error_that_says_so(handler: OperaPhenixHandler, plates: Path) -> None:
    before = snapshot(plates / UZH)
    with pytest.raises(PlateError, match=r"Index\.idx\.xml' lists 1 plane, none of which has a file here"):
        handler.read(plates / UZH)
    assert snapshot(plates / UZH) == before


INDEXES = (f"{COMPOSE}/Images", f"{PHENIX}/images", f"{UZH}/1w1p1c1z1t/Images")


def cuts(content: bytes, number: int) -> list[int]:
    """Every byte, or of a larger file its ends and as many offsets between them as asked for."""
    end = content.rindex(b">") + 1
    between = random.Random(7).sample(range(end), min(number, end))
    return sorted({*range(60), *between, *range(end - 60, end)})


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_cut_anywhere_is_read_up_to_there_and_an_error(
    plates: Path, tmp_path: Path, name: str
) -> None:
    content, path = (plates / name / "Index.idx.xml").read_bytes(), tmp_path / "Index.idx.xml"
    whole = list(IndexFile(str(plates / name / "Index.idx.xml")).records())
    path.write_bytes(content)
    for cut in reversed(cuts(content, 6000 if len(content) < 6000 else 500)):
        os.truncate(path, cut)
        found = []
        with pytest.raises(FormatError):
            for record in IndexFile(str(path)).records():
                found.append(record)
        assert found == whole[: len(found)], cut


@pytest.mark.parametrize("name", INDEXES)
def test_a_plate_whose_index_is_cut_has_the_same_images_and_a_problem(
    handler: OperaPhenixHandler, plates: Path, tmp_path: Path, name: str
) -> None:
    content = (plates / name / "Index.idx.xml").read_bytes()
    for path in (plates / name).glob("*.tiff"):
        (tmp_path / path.name).touch()
    (tmp_path / "r09c09f01p01-ch1sk1fk1fl1.tiff").touch()
    whole = handler.read(tmp_path)
    for cut in cuts(content, 300):
        (tmp_path / "Index.idx.xml").write_bytes(content[:cut])
        reading = handler.read(tmp_path)
        assert reading.planes == whole.planes
        assert any("is not read" in text or "is not complete" in text for text in reading.problems), cut
    (tmp_path / "Index.idx.xml").write_bytes(content)
    assert not any("not complete" in text for text in handler.read(tmp_path).problems)


def cut_copies(real: Path, copy: Path) -> Iterator[tuple[int, ImageHeader | HeaderError]]:
    """Read the header of a copy that is cut at 300 drawn offsets and near both ends, from the end on."""
    shutil.copyfile(real, copy)
    size = real.stat().st_size
    drawn = random.Random(7).sample(range(size), 300)
    for cut in sorted({*range(60), *drawn, *range(size - 60, size)}, reverse=True):
        os.truncate(copy, cut)
        try:
            yield cut, read_header(str(copy))
        except HeaderError as error:
            yield cut, error


@pytest.mark.parametrize("name", [COMPOSE, MICROPROFILER, PHENIX])
def test_an_image_cut_anywhere_is_an_error_or_has_the_header_of_the_whole(
    plates: Path, tmp_path: Path, name: str
) -> None:
    real = sorted((plates / name).rglob("*.tiff"))[0]
    whole = read_header(str(real))
    for cut, found in cut_copies(real, tmp_path / real.name):
        if isinstance(found, HeaderError):
            assert found.reason and "\n" not in found.reason, cut
        else:
            # What is still said is what the whole file says: nothing is made up from a part.
            assert found.tiff.kind == whole.tiff.kind, cut
            assert found == whole or found.problem is not None, cut


@pytest.mark.parametrize("name", [COMPOSE, MICROPROFILER, PHENIX])
def test_a_cut_image_is_named_by_the_deep_look(
    handler: OperaPhenixHandler, plates: Path, tmp_path: Path, name: str
) -> None:
    real = sorted((plates / name).rglob("*.tiff"))[0]
    shutil.copyfile(real, tmp_path / real.name)
    for cut in (real.stat().st_size - 1, 5000, 200, 8, 1, 0):
        os.truncate(tmp_path / real.name, cut)
        reading = handler.read(tmp_path, deep=True)
        (problem,) = reading.problems
        assert len(reading.planes) == 1 and repr(real.name) in problem, cut
