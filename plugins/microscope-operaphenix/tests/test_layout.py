"""One walk over the folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host.errors import PlateError
from openhcs_microscope_operaphenix.layout import walk
from openhcs_microscope_operaphenix.names import name_parts

Touch = Callable[..., Path]
NAME = "r01c01f01p01-ch1sk1fk1fl1.tiff"


def test_images_indexes_metadata_and_the_rest_are_told_apart(touch: Touch) -> None:
    root = touch(
        f"Images/{NAME}",
        "Images/Index.idx.xml",
        "Images/other.tif",
        "Images/._r01c01f01p01-ch1sk1fk1fl1.tiff",
        "Assaylayout/Unnamed.xml",
        "FFC_Profile/FFC.xml",
        "Assaylayout/notes.txt",
        "Thumbs.db",
        "openhcs_metadata.json",
    )
    found = walk(root)
    (folder,) = found.folders
    assert folder.images == {(1, 1, 1, 1): {"A01": f"Images/{NAME}"}}
    assert (folder.odd, found.indexes) == (["Images/other.tif"], ("Images/Index.idx.xml",))
    assert (found.unrecognised, found.problems) == (3, ())


def test_a_second_file_of_one_place_is_kept_apart(touch: Touch) -> None:
    (folder,) = walk(touch(NAME, "r01c01f01p01-ch01t01.tiff")).folders
    assert len(folder.doubles) == 1


def test_names_that_share_halves_are_each_read_for_themselves(touch: Touch) -> None:
    """Two styles, two digits and three: the walk remembers halves of names."""
    names = [
        f"r{row}c{column}f{field}p01-{rest}.tiff"
        for row in ("01", "02", "001")
        for column in ("01", "011")
        for field in ("01", "02")
        for rest in ("ch1sk1fk1fl1", "ch2sk1fk1fl1")
        if (row, column) != ("001", "01")
    ]
    names += [
        "001002-1-001001001.tif",
        "001001-9-001001001.tif",
        "r01c01-1-001001001.tif",
        "001001f01p01-ch1t1.tif",
    ]
    (folder,) = walk(touch(*names)).folders
    found = {path: (well, place) for place, wells in folder.images.items() for well, path in wells.items()}
    found |= {path: (well, place) for place, well, path in folder.doubles}
    assert found == {name: parts for name in names if (parts := name_parts(name))}
    assert sorted(folder.odd) == sorted(names[-2:])


def test_links_out_of_the_plate_are_not_followed(
    touch: Touch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("away")
    (away / NAME).touch()
    root = touch("Images/a.txt")
    (root / "Images" / NAME).symlink_to(away / NAME)
    (root / "Images" / "Index.xml").symlink_to(away / NAME)
    (root / "more").symlink_to(away)
    (root / "loop").symlink_to(root)
    found = walk(root)
    assert (found.folders, found.indexes, found.unrecognised) == ((), (), 3)
    assert found.problems[0].startswith("links that lead to a folder or out of the plate, not followed:")


def test_a_pipe_is_counted_and_not_opened(touch: Touch) -> None:
    root = touch("a.txt")
    os.mkfifo(root / NAME)
    assert (walk(root).folders, walk(root).unrecognised) == ((), 2)


def test_hidden_and_very_deep_folders_are_said(touch: Touch) -> None:
    found = walk(touch(f".snapshot/{NAME}", "/".join("abcdefghijklmnopqrst") + f"/{NAME}"))
    assert found.folders == ()
    assert [problem.split(":")[0] for problem in found.problems] == [
        "folders more than 16 levels deep, not read",
        "hidden folders, not read",
    ]


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="cannot be read: No such file"):
        walk(tmp_path / "none")
