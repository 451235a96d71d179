"""A plate is listed by one document per well, and as the fields' own documents say wherever these differ."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhcs_backend_zarr.stores import LocalFiles
from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name


@pytest.fixture(params=["0.4", "0.5"])
def zarr(request, host):
    return host.backend("zarr", ngff_version=request.param)


def name(images, *place):
    return f"{images}/{image_name(Coordinates('B02', *place))}"


def document(images, path):
    found = [Path(images, path, each) for each in ("zarr.json", ".zattrs")]
    return next(each for each in found if each.exists())


def changed(images, path, do):
    """Change the attributes of a group as another program would."""
    file = document(images, path)
    content = json.loads(file.read_bytes())
    do(content.get("attributes", content))
    file.write_text(json.dumps(content))


def listed(images):
    """List as a process does that has read nothing yet; return the names and what was read."""
    read = []

    class Counting(LocalFiles):
        def read(self, path):
            read.append(path)
            return super().read(path)

    with Host() as host:
        zarr = host.backend("zarr")
        counting = Counting()
        zarr._local.images.groups.files = counting
        return sorted(zarr.list_files(images)), read


@pytest.fixture
def plate(zarr, images, plane):
    names = [name(images, site, channel, z) for site in (1, 2, 3) for channel in (1, 4) for z in (2, 3)]
    zarr.save_batch([plane(number) for number in range(12)], names)
    return names


def test_a_plate_is_listed_without_the_documents_of_its_fields(images, plate):
    found, read = listed(images)
    assert found == sorted(plate)
    fields = {document(images, f"B/02/{site}").as_posix() for site in (1, 2, 3)}
    assert not fields & set(read) and document(images, "B/02").as_posix() in read


def test_a_field_with_absent_planes_is_listed_by_its_own_document(zarr, images, plate, plane):
    zarr.save(plane(1), name(images, 2, 9, 9))
    assert listed(images)[0] == sorted([*plate, name(images, 2, 9, 9)])


def test_a_deleted_plane_is_not_listed_and_a_new_one_is(zarr, images, plate, plane):
    zarr.delete(plate[0])
    assert listed(images)[0] == sorted(plate[1:])
    zarr.save(plane(3), plate[0])
    assert listed(images)[0] == sorted(plate)


def test_a_field_that_another_program_changed_is_listed_as_it_is(images, plate):
    changed(images, "B/02/2", lambda content: content["openhcs"].update(z_indexes=[7, 8]))
    moved = [path.replace("_z002", "_z007").replace("_z003", "_z008") for path in plate[4:8]]
    assert listed(images)[0] == sorted([*plate[:4], *moved, *plate[8:]])


def test_a_field_that_another_program_deleted_is_not_listed(images, plate):
    shutil.rmtree(f"{images}/B/02/2")
    assert listed(images)[0] == sorted([*plate[:4], *plate[8:]])


def test_a_field_that_another_program_took_off_the_list_is_not_listed(images, plate):
    changed(images, "B/02", lambda content: content.get("ome", content)["well"]["images"].pop())
    assert listed(images)[0] == sorted(plate[:8])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.just(["1", "2", "3"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["fields", "paths", "bytes", "channels", "z_indexes"]), inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_stands_in_the_place_of_the_summary_the_list_is_right(images, plate, garbage):
    file = document(images, "B/02")
    before = file.read_bytes()
    changed(images, "B/02", lambda content: content.update(openhcs=garbage))
    try:
        assert listed(images)[0] == sorted(plate)
    finally:
        file.write_bytes(before)


def test_loading_agrees_with_the_list(zarr, images, plate, plane):
    for number, found in enumerate(zarr.load_batch(listed(images)[0])):
        expected = plane(plate.index(listed(images)[0][number]))
        np.testing.assert_array_equal(found, expected)
