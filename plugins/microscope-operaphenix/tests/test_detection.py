"""Recognising a folder from names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import FolderListing
from openhcs_host.plates.opening import list_folder
from openhcs_microscope_operaphenix.detection import evidence

NAME = "r01c01f01p01-ch1sk1fk1fl1.tiff"


def listing(*files: str) -> FolderListing:
    return FolderListing(Path("/data/P"), files, (), True)


@pytest.mark.parametrize(
    ("files", "because"),
    [
        (["a.txt", f"x/Images/{NAME}"], NAME),
        (["r03c03f02p01-ch01t01.tiff"], "Harmony name"),
        (["001001-1-001001001.tif"], "Harmony name"),
        (["Images/Index.idx.xml"], "Harmony index"),
        (["images/INDEX.XML"], "Harmony index"),
        ([NAME, "openhcs_metadata.json", "results.zarr/.zattrs"], NAME),
    ],
)
def test_yes_names_the_evidence(files: list[str], because: str) -> None:
    found = evidence(listing(*files))
    assert found.recognised
    assert because in found.reason


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ([], "no name is a Harmony image name"),
        (["9987_B02_s1_w1.TIF"], "no name is a Harmony image name"),
        (["images/B02_s001_w1_z001_t001.tif"], "no name is a Harmony image name"),
        (["Assaylayout/Unnamed.xml"], "no name is a Harmony image name"),
        ([NAME, "P.HTD"], "an ImageXpress plate"),
        ([NAME, "x/plate.JDCE"], "HCS.ai"),
        ([NAME, "MeasurementData.mlf"], "a Yokogawa plate"),
        ([NAME, "ImageIndex.ColumbusIDX.xml"], "Columbus"),
        ([NAME, "zarr.json"], "a zarr store"),
    ],
)
def test_no_says_why(files: list[str], because: str) -> None:
    found = evidence(listing(*files))
    assert not found.recognised
    assert because in found.reason


def test_real_plates(plates: Path) -> None:
    answers = {folder.name: evidence(list_folder(folder)).recognised for folder in sorted(plates.iterdir())}
    assert answers == {name: name.startswith("pe-") for name in answers}
    assert sum(answers.values()) == 4
