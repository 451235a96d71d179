"""Folders and files that somebody made to do harm, or that a disk or a network cut short."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhcs_host import Host
from openhcs_host.errors import OpenHCSError, PlateError
from openhcs_host.files.tiff_headers import HeaderError
from openhcs_host.plates.opening import open_plate
from openhcs_microscope_imagexpress.handler import ImageXpressHandler
from openhcs_microscope_imagexpress.htd import LARGEST_HTD, parse_htd
from openhcs_microscope_imagexpress.metaseries import ImageHeader, read_header

Htd = Callable[..., bytes]
Image = Callable[..., Path]
Touch = Callable[..., Path]


def real_files(plates: Path, ending: str) -> list[Path]:
    """Return one real file of each content and kind of place."""
    return sorted(path for path in plates.glob("ix-*/**/*") if path.name.lower().endswith(ending))


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Say how many bytes were held at most since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_names_that_look_like_paths_are_names(
    handler: ImageXpressHandler, touch: Touch, tmp_path: Path
) -> None:
    names = [
        ".._A01_s1.TIF",
        "..\\..\\etc_A02_s1.TIF",
        "C:\\P_A03_s1.TIF",
        "~_A04_s1.TIF",
        "%2e%2e%2f_A05_s1.TIF",
    ]
    reading = handler.read(touch(*(f"plate/{name}" for name in names)) / "plate")
    assert sorted(plane.path for plane in reading.planes) == sorted(names)


def test_names_that_are_no_text_and_hold_line_breaks_stay_on_one_line(
    handler: ImageXpressHandler, tmp_path: Path
) -> None:
    for name in (
        b"\xff\xfe_A01_s1.TIF",
        b"a\nb\x1b[2J_A02_s1.TIF",
        b"\xed\xa0\x80.HTD",
        b"\xc3\x28_A03_s1.tif\n",
    ):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).touch()
    reading = handler.read(tmp_path, deep=True)
    assert reading.wells == ("A01", "A02")
    for problem in reading.problems:
        assert "\n" not in problem and "\x1b" not in problem
        problem.encode("utf-8")
    for plane in reading.planes:
        assert (tmp_path / plane.path).is_file()


def test_no_file_outside_the_plate_is_opened(
    handler: ImageXpressHandler, image: Image, htd: Htd, tmp_path: Path
) -> None:
    secret = image("secret/S_B01_s1.TIF", {"Description": "Plate Name: secret"})
    (tmp_path / "secret/S.HTD").write_bytes(htd(Description="secret", WaveName1="secret"))
    image("plate/P_A01_s1.TIF")
    plate = tmp_path / "plate"
    (plate / "P_B01_s1.TIF").symlink_to(secret)
    (plate / "P.HTD").symlink_to("../secret/S.HTD")
    (plate / "TimePoint_1").symlink_to("../secret")
    (plate / "ZStep_1").symlink_to(".")
    (plate / "loop_A02_s1.TIF").symlink_to("loop_A02_s1.TIF")
    reading = handler.read(plate, deep=True)
    assert [plane.path for plane in reading.planes] == ["P_A01_s1.TIF"]
    assert "secret" not in repr(reading).replace("'../secret", "")


def make_deep(root: Path, levels: int) -> None:
    """Nest folders deeper than a path can say, each made in the one before."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)


def test_folders_of_two_thousand_levels_end_the_reading_soon(
    handler: ImageXpressHandler, touch: Touch, tmp_path: Path
) -> None:
    root = touch("P_A01_s1.TIF")
    make_deep(root, 2000)
    try:
        start = time.perf_counter()
        with Host() as host:
            reading = open_plate(host, root)
        assert time.perf_counter() - start < 10
        assert reading.wells == ("A01",)
        assert reading.problems[0].startswith("folders more than 16 levels deep, not read: 'd/d/d/")
    finally:
        subprocess.run(["rm", "-rf", str(root / "d")], check=True)


def test_a_plate_description_of_absurd_sizes(
    handler: ImageXpressHandler, touch: Touch, htd: Htd, peak: Callable[[], int]
) -> None:
    root = touch("P_A01_s1_w1.TIF")
    numbers = dict.fromkeys(
        ("XWells", "YWells", "XSites", "YSites", "TimePoints", "ZSteps", "NWavelengths"), 10**9
    )
    wide = {f"WellsSelection{row}": [True] * 1000 for row in range(1, 41)}
    sites = {f"SiteSelection{row}": [True] * 48 for row in range(1, 33)}
    (root / "P.HTD").write_bytes(
        htd(**numbers, **wide, **sites, Sites=True, Waves=True, WaveName9999="x" * 100_000)
    )
    reading = handler.read(root)
    assert (reading.plate_shape, reading.grid, len(reading.missing)) == (None, None, 0)
    assert len(reading.problems) < 30
    assert all(len(problem) < 2000 for problem in reading.problems)
    assert peak() < 16 << 20


def test_a_plate_description_that_lists_more_than_can_be_kept(
    handler: ImageXpressHandler, touch: Touch, htd: Htd, peak: Callable[[], int]
) -> None:
    root = touch(*(f"TimePoint_{t}/P_A01_s1_w1.TIF" for t in range(1, 401)))
    wells = {f"WellsSelection{row}": [True] * 48 for row in range(1, 33)}
    sites = {f"SiteSelection{row}": [True] * 48 for row in range(1, 33)}
    lines = htd(XWells=48, YWells=32, Sites=True, **wells, **sites, Waves=False, TimePoints=999_999)
    (root / "P.HTD").write_bytes(lines)
    reading = handler.read(root)
    assert len(reading.missing) == 0
    assert any(
        "lists 614400 planes of each well, too many to be compared" in text for text in reading.problems
    )
    assert peak() < 16 << 20


