"""Plates are read whoever wrote them: planes, numbers, geometry, and what is strange."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.plates import read_plate
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import InvalidPathError, PlateConflictError, PlateError


def test_our_plate_is_read_as_it_was_written(ours):
    reading = ours.read()
    assert (reading.microscope, reading.backend, reading.root) == ("openhcsdata", "zarr", ours.root)
    assert (reading.plate_name, reading.plate_shape) == ("P1", (3, 4))
    assert (reading.wells, reading.sites, reading.z_indexes, reading.timepoints) == (
        ("B02", "C03"),
        (1, 2),
        (2, 3, 5),
        (1,),
    )
    assert len(reading.planes) == 3 * 2 * 3
    assert reading.planes[0].path == "B02_s001_w1_z002_t001.tif"
    assert reading.planes[-1].coordinates == Coordinates("C03", 1, 4, 5, 1)
    assert reading.channels == {1: Channel(name="DAPI", color="0000FF"), 4: Channel(name="GFP")}
    assert (reading.pixel_size_um, reading.z_step_um) == (0.65, 2.0)
    assert reading.site_positions_um == {1: (0.0, -50.0), 2: (100.0, -50.0)}
    assert reading.well_site_positions_um == {} and reading.problems == ()


def test_planes_are_in_order_whatever_the_order_of_the_documents(ours):
    expected = list(ours.read().planes)
    ours.change("B/02", lambda part: part["well"]["images"].reverse())
    ours.change("", lambda part: part["plate"]["wells"].reverse())
    assert list(ours.read().planes) == expected


def test_absent_planes_are_not_among_the_planes(ours):
    file, content, _ = ours.document("C/03/1")
    recorded = content["attributes"]["openhcs"] if ours.version == "0.5" else content["openhcs"]
    recorded["absent"] = [[0, 1, 0], [0, 0, 2]]
    recorded["extension"] = ".npy"
    file.write_text(json.dumps(content))
    paths = [plane.path for plane in ours.read().planes if plane.coordinates.well == "C03"]
    assert paths == [
        "C03_s001_w1_z002_t001.npy",
        "C03_s001_w1_z003_t001.npy",
        "C03_s001_w4_z003_t001.npy",
        "C03_s001_w4_z005_t001.npy",
    ]


def test_a_site_that_lies_elsewhere_in_one_well_is_listed_by_well(store, make):
    make.write_plate(store, {"A01": (1, 2), "A02": (1, 2), "A03": (1, 2)})
    place = store.document("A/02/2")[2]["multiscales"][0]["datasets"][0]["coordinateTransformations"][1]

    def move(part):
        part["multiscales"][0]["datasets"][0]["coordinateTransformations"][1]["translation"][4] += 7.5

    assert place["type"] == "translation"
    store.change("A/02/2", move)
    reading = store.read()
    assert reading.site_positions_um[2] == (100.0, -50.0)
    assert reading.well_site_positions_um == {("A02", 2): (107.5, -50.0)}


def test_our_documents_alone_say_all(ours):
    for file in ours.root.rglob("*"):
        if file.parent.name in ("0", "1") and file.parent.parent.name in ("1", "2"):
            os.unlink(file)  # the arrays' documents
    assert len(ours.read().planes) == 18


# What others write.


def test_one_digit_columns_imaged_rows_and_no_version(others):
    reading = others({"B/2": ("0", "1"), "C/10": ("1",)}, rows=("B", "C"), columns=("2", "10")).read()
    assert reading.wells == ("B02", "C10")
    assert reading.plate_name == "store"
    assert reading.plate_shape is None
    assert any("those imaged" in problem for problem in reading.problems)
    # "0" is no number from 1, so all names have ranks; a well that lacks one keeps the others' numbers.
    assert [(p.coordinates.well, p.coordinates.site) for p in reading.planes[::6]] == [
        ("B02", 1),
        ("B02", 2),
        ("C10", 2),
    ]
    assert (reading.channels, reading.z_indexes) == ({1: Channel(), 2: Channel()}, (1, 2, 3))
    assert reading.pixel_size_um is None and reading.site_positions_um == {}


def test_names_of_fields_with_underscores_are_ranked_in_natural_order(others):
    names = ("fov_10", "fov_2", "0_FOV")
    reading = others({"A/01": names}, rows=("A",), columns=("01",), shape=(1, 1, 1, 64, 80)).read()
    assert reading.sites == (1, 2, 3)


@pytest.mark.parametrize(
    ("axes", "shape", "planes"),
    [
        ("yx", (64, 80), 1),
        ("zyx", (4, 64, 80), 4),
        ("czyx", (2, 3, 64, 80), 6),
        ("TCZYX", (2, 2, 3, 64, 80), 12),
    ],
)
def test_fewer_axes_and_upper_case_are_read(others, axes, shape, planes):
    written = others({"A/01": ("0",)}, rows=("A",), columns=("01",), axes=axes, shape=shape)
    assert len(written.read().planes) == planes


def test_scales_and_names_of_others_are_known_where_a_unit_says_what_they_mean(others):
    omero = {"channels": [{"label": "DAPI", "color": "00FFFF", "window": {"start": 0}}, {"label": 488}]}
    reading = others(
        {"A/01": ("0", "1")},
        rows=("A",),
        columns=("01",),
        scale=(1, 1, 1500, 325, 325),
        unit="nanometer",
        omero=omero,
    ).read()
    assert (reading.pixel_size_um, reading.z_step_um) == (0.325, 1.5)
    assert reading.channels == {1: Channel(name="DAPI", color="00FFFF"), 2: Channel(name="488")}
    assert reading.site_positions_um == {}


@pytest.mark.parametrize(
    ("unit", "problem"), [(None, "has no unit"), ("furlong", "'furlong', which is no known")]
)
def test_a_scale_without_a_length_is_no_pixel_size(others, unit, problem):
    written = others({"A/01": ("0",)}, rows=("A",), columns=("01",), scale=(1, 1, 2, 0.5, 0.5), unit=unit)
    reading = written.read()
    assert reading.pixel_size_um is None and reading.z_step_um is None
    assert any(problem in sentence for sentence in reading.problems)


def test_scales_of_one_without_a_unit_are_said(others):
    written = others({"A/01": ("0", "1")}, rows=("A",), columns=("01",), scale=(1, 1, 1, 1, 1), unit=None)
    assert "the scale along z, y, x of 2 images has no unit" in written.read().problems


def test_a_size_that_no_image_has_is_refused(ours):
    file, content, _ = ours.document("B/02/1")
    recorded = content["attributes"]["openhcs"] if ours.version == "0.5" else content["openhcs"]
    for size in ([10**400, 10], [0, 5], [-1, 5], [5, 2**31]):
        recorded["size"] = size
        file.write_text(json.dumps(content))
        assert any("no size of an image" in problem for problem in ours.read().problems)


def test_pixels_that_are_not_square_have_no_size(others):
    reading = others({"A/01": ("0",)}, rows=("A",), columns=("01",), scale=(1, 1, 2, 0.5, 0.6)).read()
    assert reading.pixel_size_um is None
    assert any("not square" in problem for problem in reading.problems)


def test_a_translation_of_zeros_or_one_for_all_is_no_position(others):
    plate = {"rows": ("A",), "columns": ("01",), "scale": (1, 1, 1, 0.5, 0.5)}
    reading = others({"A/01": ("0", "1")}, **plate, translation=(0, 0, 0, 5.0, 5.0)).read()
    assert reading.site_positions_um == {}
    assert any("one position" in problem for problem in reading.problems)
    reading = others({"A/01": ("0",)}, **plate, translation=(0, 0, 0, 0.0, 0.0)).read()
    assert reading.site_positions_um == {}
    reading = others({"A/01": ("0",)}, **plate, translation=(0, 0, 0, 5.0, 6.0)).read()
    assert reading.site_positions_um == {1: (6.0 + 39.5 * 0.5, 5.0 + 31.5 * 0.5)}


def test_several_acquisitions_are_said(others):
    runs = {"acquisitions": [{"id": 0}, {"id": 3, "name": "second"}]}
    written = others({"A/01": ("0", "1")}, rows=("A",), columns=("01",), plate=runs, acquisitions=(0, 3))
    reading = written.read()
    assert reading.sites == (1, 2)
    assert any("2 acquisitions" in problem for problem in reading.problems)


def test_rows_that_are_numbers_are_read_by_their_indices(store, others):
    written = others({"1/A": ("0",)}, rows=("1",), columns=("A",))
    reading = written.read()
    assert reading.wells == ("A01",)
    assert any("spells no well" in problem for problem in reading.problems)


def test_unreadable_wells_and_images_are_problems_and_the_rest_is_read(ours):
    ours.document("B/02/1")[0].write_text("{")
    for name in ("zarr.json", ".zgroup", ".zattrs"):
        (ours.root / "C/03" / name).unlink(missing_ok=True)
    reading = ours.read()
    assert {(p.coordinates.well, p.coordinates.site) for p in reading.planes} == {("B02", 2)}
    assert any("C03" in problem and "no such group" in problem for problem in reading.problems)
    assert any("1 image cannot be read" in problem and "B/02/1" in problem for problem in reading.problems)


def test_a_plate_without_a_readable_image_is_an_error(ours):
    for well in ("B/02/1", "B/02/2", "C/03/1"):
        ours.document(well)[0].write_text("[]")
    with pytest.raises(PlateError, match="without a single readable image"):
        ours.read()


def test_what_is_no_plate_is_an_error(store):
    with pytest.raises(PlateError, match="no OME-Zarr store"):
        store.read()
    store.group("", {})
    with pytest.raises(PlateError, match="describes no plate"):
        store.read()


def test_two_paths_of_one_well_are_a_conflict(others):
    with pytest.raises(PlateConflictError, match="both well A01"):
        others({"A/1": ("0",), "A/01": ("0",)}, rows=("A",), columns=("1", "01")).read()


def test_absurd_claims_are_refused_without_counting_them_out(others):
    written = others({"A/01": ("0",)}, rows=("A",), columns=("01",), shape=(10**6, 10**6, 10**6, 64, 80))
    with pytest.raises(PlateError, match="no field has so many"):
        written.read()


def test_an_axis_of_another_kind_is_a_problem_if_it_is_longer_than_one(others):
    plate = {"rows": ("A",), "columns": ("01",), "axes": "qyx"}
    assert len(others({"A/01": ("0",)}, **plate, shape=(1, 64, 80)).read().planes) == 1
    with pytest.raises(PlateError, match="no coordinates here"):
        others({"A/01": ("0",)}, **plate, shape=(2, 64, 80)).read()


@pytest.mark.parametrize("path", ["../A", "/etc", "A/../../x", "A/01/../../.."])
def test_wells_outside_the_store_are_refused(ours, path):
    ours.change("", lambda part: part["plate"]["wells"][0].update(path=path))
    with pytest.raises((PlateError, ValueError), match=r"no path inside the store|a well lies at"):
        ours.read()


def test_links_out_of_the_store_are_problems_and_nothing_is_read(ours, tmp_path):
    outside = tmp_path / "outside"
    (ours.root / "C/03").rename(outside)
    (ours.root / "C/03").symlink_to(outside)
    reading = ours.read()
    assert reading.wells == ("B02",)
    assert any("link out of the store" in problem for problem in reading.problems)


def test_stores_that_zarr_itself_writes_are_read(tmp_path, version):
    zarr = pytest.importorskip("zarr")
    numpy = pytest.importorskip("numpy")
    root = zarr.open_group(tmp_path / "z", mode="w", zarr_format=2 if version == "0.4" else 3)

    def describe(group, content):
        group.attrs.update({"ome": {"version": "0.5", **content}} if version == "0.5" else content)

    wells = [{"path": "A/1", "rowIndex": 0, "columnIndex": 0}]
    describe(root, {"plate": {"rows": [{"name": "A"}], "columns": [{"name": "1"}], "wells": wells}})
    well = root.create_group("A/1")
    describe(well, {"well": {"images": [{"path": "0"}]}})
    image = well.create_group("0")
    axes = [{"name": "c", "type": "channel"}, *({"name": n, "type": "space"} for n in "yx")]
    steps = [{"type": "scale", "scale": [1, 1, 1]}]
    levels = [{"path": "s0", "coordinateTransformations": steps}]
    describe(image, {"multiscales": [{"axes": axes, "datasets": levels}]})
    image.create_array("s0", data=numpy.zeros((2, 5, 7), ">u2"), chunks=(1, 5, 7))
    reading = read_plate(LocalReader(tmp_path / "z"), tmp_path / "z")
    assert [plane.path for plane in reading.planes] == [
        "A01_s001_w1_z001_t001.tif",
        "A01_s001_w2_z001_t001.tif",
    ]


def test_absurd_numbers_of_ours_are_refused_likewise(ours):
    for site in ("B/02/1", "B/02/2", "C/03/1"):
        file, content, _ = ours.document(site)
        recorded = content["attributes"]["openhcs"] if ours.version == "0.5" else content["openhcs"]
        recorded.update(channels=list(range(1000)), z_indexes=list(range(1000)), timepoints=list(range(1000)))
        file.write_text(json.dumps(content))
    with pytest.raises(PlateError, match="claims 1000000000 planes"):
        ours.read()


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, float("nan"), float("inf"), -1, 0, 1e308]),
    st.sampled_from(["", "..", "../x", "/", "A/01", "B/02/1", "0", "space", "micrometer", "\0", "a" * 300]),
    st.sampled_from([[], {}, [[]], [None], [{}], {"name": []}, {"path": 0}]),
)


def _places(content, path=()):
    """Every place in a document, as a path of keys and indices."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from _places(value, (*path, key))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_value_anywhere_is_read_refused_or_reported_and_never_crashes(ours, data):
    where = data.draw(st.sampled_from(["", "B/02", "B/02/1", "B/02/1/0"]))
    name = "zarr.json" if ours.version == "0.5" else ".zarray" if where == "B/02/1/0" else ".zattrs"
    file = ours.root / where / name
    before = file.read_text()
    content = json.loads(before)
    *inner, last = data.draw(st.sampled_from(list(_places(content))))
    part = content
    for key in inner:
        part = part[key]
    part[last] = data.draw(_VALUES)
    file.write_text(json.dumps(content))
    try:
        findings = ours.findings()
        assert findings is None or isinstance(findings, list)
        reading = ours.read()
        assert len(reading.planes) > 0
    except (PlateError, InvalidPathError) as error:
        assert str(error)
    finally:
        file.write_text(before)
