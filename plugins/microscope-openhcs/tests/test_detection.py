"""Detection: names of ours, records beside them, and OME-Zarr plates; never a microscope's raw plate."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import FolderListing
from openhcs_microscope_openhcs.detection import evidence

PLANE = "images/B02_s001_w1_z001_t001.tif"


def listing(*files: str) -> FolderListing:
    folders = {path.rpartition("/")[0] for path in files} - {""}
    return FolderListing(Path("P1"), files, tuple(sorted(folders)), complete=True)


@pytest.mark.parametrize(
    "files",
    [
        ("openhcs_metadata.json", PLANE),
        ("openhcs_metadata.json", "images/zarr.json", "images/A/01/zarr.json"),
        ("openhcs_metadata.json", "zarr/.zattrs"),
        ("A01_s001_w1_z001_t001.tif",),
        ("zarr.json", "A/01/zarr.json"),
        (".zattrs", ".zgroup", "B/3/.zgroup"),
        ("zarr.json", "AF/48/zarr.json"),
    ],
)
def test_these_are_plates_of_ours(files):
    assert evidence(listing(*files)).recognised


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), "no openhcs_metadata.json"),
        (("openhcs_metadata.json", "TimePoint_1/P_B02_s1_w1.TIF"), "images of a microscope"),
        (("P_B02_s1_w1.TIF", "P.HTD"), "no openhcs_metadata.json"),
        (("zarr.json", "0/zarr.json"), "no folder such as"),
        (("A1_s001_w1_z001_t001.tif",), "no openhcs_metadata.json"),
        (("A00_s001_w1_z001_t001.tif",), "no openhcs_metadata.json"),
    ],
)
def test_these_are_not_and_the_reason_says_why(files, words):
    answer = evidence(listing(*files))
    assert not answer.recognised and words in answer.reason
