"""What is known of a plate before its images come, and plates that others wrote."""

import json
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
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
