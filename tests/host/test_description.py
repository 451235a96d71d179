"""What is read of a described plate: the main subdirectory, through the preferred backend."""

from __future__ import annotations

import pytest

from openhcs_host.errors import MetadataError
from openhcs_host.plates.description import describe_plate
from openhcs_host.plates.metadata import update_metadata

MAPPED = {
    "workspace_mapping": {"A01_s001_w1_z001_t001.tif": "TimePoint_1/a.tif"},
    "available_backends": {"disk": True, "virtual_workspace": True},
}


def record(*backends, **fields):
    return {"available_backends": dict.fromkeys(backends, True), "image_files": ["images/a.tif"], **fields}


def test_a_raw_plate_is_read_through_its_mapping(tmp_path):
    update_metadata(tmp_path, ".", MAPPED)
    found = describe_plate(tmp_path)
    assert (found.subdirectory, found.backend) == (".", "virtual_workspace")
    assert found.images == ("A01_s001_w1_z001_t001.tif",)


def test_main_decides_whatever_the_backends(tmp_path):
    update_metadata(tmp_path, "zarr", record("zarr", main=False))
    update_metadata(tmp_path, "images", record("disk", main=True))
    found = describe_plate(tmp_path)
    assert (found.subdirectory, found.backend, found.images) == ("images", "disk", ("images/a.tif",))


@pytest.mark.parametrize(
    ("backends", "preferred"),
    [(("disk", "zarr", "virtual_workspace"), "zarr"), (("disk", "virtual_workspace"), "virtual_workspace")],
)
def test_of_several_backends_the_preferred_one_is_read(tmp_path, backends, preferred):
    update_metadata(tmp_path, "images", record(*backends, workspace_mapping={"v.tif": "r.tif"}))
    assert describe_plate(tmp_path).backend == preferred


def test_without_a_mark_the_preferred_backend_decides(tmp_path):
    update_metadata(tmp_path, ".", MAPPED)
    update_metadata(tmp_path, "zarr", record("zarr"))
    assert describe_plate(tmp_path).subdirectory == "zarr"


def test_a_backend_that_is_there_but_off_does_not_count(tmp_path):
    update_metadata(tmp_path, "images", {"available_backends": {"zarr": False, "disk": True}})
    assert describe_plate(tmp_path).backend == "disk"


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({"a": record("disk", main=True), "b": record("disk", main=True)}, "all marked main"),
        ({"a": record("disk"), "b": record("disk")}, "mark one as main"),
        ({"a": record("omero_local")}, "names none of zarr"),
        ({"a": {"available_backends": ["disk"]}}, "names none of zarr"),
    ],
)
def test_what_decides_nothing_is_an_error(tmp_path, records, words):
    for name, fields in records.items():
        update_metadata(tmp_path, name, fields)
    with pytest.raises(MetadataError, match=words):
        describe_plate(tmp_path)
