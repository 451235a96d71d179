"""Reading our own plates: the record decides, files exist or are missing, nothing is invented."""

from __future__ import annotations

import json
import os

import pytest

from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Objective
from openhcs_host.errors import (
    InvalidPathError,
    MetadataError,
    PlateConflictError,
    PlateError,
    PluginNotFoundError,
)
from openhcs_host.plates.metadata import update_metadata

FIRST, SECOND = "images/B02_s001_w1_z001_t001.tif", "images/B02_s001_w2_z001_t001.tif"


def test_the_record_lists_the_images_and_says_what_they_are(handler, described):
    root = described(
        FIRST,
        SECOND,
        plate_name="Screen 7",
        pixel_size=0.65,
        z_step=2.0,
        grid_dimensions=[1, 2],
        plate_shape=[16, 24],
        channels={"1": "DAPI", "2": None},
        channel_details={"1": {"name": "DAPI", "emission_nm": 456.0}},
        objective={"name": "20X", "magnification": 20.0, "numerical_aperture": 0.75},
        site_positions={"1": [-10.5, 3.0]},
        well_site_positions=[["B02", 1, 1.0, 2.0]],
        time_offsets={"1": 0.0},
        started="2024-05-06T07:08:09",
    )
    reading = handler.read(root)
    assert [(plane.coordinates, plane.path) for plane in reading.planes] == [
        (Coordinates("B02", 1, 1), FIRST),
        (Coordinates("B02", 1, 2), SECOND),
    ]
    assert (reading.plate_name, reading.pixel_size_um, reading.z_step_um) == ("Screen 7", 0.65, 2.0)
    assert (reading.grid, reading.plate_shape) == ((1, 2), (16, 24))
    assert reading.channels == {1: Channel(name="DAPI", emission_nm=456.0), 2: Channel()}
    assert reading.objective == Objective(name="20X", magnification=20.0, numerical_aperture=0.75)
    assert reading.position_um("B02", 1) == (1.0, 2.0) and reading.position_um("C03", 1) == (-10.5, 3.0)
    assert reading.started is not None and reading.started.year == 2024
    assert reading.problems == ()


def test_a_record_of_an_earlier_program_with_fewer_fields_is_read(handler, described):
    reading = handler.read(described(FIRST, pixel_size=None, grid_dimensions=None))
    assert (reading.plate_name, reading.pixel_size_um, reading.grid) == ("P1_openhcs", None, None)
    assert reading.channels == {1: Channel()}


def test_images_without_a_file_are_missing_and_never_planes(handler, described):
    reading = handler.read(described(FIRST, SECOND, absent=(SECOND,)))
    assert [plane.path for plane in reading.planes] == [FIRST]
    assert [plane.path for plane in reading.missing] == [SECOND]
    assert reading.problems == (f"1 image of the record has no file: {SECOND!r}",)


def test_an_image_that_the_record_does_not_list_is_said_and_not_read(handler, described):
    root = described(FIRST)
    (root / SECOND).write_bytes(b"pixels")
    reading = handler.read(root)
    assert len(reading.planes) == 1 and reading.skipped.unrecognised == 1
    assert reading.problems == (f"images that the record does not list are not read: {SECOND!r}",)