def test_a_plate_description_of_one_long_line_is_refused(
    handler: ImageXpressHandler, touch: Touch, peak: Callable[[], int]
) -> None:
    root = touch("P_A01_s1_w1.TIF")
    line = b'"WellsSelection1", ' + b"TRUE," * 2_000_000
    (root / "P.HTD").write_bytes(line)
    tracemalloc.reset_peak()
    assert "HTD files that cannot be read: 'P.HTD' (too large)" in handler.read(root).problems
    assert peak() < len(line) + (8 << 20)
    (root / "P.HTD").write_bytes(line[:LARGEST_HTD])
    assert any("lies beyond" in text or "neither TRUE" in text for text in handler.read(root).problems)


def test_a_real_plate_description_cut_at_every_byte_is_read_as_far_as_it_goes(plates: Path) -> None:
    contents = {path.read_bytes() for path in real_files(plates, ".htd")}
    assert len(contents) == 2
    for whole in contents:
        full = parse_htd(whole)
        for end in range(len(whole)):
            found = parse_htd(whole[:end])
            assert set(found.wells) <= set(full.wells)
            assert found.problems or end >= len(whole.rstrip())
            assert found.wave_names.items() <= full.wave_names.items()


def cut(path: Path, copy: Path, offsets: list[int]) -> Iterator[ImageHeader | HeaderError]:
    """Read the header of a copy that is cut at each offset, from the end to the beginning."""
    shutil.copyfile(path, copy)
    for end in sorted(offsets, reverse=True):
        os.truncate(copy, end)
        try:
            yield read_header(str(copy))
        except HeaderError as error:
            yield error


@pytest.mark.parametrize(
    "place",
    [
        "ix-faim-projection-mix/**/ZStep_1/*_E07_s1_w1[0-9A-F]*.tif",
        "ix-faim-projection-mix/**/ZStep_1/*_E07_s1_w1_thumb*.tif",
        "ix-faim-timelapse/**/TimePoint_2/*_C07_s1_w2*.tif",
        "ix-zmb-export-3420/**/9987_B02.TIF",
        "ix-zmb-export-3433/**/ZStep_0/9987_B02_s1_w1.TIF",
    ],
)
def test_a_real_image_cut_at_any_byte_is_an_error_or_a_header(
    plates: Path, tmp_path: Path, place: str
) -> None:
    path = next(iter(sorted(plates.glob(place))))
    size = path.stat().st_size
    chosen = random.Random(4)
    offsets = [
        *range(16),
        *(chosen.randrange(size) for _ in range(300)),
        *(size - 1 - n * 97 for n in range(100)),
    ]
    whole = read_header(str(path))
    for found in cut(path, tmp_path / "cut.tif", offsets):
        if isinstance(found, HeaderError):
            assert "\n" not in str(found) and len(str(found)) < 400
        else:
            # What is still said is what the whole file says: nothing is made up from a part.
            assert found.tiff.kind == whole.tiff.kind
            assert found.metaseries == whole.metaseries or found.problem is not None


def test_a_plate_with_a_cut_image_is_read_and_the_deep_look_names_it(
    handler: ImageXpressHandler, plates: Path, tmp_path: Path
) -> None:
    shutil.copytree(
        plates / "ix-zmb-export-3433/9987_Plate_3433", tmp_path / "plate", copy_function=shutil.copyfile
    )
    victim = tmp_path / "plate/TimePoint_1/ZStep_2/9987_B03_s2_w2.TIF"
    os.truncate(victim, 100)
    assert len(handler.read(tmp_path / "plate").planes) == 24
    reading = handler.read(tmp_path / "plate", deep=True)
    assert len(reading.planes) == 24
    assert any("ZStep_2/9987_B03_s2_w2.TIF" in problem for problem in reading.problems)


def test_an_image_with_a_document_type_is_named_and_its_entities_stay_closed(
    handler: ImageXpressHandler, tmp_path: Path, peak: Callable[[], int]
) -> None:
    import numpy as np
    import tifffile

    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE MetaData [<!ENTITY l0 "lol">{levels}]><MetaData><prop id="Z Step" value="&l9;"/></MetaData>'
    tifffile.imwrite(tmp_path / "P_A01_s1.TIF", np.zeros((2, 2), "u2"), description=bomb, metadata=None)
    reading = handler.read(tmp_path)
    assert "document type" in reading.problems[0] and "P_A01_s1.TIF" in reading.problems[0]
    assert peak() < 16 << 20


def test_a_folder_without_planes_of_this_kind_never_raises_anything_else(
    handler: ImageXpressHandler, touch: Touch
) -> None:
    root = touch("x.jdce", "a/x.mxprotocol", "b/P.mlf", "b/P.mes", "P_T0001F001L01A01Z01C01.tif")
    with pytest.raises(PlateError) as caught:
        handler.read(root)
    assert isinstance(caught.value, OpenHCSError)
    for mark in (
        "'x.jdce' marks a plate of a newer ImageXpress system (HCS.ai)",
        "'b/P.mlf' marks a Yokogawa plate",
    ):
        assert f"{mark}, which this handler does not read" in str(caught.value)
