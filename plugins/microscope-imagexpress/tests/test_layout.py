"""The walk: which folders count, what lies where, and what is never followed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host.errors import PlateError
from openhcs_microscope_imagexpress.layout import Layout, folder_number, walk

Touch = Callable[..., Path]


def places(root: Path) -> dict[str, tuple[int | None, int | None, bool]]:
    return {
        folder.path: (folder.timepoint, folder.z_index, folder.holds_projections)
        for folder in walk(root).folders
    }


def names(layout: Layout) -> list[str]:
    images = (pairs for folder in layout.folders for pairs in folder.images.values())
    return [os.path.basename(path) for pairs in images for path in pairs[1::2]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TimePoint_1", (1, None)),
        ("Timepoint_12", (12, None)),
        ("timepoint_3", (3, None)),
        ("ZStep_0", (None, 0)),
        ("zstep_10", (None, 10)),
        ("ZStep_", (None, None)),
        ("ZStep_1_old", (None, None)),
        ("2023-02-21", (None, None)),
        ("TimePoint_1234567", (None, None)),
    ],
)
def test_numbers_of_folders(name: str, expected: tuple[int | None, int | None]) -> None:
    assert folder_number(name) == expected


@pytest.mark.parametrize(
    "above",
    [
        "",
        "P/",
        "P/2023-02-21/1334/",
        "a/b/c/P_Plate_7/",
        "2015-07-31 val screen/val screen/HCC/2015-07-31/4014/",
    ],
)
def test_the_levels_above_do_not_matter(touch: Touch, above: str) -> None:
    root = touch(f"{above}TimePoint_2/ZStep_10/P_A01_s1_w1.TIF", f"{above}Timepoint_3/P_A01_s1_w1.TIF")
    assert places(root) == {
        f"{above}TimePoint_2/ZStep_10": (2, 10, False),
        f"{above}Timepoint_3": (3, None, False),
    }


def test_files_beside_z_steps_and_in_step_0_are_projections(touch: Touch) -> None:
    root = touch(
        "P_A01.TIF", "ZStep_1/P_A01.TIF", "TimePoint_1/ZStep_0/P_A01.TIF", "TimePoint_1/ZStep_1/P_A01.TIF"
    )
    assert places(root) == {
        "": (None, None, True),
        "ZStep_1": (None, 1, False),
        "TimePoint_1/ZStep_0": (1, 0, True),
        "TimePoint_1/ZStep_1": (1, 1, False),
    }


def test_a_file_beside_step_0_alone_is_a_plane(touch: Touch) -> None:
    root = touch("P_A01.TIF", "ZStep_0/P_A01.TIF")
    assert places(root) == {"": (None, None, False), "ZStep_0": (None, 0, True)}


def test_a_single_numbered_folder_may_be_the_root(touch: Touch) -> None:
    root = touch("TimePoint_2/ZStep_3/P_A01.TIF")
    assert places(root / "TimePoint_2") == {"ZStep_3": (2, 3, False)}
    assert places(root / "TimePoint_2" / "ZStep_3") == {"": (None, 3, False)}


def test_every_file_is_counted_once(touch: Touch) -> None:
    root = touch(
        "P.HTD",
        "TimePoint_1/p.htd",
        "P_A01_s1.TIF",
        "P_A01_s1_thumb.TIF",
        "Thumbs.db",
        "x/P_A01_w1-mask.tif",
        "x/r.csv",
    )
    layout = walk(root)
    assert layout.descriptions == ("P.HTD", "TimePoint_1/p.htd")
    assert (layout.thumbnails, layout.unrecognised) == (1, 3)
    assert names(layout) == ["P_A01_s1.TIF"]
    assert layout.problems == ()


def test_the_metadata_of_the_host_is_not_strange(touch: Touch) -> None:
    layout = walk(touch("openhcs_metadata.json", "openhcs_metadata.json.lock", "x/openhcs_metadata.json"))
    assert layout.unrecognised == 1


def test_links_never_lead_out_of_the_plate(touch: Touch) -> None:
    base = touch("outside/P_B01_s1.TIF", "outside/TimePoint_1/P_B02_s1.TIF", "plate/real/P_A01_s1.TIF")
    plate = base / "plate"
    (plate / "P_C01_s1.TIF").symlink_to(base / "outside" / "P_B01_s1.TIF")
    (plate / "P_C02_s1.TIF").symlink_to("../outside/P_B01_s1.TIF")
    (plate / "P_C03_s1.TIF").symlink_to("nowhere")
    (plate / "P.HTD").symlink_to(base / "outside" / "P_B01_s1.TIF")
    (plate / "TimePoint_1").symlink_to(base / "outside" / "TimePoint_1")
    (plate / "again").symlink_to(plate)
    (plate / "P_A02_s1.TIF").symlink_to("real/P_A01_s1.TIF")
    layout = walk(plate)
    assert names(layout) == ["P_A02_s1.TIF", "P_A01_s1.TIF"]
    assert (layout.unrecognised, layout.descriptions) == (4, ())
    (problem,) = layout.problems
    assert problem.startswith("links that lead to a folder or out of the plate, not followed: ")
    assert problem.endswith(" and 1 more")


def test_a_plate_may_itself_be_reached_by_a_link(touch: Touch) -> None:
    base = touch("plate/P_A01_s1.TIF")
    (base / "link").symlink_to("plate")
    assert places(base / "link") == {"": (None, None, False)}


def test_a_pipe_with_the_name_of_an_image_is_no_image(touch: Touch) -> None:
    root = touch("P_A01_s1.TIF")
    os.mkfifo(root / "P_A02_s1.TIF")
    layout = walk(root)
    assert (len(layout.folders[0].images), layout.unrecognised) == (1, 1)


def test_depth_is_bounded_and_said(touch: Touch) -> None:
    deep = "/".join("x" * 18)
    layout = walk(touch("P_A01_s1.TIF", f"{deep}/P_A02_s1.TIF"))
    assert [folder.path for folder in layout.folders] == [""]
    assert layout.problems == (f"folders more than 16 levels deep, not read: '{deep[: 2 * 17 - 1]}'",)


def test_hidden_folders_are_not_read_and_said(touch: Touch) -> None:
    layout = walk(touch("P_A01_s1.TIF", ".snapshot/daily/P_A01_s1.TIF"))
    assert [folder.path for folder in layout.folders] == [""]
    assert layout.problems == ("hidden folders, not read: '.snapshot'",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_a_problem(touch: Touch) -> None:
    root = touch("P_A01_s1.TIF", "TimePoint_1/P_A02_s1.TIF")
    (root / "TimePoint_1").chmod(0)
    try:
        assert walk(root).problems == ("folders that cannot be read: 'TimePoint_1' (Permission denied)",)
    finally:
        (root / "TimePoint_1").chmod(0o700)


def test_a_root_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="No such file or directory"):
        walk(tmp_path / "nowhere")