def test_images_are_read_by_name_where_nothing_describes_them(handler, tmp_path):
    for name in ("AA05_s012_w3_z007_t002.tif", "A01_s001_w1_z001_t001.TIF", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    reading = handler.read(tmp_path)
    assert [plane.coordinates for plane in reading.planes] == [
        Coordinates("A01", 1, 1),
        Coordinates("AA05", 12, 3, 7, 2),
    ]
    assert reading.skipped.unrecognised == 1


def test_two_files_of_one_plane_are_a_conflict_naming_both(handler, tmp_path):
    for name in ("A01_s001_w1_z001_t001.tif", "A01_s001_w1_z001_t001.png"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PlateConflictError, match=r"\.png' and '.*\.tif'"):
        handler.read(tmp_path)


def test_the_main_subdirectory_decides(handler, described):
    root = described(FIRST, main=False)
    described("again/C03_s001_w1_z001_t001.tif", root=root)
    update_metadata(root, "images", {"main": False, "image_files": [FIRST]})
    update_metadata(
        root,
        "again",
        {
            "available_backends": {"disk": True},
            "image_files": ["again/C03_s001_w1_z001_t001.tif"],
            "main": True,
        },
    )
    assert handler.read(root).wells == ("C03",)


def test_a_mapped_plate_is_read_through_its_mapping(handler, tmp_path):
    (tmp_path / "ZStep_1").mkdir()
    for name in ("ZStep_1/x.TIF", "max.TIF"):
        (tmp_path / name).write_bytes(b"x")
    mapping = {
        "B02_s001_w1_z001_t001.tif": "ZStep_1/x.TIF",
        "projections/B02_s001_w1_t001.tif": "max.TIF",
    }
    fields = {"workspace_mapping": mapping, "available_backends": {"disk": True, "virtual_workspace": True}}
    update_metadata(tmp_path, ".", fields)
    reading = handler.read(tmp_path)
    assert [plane.path for plane in reading.planes] == ["ZStep_1/x.TIF"]
    assert [projection.path for projection in reading.projections] == ["max.TIF"]
    assert reading.skipped.projections == 1


@pytest.mark.parametrize("path", ["../out.tif", "/etc/passwd", "a\\b", "C:/x", "a/../../b", ""])
def test_a_record_that_leads_out_of_the_plate_is_refused(handler, described, path):
    root = described(FIRST)
    name = f"{path}/B02_s001_w3_z001_t001.tif" if path else ""
    update_metadata(root, "images", {"image_files": [FIRST, name]})
    with pytest.raises(InvalidPathError, match="no path inside the plate"):
        handler.read(root)


def test_a_link_out_of_the_plate_is_not_followed(handler, described, tmp_path):
    (tmp_path / "secret.tif").write_bytes(b"x")
    root = described(FIRST, SECOND, absent=(SECOND,))
    os.symlink(tmp_path / "secret.tif", root / SECOND)
    reading = handler.read(root)
    assert [plane.path for plane in reading.planes] == [FIRST]
    assert any("links that lead out of the plate" in problem for problem in reading.problems)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pixel_size", "wide"),
        ("plate_shape", [1]),
        ("channels", {"one": "DAPI"}),
        ("channel_details", {"1": {"smell": "sweet"}}),
        ("site_positions", {"1": 3}),
        ("started", "yesterday"),
        ("objective", [1]),
    ],
)
def test_a_field_of_another_shape_is_an_error_that_names_it(handler, described, field, value):
    with pytest.raises(MetadataError, match=field.partition("_")[0]):
        handler.read(described(FIRST, **{field: value}))


def test_a_folder_without_an_image_is_an_error(handler, described, tmp_path):
    with pytest.raises(PlateError, match="holds no image"):
        handler.read(described(FIRST, absent=(FIRST,)))
    with pytest.raises(PlateError, match="holds no image"):
        handler.read(tmp_path)


def test_corrupt_metadata_is_an_error_and_stays(handler, described):
    root = described(FIRST)
    (root / "openhcs_metadata.json").write_text('{"subdirectories": ')
    with pytest.raises(MetadataError, match="corrupt"):
        handler.read(root)
    assert (root / "openhcs_metadata.json").read_text() == '{"subdirectories": '


def test_a_store_without_its_backend_says_what_to_install(handler, described, host):
    root = described(FIRST, available_backends={"zarr": True})
    (root / "images" / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))
    if "zarr" in host.index.keys("backend"):
        pytest.skip("the zarr backend is installed here")
    with pytest.raises(PluginNotFoundError, match="zarr"):
        handler.read(root)


def test_a_deep_reading_loads_every_image_and_says_what_it_cannot(handler, described, host):
    problems = handler.read(described(FIRST, SECOND), deep=True).problems
    if "disk" in host.index.keys("backend"):
        assert len(problems) == 1 and problems[0].startswith("2 images cannot be read:")
    else:
        assert len(problems) == 1 and "no image was loaded: no installed distribution" in problems[0]
