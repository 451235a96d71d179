"""What is known of a plate before its images come, and plates that others wrote."""

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Channel, Objective, Plane, PlateReading
from openhcs_host.errors import PlateError


@pytest.fixture
def reading():
    """A reading that knows everything."""
    return PlateReading(
        microscope="scope",
        root=Path("/data/P1"),
        plate_name="Plate 1",
        planes=[Plane(Coordinates("B02", 1, 1), "a"), Plane(Coordinates("C03", 2, 1), "b")],
        channels={1: Channel(name="DAPI", color="0000FF", emission_nm=461.0)},
        plate_shape=(16, 24),
        objective=Objective(name="20X", magnification=20.0),
        started=datetime(2024, 5, 6, 7, 8, 9),
        pixel_size_um=0.5,
        z_step_um=1.5,
        site_positions_um={1: (10.0, -20.0), 2: (30.0, 40.0)},
        well_site_positions_um={("C03", 2): (31.0, 41.0)},
    )


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_prepared_plate_gives_its_images_what_nobody_says_with_them(host, images, plane, reading, version):
    zarr = host.backend("zarr", ngff_version=version)
    zarr.prepare_plate(images, reading)
    assert zarr.list_files(images) == []
    for number, where in enumerate(reading.planes):
        with zarr.open_well(images, where.coordinates.well) as sink:
            sink.save(plane(number), f"{images}/{image_name(where.coordinates)}")
    found = zarr.read_plate(images)
    assert (found.plate_name, found.plate_shape) == ("Plate 1", (16, 24))
    for where in reading.planes:
        assert found.image_metadata(where.coordinates) == reading.image_metadata(where.coordinates)
    assert validate(LocalReader(images)) == []
    with pytest.raises(PlateError, match="16 rows"):
        zarr.save(plane(1), f"{images}/{image_name(Coordinates('Q01', 1, 1))}")


def test_what_ngff_has_no_place_for_stands_beside_the_plate(zarr, images, reading):
    zarr.prepare_plate(images, reading)
    recorded = json.loads(Path(images, "zarr.json").read_bytes())["attributes"]["openhcs"]
    assert recorded["objective"] == {"name": "20X", "magnification": 20.0}
    assert recorded["started"] == "2024-05-06T07:08:09"
    assert recorded["channels"] == {"1": {"name": "DAPI", "color": "0000FF", "emission_nm": 461.0}}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_plate_without_our_attributes_is_read_with_numbers_from_one_and_not_changed(
    host, images, plane, version
):
    zarr = host.backend("zarr", ngff_version=version)
    names = [f"{images}/{image_name(Coordinates('B02', 1, c, z))}" for c in (1, 2) for z in (1, 2, 3)]
    zarr.save_batch([plane(number) for number in range(6)], names)
    for document in [*Path(images).rglob("zarr.json"), *Path(images).rglob(".zattrs")]:
        content = json.loads(document.read_bytes())
        content.get("attributes", content).pop("openhcs", None)
        document.write_text(json.dumps(content))
    others = f"{images}-others"
    shutil.move(images, others)
    theirs = [name.replace(images, others) for name in names]
    assert sorted(zarr.list_files(others)) == theirs
    for number, found in enumerate(zarr.load_batch(theirs)):
        np.testing.assert_array_equal(found, plane(number))
    assert zarr.read_plate(others).wells == ("B02",)
    with pytest.raises(PlateError, match="another program"):
        zarr.save(plane(9), theirs[0], overwrite=True)
    with pytest.raises(PlateError, match="another program"):
        zarr.delete(theirs[0])


