"""What a walk over a plate's folders follows."""

from __future__ import annotations

import os

import pytest

from openhcs_host.errors import PlateError
from openhcs_host.plates.entries import EntryRules


@pytest.fixture
def plate(tmp_path):
    for folder in ("plate/sub", "plate/.snapshot", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("plate/a.tif", "plate/sub/b.tif", "outside/c.tif"):
        (tmp_path / file).touch()
    plate = tmp_path / "plate"
    (plate / "inside").symlink_to("sub/b.tif")
    (plate / "out").symlink_to(tmp_path / "outside" / "c.tif")
    (plate / "folder").symlink_to("sub")
    (plate / "nowhere").symlink_to("nothing")
    (plate / "sibling").symlink_to(tmp_path / "plate-b" / "d.tif")
    (tmp_path / "plate-b").mkdir()
    (tmp_path / "plate-b" / "d.tif").touch()
    os.mkfifo(plate / "pipe")
    return plate


def kinds(rules, folder, depth):
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
        return {entry.name: rules.kind(entry, entry.name, depth) for entry in ordered}


def test_files_folders_and_links_to_files_of_the_plate_are_followed_and_nothing_else(plate):
    rules = EntryRules(str(plate))
    found = kinds(rules, plate, 1)
    assert {name: kind for name, kind in found.items() if kind} == {
        "a.tif": "file",
        "inside": "file",
        "sub": "folder",
    }
    assert rules.strangers == 4  # out, sibling, nowhere, pipe; the linked folder is no file
    links, hidden = rules.problems()
    assert links.startswith("links that lead to a folder or out of the plate, not followed: ")
    assert all(repr(name) in links for name in ("out", "folder", "nowhere", "sibling"))
    assert hidden == "hidden folders, not read: '.snapshot'"


def test_a_folder_of_the_seventeenth_level_is_said_and_its_files_are_not(plate):
    rules = EntryRules(str(plate))
    assert kinds(rules, plate, 16)["sub"] == "folder"
    found = kinds(rules, plate, 17)
    assert (found["sub"], found["a.tif"]) == (None, "file")
    assert "folders more than 16 levels deep, not read: '.snapshot', 'sub'" in rules.problems()


def test_a_folder_that_cannot_be_read_is_a_problem_and_a_plate_is_an_error(plate):
    rules = EntryRules(str(plate))
    rules.unreadable("sub", PermissionError(13, "Permission denied"))
    assert rules.problems() == ["folders that cannot be read: 'sub' (Permission denied)"]
    with pytest.raises(PlateError, match=r"plate' cannot be read: OSError"):
        rules.unreadable("", OSError())


def test_the_root_of_the_file_system_holds_every_link(plate):
    assert kinds(EntryRules(os.sep), plate, 1)["out"] == "file"
