"""Recognising a folder from names alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import FolderListing
from openhcs_host.plates.opening import list_folder
from openhcs_microscope_imagexpress.detection import evidence


def listing(*files: str, complete: bool = True) -> FolderListing:
    return FolderListing(Path("/data/P"), files, (), complete)


@pytest.mark.parametrize(
    ("files", "because"),
    [
        (["a.txt", "x/P_B02_s1.TIF"], "x/P_B02_s1.TIF"),
        (["P_B02_w1.tif"], "P_B02_w1.tif"),
        (["P_B02_thumbE78EB128-BD0D-4D94-A6AD-3FF28BB1B105.tif"], "P_B02_thumbE78EB128"),
        (["P_B02.TIF", "P.HTD"], "P.HTD"),
        (["TimePoint_1/P_B02.TIF"], "TimePoint_1/P_B02.TIF"),
    ],
)
def test_yes_names_the_evidence(files: list[str], because: str) -> None:
    found = evidence(listing(*files))
    assert found.recognised
    assert because in found.reason


@pytest.mark.parametrize(
    ("files", "because"),
    [
        ([], "no name is a MetaXpress image name"),
        (["r01c01f01p01-ch1sk1fk1fl1.tiff"], "no name is a MetaXpress image name"),
        (["holiday_A01.tif"], "no name is a MetaXpress image name"),
        (["P.HTD", "a.txt"], "no image of it is here"),
        (["images/B02_s001_w1_z001_t001.tif", "openhcs_metadata.json"], "no name is a MetaXpress image name"),
        (["P_B02_s1.TIF", "Images/Index.idx.xml"], "a Harmony plate"),
        (["P_B02_s1.TIF", "index.xml"], "a Harmony plate"),
        (["P_B02_s1.TIF", "plate.JDCE"], "HCS.ai"),
        (["P_B02_s1.TIF", "MeasurementData.mlf"], "a Yokogawa plate"),
        (["P_B02_s1.TIF", "x.mes"], "a Yokogawa plate"),
        (["P_B02_s1.TIF", "zarr.json"], "a zarr store"),
        (["P_B02_s1.TIF", ".zattrs"], "a zarr store"),
    ],
)
def test_no_says_why(files: list[str], because: str) -> None:
    found = evidence(listing(*files))
    assert not found.recognised
    assert because in found.reason


def test_results_below_a_plate_do_not_change_what_it_is() -> None:
    assert evidence(listing("P_B02_s1.TIF", "results.zarr/.zattrs")).recognised


def test_a_raw_plate_that_was_described_in_place_is_still_one() -> None:
    assert evidence(listing("P_B02_s1.TIF", "openhcs_metadata.json")).recognised


def test_an_htd_file_must_do_when_the_images_were_not_reached() -> None:
    assert evidence(listing("P.HTD", complete=False)).recognised
    assert not evidence(listing("P.txt", complete=False)).recognised


def test_real_plates(plates: Path) -> None:
    answers = {folder.name: evidence(list_folder(folder)).recognised for folder in sorted(plates.iterdir())}
    assert answers == {name: name.startswith("ix-") for name in answers}
    assert sum(answers.values()) == 4