POSITIONS = st.tuples(*[st.floats(-1e4, 1e4)] * 2)
MISSING = [Plane(Coordinates("B02", 3, 1), ""), Plane(Coordinates("D04", 1, 2, 3, 4), "")]
EVERYTHING = st.builds(
    PlateReading,
    microscope=st.just("scope"),
    root=st.just(Path("/data/P1")),
    plate_name=st.just("Plate 1"),
    planes=st.just([Plane(Coordinates(well, site, 1), "x") for well in ("B02", "C03") for site in (1, 2)]),
    missing=st.sampled_from([(), MISSING]),
    channels=st.dictionaries(
        st.integers(1, 5),
        st.builds(
            Channel,
            name=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
            excitation_nm=st.none() | st.floats(200, 900),
            emission_nm=st.none() | st.floats(200, 900),
            exposure_ms=st.none() | st.floats(0, 1e6),
            color=st.none() | st.sampled_from(["00FF00", "FF00FF"]),
        ),
        max_size=4,
    ).map(lambda channels: {1: Channel(), **channels}),
    plate_shape=st.none() | st.sampled_from([(8, 12), (16, 24), (5, 7)]),
    plate_type=st.none() | st.just("384 wells"),
    objective=st.none()
    | st.builds(Objective, name=st.none() | st.just("20X"), magnification=st.none() | st.floats(1, 200)),
    started=st.none() | st.datetimes(timezones=st.none() | st.just(UTC)),
    time_offsets_s=st.dictionaries(st.integers(1, 99), st.floats(0, 1e6), max_size=3),
    grid=st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)),
    pixel_size_um=st.none() | st.floats(0.01, 100),
    z_step_um=st.none() | st.floats(0.01, 100),
    site_positions_um=st.dictionaries(st.integers(1, 3), POSITIONS, max_size=3),
    well_site_positions_um=st.dictionaries(
        st.tuples(st.sampled_from(["B02", "C03", "H12"]), st.integers(1, 3)), POSITIONS, max_size=3
    ),
    z_positions_um=st.dictionaries(st.integers(1, 9), st.floats(-1e4, 1e4), max_size=3),
)


@settings(max_examples=40, deadline=None)
@given(reading=EVERYTHING, version=st.sampled_from(["0.4", "0.5"]))
def test_a_plate_that_was_prepared_gives_back_all_that_was_known(reading, version):
    with tempfile.TemporaryDirectory() as folder, Host() as host:
        zarr = host.backend("zarr", ngff_version=version)
        images = f"{Path(folder).as_posix()}/images"
        zarr.prepare_plate(images, reading)
        for plane in reading.planes:
            path = f"{images}/{image_name(plane.coordinates)}"
            zarr.save(np.zeros((6, 8), np.uint16), path, image=reading.image_metadata(plane.coordinates))
        found = zarr.read_plate(images)
        for field in attrs.fields(PlateReading):
            if field.name not in {"microscope", "root", "backend", "planes", "problems"}:
                assert getattr(found, field.name) == getattr(reading, field.name), field.name
        assert validate(LocalReader(images)) == []


def test_what_an_image_says_otherwise_than_the_record_is_right(zarr, images, plane, reading):
    zarr.prepare_plate(images, reading)
    for number, where in enumerate(reading.planes):
        zarr.save(plane(number), f"{images}/{image_name(where.coordinates)}")
    file = Path(images, "B/02/1/zarr.json")
    content = json.loads(file.read_bytes())
    image = content["attributes"]["ome"]
    image["omero"]["channels"][0]["label"] = "Hoechst"
    image["multiscales"][0]["datasets"][0]["coordinateTransformations"][1]["translation"][4] += 5
    file.write_text(json.dumps(content))
    found = zarr.read_plate(images)
    assert found.position_um("B02", 1) == (15.0, -20.0)
    assert found.position_um("C03", 2) == (31.0, 41.0)
    assert found.site_positions_um == reading.site_positions_um
    assert found.channels[1].emission_nm == 461.0
    assert any("different names: 'DAPI', 'Hoechst'" in problem for problem in found.problems)


def test_a_plane_that_was_missing_and_comes_is_not_missing_any_more(zarr, images, plane, reading):
    gone = [Plane(Coordinates("B02", 1, 1, 2), ""), Plane(Coordinates("B02", 1, 1, 3), "")]
    zarr.prepare_plate(images, attrs.evolve(reading, missing=gone))
    zarr.save(plane(1), f"{images}/{image_name(gone[0].coordinates)}")
    assert list(zarr.read_plate(images).missing) == gone[1:]


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("objective", "20X"),
        ("started", "yesterday"),
        ("grid", [0, 2]),
        ("site_positions_um", {"one": [1, 2]}),
        ("channels", {"1": {"emission_nm": "green"}}),
        ("missing", [{"wells": ["A0"], "places": [[1, 1, 1, 1]]}]),
        ("time_offsets_s", {"1": 10**400}),
    ],
)
def test_a_fact_that_cannot_be_read_is_a_problem_and_the_others_are_known(
    zarr, images, plane, reading, fact, value
):
    zarr.prepare_plate(images, reading)
    zarr.save(plane(1), f"{images}/{image_name(Coordinates('B02', 1, 1))}")
    file = Path(images, "zarr.json")
    content = json.loads(file.read_bytes())
    content["attributes"]["openhcs"][fact] = value
    file.write_text(json.dumps(content))
    found = zarr.read_plate(images)
    assert [f"openhcs.{fact}" in problem for problem in found.problems] == [True]
    assert (found.plate_shape, found.pixel_size_um) == ((16, 24), 0.5)
