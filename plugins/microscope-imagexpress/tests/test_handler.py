"""The handler: from a folder to a reading, and when there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host import Host
from openhcs_host.contracts.microscopes import Projection, Skipped
from openhcs_host.errors import PlateConflictError, PlateError
from openhcs_host.plates.opening import open_plate
from openhcs_microscope_imagexpress.handler import ImageXpressHandler

Touch = Callable[..., Path]
Image = Callable[..., Path]


def test_the_host_finds_it_and_reads_with_it(image: Image, tmp_path: Path) -> None:
    image("TimePoint_1/9987_B02_s1_w1.TIF", {"_IllumSetting_": "DAPI"})
    with Host() as host:
        reading = open_plate(host, tmp_path)
    assert (reading.microscope, reading.root, reading.plate_name) == ("imagexpress", tmp_path, "9987")
    assert [(plane.coordinates.well, plane.path) for plane in reading.planes] == [
        ("B02", "TimePoint_1/9987_B02_s1_w1.TIF")
    ]


def test_recognising_a_plate_imports_nothing_heavy(touch: Touch) -> None:
    root = touch("9987_B02_s1_w1.TIF")
    program = (
        "import sys\n"
        "from openhcs_host import Host\n"
        "from openhcs_host.plates.opening import detect_microscope\n"
        "with Host() as host:\n"
        f"    assert detect_microscope(host, {str(root)!r}) == 'imagexpress'\n"
        "assert 'openhcs_microscope_imagexpress.handler' in sys.modules\n"
        "heavy = {'numpy', 'tifffile', 'scipy', 'imagecodecs'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_planes_are_in_the_order_of_their_numbers(handler: ImageXpressHandler, touch: Touch) -> None:
    root = touch(
        *(
            f"TimePoint_{t}/ZStep_{z}/P_A{c:02d}_s{s}.TIF"
            for t in (1, 2, 10)
            for z in (1, 2, 10)
            for c in (1, 10)
            for s in (2, 11)
        )
    )
    reading = handler.read(root)
    orders = [plane.coordinates.order for plane in reading.planes]
    assert orders == sorted(orders)
    assert (reading.timepoints, reading.z_indexes, reading.sites) == ((1, 2, 10), (1, 2, 10), (2, 11))


def test_a_flat_folder(handler: ImageXpressHandler, touch: Touch) -> None:
    reading = handler.read(touch("P_A01_s1_w1.TIF", "P_A01_s1_w2.TIF", "P_A01_s1_w2_thumb.TIF", "Thumbs.db"))
    assert [plane.path for plane in reading.planes] == ["P_A01_s1_w1.TIF", "P_A01_s1_w2.TIF"]
    assert reading.skipped == Skipped(thumbnails=1, unrecognised=1)
    assert (reading.grid, reading.pixel_size_um, reading.channel_names) == (None, None, {1: None, 2: None})


def test_projections_stand_apart_and_are_counted(handler: ImageXpressHandler, touch: Touch) -> None:
    reading = handler.read(touch("ZStep_0/P_A01_w1.TIF", "ZStep_1/P_A01_w1.TIF", "P_A01_w10.TIF"))
    assert reading.projections == (
        Projection("A01", 1, 1, 1, "ZStep_0/P_A01_w1.TIF"),
        Projection("A01", 1, 10, 1, "P_A01_w10.TIF"),
    )
    assert reading.channel_names == {1: None, 10: None}
    assert (reading.skipped, len(reading.planes)) == (Skipped(projections=2), 1)


def test_a_1536_well_plate_is_ordered_by_row(handler: ImageXpressHandler, touch: Touch) -> None:
    reading = handler.read(touch("P_AF48.TIF", "P_B01.TIF", "P_AA01.TIF", "P_Z02.TIF", "TimePoint_1/x.txt"))
    assert reading.wells == ("B01", "Z02", "AA01", "AF48")


def test_names_of_channels_come_from_the_htd_then_from_headers(
    handler: ImageXpressHandler, image: Image, tmp_path: Path, htd: Callable[..., bytes]
) -> None:
    for channel in (1, 2):
        image(f"P_A01_w{channel}.TIF", {"_IllumSetting_": f"header {channel}"})
    (tmp_path / "P.HTD").write_bytes(htd(Waves=True, WaveName1="DAPI", XSites=3, YSites=2))
    reading = handler.read(tmp_path)
    assert reading.channel_names == {1: "DAPI", 2: "header 2"}
    assert reading.grid == (2, 3)
    assert reading.problems == ("'P.HTD' does not announce channels that have images: 2",)


def test_the_single_wave_names_channel_1(
    handler: ImageXpressHandler, touch: Touch, htd: Callable[..., bytes]
) -> None:
    root = touch("P_A01.TIF")
    (root / "P.HTD").write_bytes(htd(Waves=False, WaveName3="Cy5"))
    assert handler.read(root).channel_names == {1: "Cy5"}


def test_channels_of_one_name_are_said(handler: ImageXpressHandler, image: Image, tmp_path: Path) -> None:
    for channel in (1, 2):
        image(f"P_A01_w{channel}.TIF", {"_IllumSetting_": "FITC"})
    assert handler.read(tmp_path).problems == ("channels 1, 2 share the name 'FITC'",)


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (["a/My plate_A01_s1.TIF", "other.HTD"], "My plate"),
        (["a/A01_s1.TIF", "a/other.HTD"], "other"),
        (["Screen/2023-02-21/1334/TimePoint_1/ZStep_1/A01_s1.TIF"], "Screen"),
        (["x/P_Plate_3420/TimePoint_1/A01_s1.TIF"], "P_Plate_3420"),
        (["P_A01.TIF", "P_A02.TIF", "Q_A03.TIF"], "P"),
    ],
)
def test_the_plate_is_named_by_images_htd_or_folder(
    handler: ImageXpressHandler, touch: Touch, paths: list[str], name: str
) -> None:
    assert handler.read(touch(*paths)).plate_name == name


def test_without_any_name_the_root_gives_it(handler: ImageXpressHandler, touch: Touch) -> None:
    root = touch("run/TimePoint_1/A01_s1.TIF") / "run" / "TimePoint_1"
    assert handler.read(root).plate_name == "run"


def test_a_name_in_the_header_comes_before_the_folders(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    image("x/A01_s1.TIF", {"Description": "Plate Name: Screen 7\nFolder Name: x"})
    assert handler.read(tmp_path).plate_name == "Screen 7"


def test_a_name_that_is_no_text_does_not_stop_the_reading(
    handler: ImageXpressHandler, tmp_path: Path
) -> None:
    (tmp_path / "Z\udce4hlung_A01_s1.TIF").touch()
    reading = handler.read(tmp_path)
    assert reading.plate_name == "Z?hlung"
    "".join(reading.problems).encode("utf-8")


def test_a_folder_without_planes_is_an_error_that_says_what_was_found(
    handler: ImageXpressHandler, touch: Touch
) -> None:
    root = touch("P.HTD", "ZStep_0/P_A01.TIF", "P_A01_thumb.TIF", "a.txt", "b.txt")
    with pytest.raises(PlateError) as caught:
        handler.read(root)
    assert "Found: 1 projection, 1 thumbnail, 1 HTD file, 2 other files." in str(caught.value)


def test_an_empty_and_a_missing_folder_are_errors(handler: ImageXpressHandler, tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="Found: nothing"):
        handler.read(tmp_path)
    with pytest.raises(PlateError, match="cannot be read: No such file"):
        handler.read(tmp_path / "nowhere")


def test_two_acquisitions_below_one_root_are_a_conflict(handler: ImageXpressHandler, touch: Touch) -> None:
    with pytest.raises(PlateConflictError, match="name the folder of one of them as the plate"):
        handler.read(touch("P/2023-02-21/1/P_A01_s1.TIF", "P/2023-02-22/2/P_A01_s1.TIF"))


def test_projections_read_as_planes_are_said_with_and_without_the_deep_look(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    image("P_A01_w1.TIF", {"Z Projection Method": "Maximum"})
    for deep in (False, True):
        reading = handler.read(tmp_path, deep=deep)
        (problem,) = reading.problems
        assert "are projections" in problem
        assert len(reading.planes) == 1


def test_a_broken_file_is_found_by_the_deep_look_and_stays_a_plane(
    handler: ImageXpressHandler, image: Image, tmp_path: Path
) -> None:
    for column in range(1, 9):
        image(f"P_A{column:02d}_s1.TIF", {"stage-label": f"A{column:02d} : Site 1"})
    path = tmp_path / "P_A07_s1.TIF"
    path.write_bytes(path.read_bytes()[:100])
    assert handler.read(tmp_path).problems == ()
    reading = handler.read(tmp_path, deep=True)
    assert len(reading.planes) == 8
    assert reading.problems[0].startswith("images that cannot be read (1): 'P_A07_s1.TIF'")


def test_many_thousand_files_open_few_headers(handler: ImageXpressHandler, tmp_path: Path) -> None:
    for row in "ABCDEFGHIJKLMNOP":
        for column in range(1, 25):
            for site in range(1, 10):
                (tmp_path / f"P_{row}{column:02d}_s{site}_w1.TIF").touch()
    reading = handler.read(tmp_path)
    assert len(reading.planes) == 16 * 24 * 9
    (problem,) = reading.problems
    assert problem.startswith("27 of the 27 headers opened cannot be read")
