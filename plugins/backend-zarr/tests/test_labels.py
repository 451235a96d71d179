"""Labels beside the images of a plate: saved and loaded by the names of the planes that they label."""

import json
import os

import numpy as np
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host import FileManager
from openhcs_host.contracts.images import Coordinates, ImageMetadata, image_name
from openhcs_host.errors import (
    BatchError,
    InvalidPathError,
    PathExistsError,
    PathNotFoundError,
    UnsupportedDataError,
)

STRATEGIES = [(version, strategy) for version in ("0.5", "0.4") for strategy in ("well", "file")]


@pytest.fixture(params=STRATEGIES, ids=["-".join(some) for some in STRATEGIES])
def zarr(request, host):
    """The backend, in both versions with both strategies, with one smaller level."""
    version, strategy = request.param
    return host.backend("zarr", ngff_version=version, chunk_strategy=strategy, pyramid=1)


def name(root, site=1, channel=1, z=1, t=1, well="B02"):
    return f"{root}/{image_name(Coordinates(well, site, channel, z, t))}"


def nuclei(number, dtype=np.uint32, shape=(6, 8)):
    """Labels that no other number gives, some beyond 16 bits."""
    return np.random.default_rng(number).integers(0, np.iinfo(dtype).max, shape, dtype)


@pytest.fixture
def stack(zarr, images, plane):
    """Two sites of two channels and two planes, saved; the names of site 1, channel 1."""
    names = [name(images, s, c, z) for s in (1, 2) for c in (1, 2) for z in (3, 5)]
    zarr.save_batch([plane(number) for number in range(len(names))], names)
    return [name(images, z=3), name(images, z=5)]


def assert_valid(root):
    """Nothing is wrong, but that we list no colours of labels, which a plate of many nuclei would fill pages with."""
    found = [
        finding for finding in validate(LocalReader(root)) if not finding.where.endswith("image-label.colors")
    ]
    assert found == []
    assert [entry for entry in os.listdir(root) if "openhcs-part" in entry] == []


def assert_labelled(zarr, label, content):
    for path, expected in content.items():
        found = zarr.load(path, label=label)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def attributes(root, path):
    for document in ("zarr.json", ".zattrs"):
        if os.path.exists(f"{root}/{path}/{document}"):
            with open(f"{root}/{path}/{document}", encoding="utf-8") as stream:
                found = json.load(stream)
            found = found.get("attributes", found)
            return found.get("ome", found)
    raise FileNotFoundError(path)


def test_labels_are_saved_and_loaded_by_the_names_of_the_planes(zarr, host, images, stack, plane):
    content = {path: nuclei(number) for number, path in enumerate(stack)}
    zarr.save_batch(list(content.values()), list(content), label="nuclei")
    assert_labelled(zarr, "nuclei", content)
    assert zarr.labels(stack[0]) == ("nuclei",)
    np.testing.assert_array_equal(zarr.load_batch(stack, label="nuclei"), list(content.values()))
    np.testing.assert_array_equal(FileManager(host).load(stack[0], "zarr", label="nuclei"), content[stack[0]])
    np.testing.assert_array_equal(zarr.load(stack[0]), plane(0))
    assert_valid(images)


def test_a_label_image_is_an_image_group_beside_its_field_without_channels_and_with_its_levels(
    zarr, images, stack
):
    labels = nuclei(1)
    zarr.save(labels, stack[1], label="nuclei")
    assert attributes(images, "B/02/1/labels")["labels"] == ["nuclei"]
    found = attributes(images, "B/02/1/labels/nuclei")
    assert found["image-label"]["source"] == {"image": "../../"}
    (multiscale,) = found["multiscales"]
    assert [axis["name"] for axis in multiscale["axes"]] == ["t", "z", "y", "x"]
    assert len(multiscale["datasets"]) == 2
    np.testing.assert_array_equal(zarr.load(stack[1], label="nuclei", level=1), labels[::2, ::2])
    np.testing.assert_array_equal(zarr.load(stack[1], label="nuclei", region=np.s_[1:3, 2:]), labels[1:3, 2:])


def test_what_was_not_labelled_is_missing_and_not_zero(zarr, images, stack):
    zarr.save(nuclei(1), stack[1], label="nuclei")
    assert zarr.labels(stack[0]) == ()
    for path, label in ((stack[0], "nuclei"), (name(images, channel=2, z=5), "nuclei"), (stack[1], "cells")):
        with pytest.raises(PathNotFoundError, match="not labelled"):
            zarr.load(path, label=label)
    assert_valid(images)


def test_geometry_is_that_of_the_image(host, images, plane):
    zarr = host.backend("zarr", pyramid=2)
    said = ImageMetadata(pixel_size_um=0.5, z_step_um=2.0, position_um=(10.0, -20.0))
    zarr.save(plane(1), name(images), image=said)
    zarr.save(nuclei(1), name(images), label="nuclei")
    image, labels = (
        attributes(images, path)["multiscales"][0] for path in ("B/02/1", "B/02/1/labels/nuclei")
    )
    for level, of_labels in zip(image["datasets"], labels["datasets"], strict=True):
        for step, other in zip(
            level["coordinateTransformations"], of_labels["coordinateTransformations"], strict=True
        ):
            kind = step["type"]
            assert other[kind] == [value for index, value in enumerate(step[kind]) if index != 1]


def test_labels_survive_when_the_field_grows_and_lie_over_the_planes_that_they_label(
    zarr, images, stack, plane
):
    content = {path: nuclei(number) for number, path in enumerate(stack)}
    zarr.save_batch(list(content.values()), list(content), label="nuclei")
    zarr.save(plane(90), name(images, z=1))  # before both: what was at index 0 is at index 1 now
    zarr.save(plane(91), name(images, z=3, t=2))
    assert_labelled(zarr, "nuclei", content)
    handle = zarr.load(stack[0], label="nuclei", lazy="tensorstore")
    assert handle.spec().to_json()["transform"]["output"][1].get("offset", 0) == 1
    assert zarr.labels(name(images, z=1)) == ()
    assert_valid(images)
    zarr.save(nuclei(7), name(images, z=1), label="nuclei")
    assert_labelled(zarr, "nuclei", {**content, name(images, z=1): nuclei(7)})


def test_labels_survive_when_a_plane_or_the_whole_field_is_replaced(zarr, images, stack, plane):
    content = {path: nuclei(number) for number, path in enumerate(stack)}
    zarr.save_batch(list(content.values()), list(content), label="nuclei")
    zarr.save(plane(80), stack[0], overwrite=True)
    assert_labelled(zarr, "nuclei", content)
    names = [name(images, 1, c, z) for c in (1, 2) for z in (3, 5)]
    zarr.save_batch([plane(n) for n in range(4)], names, overwrite=True, pyramid=2)
    assert_labelled(zarr, "nuclei", content)
    np.testing.assert_array_equal(
        zarr.load(stack[0], label="nuclei", level=2), content[stack[0]][::2, ::2][::2, ::2]
    )
    assert_valid(images)


def test_a_field_with_labels_does_not_change_its_size(zarr, images, stack):
    zarr.save(nuclei(1), stack[0], label="nuclei")
    names = [name(images, 1, c, z) for c in (1, 2) for z in (3, 5)]
    with pytest.raises(BatchError, match="nuclei"):
        zarr.save_batch([np.zeros((4, 4), np.uint16)] * 4, names, overwrite=True)
    assert_labelled(zarr, "nuclei", {stack[0]: nuclei(1)})


def test_deleting_a_plane_deletes_what_labels_it_and_deleting_the_last_the_label_image(
    zarr, images, stack, plane
):
    content = {path: nuclei(number) for number, path in enumerate(stack)}
    zarr.save_batch(list(content.values()), list(content), label="nuclei")
    zarr.delete(stack[0])
    zarr.save(plane(70), stack[0])
    assert zarr.labels(stack[0]) == (), "another plane in its place has no labels"
    assert_labelled(zarr, "nuclei", {stack[1]: content[stack[1]]})
    zarr.delete(stack[1])
    assert not os.path.exists(f"{images}/B/02/1/labels")
    assert_valid(images)


def test_deleting_a_field_deletes_its_labels_and_no_others(zarr, images, stack):
    other = name(images, 2, z=3)
    zarr.save_batch([nuclei(1), nuclei(2)], [stack[0], other], label="nuclei")
    for channel in (1, 2):
        for z in (3, 5):
            zarr.delete(name(images, 1, channel, z))
    assert not os.path.exists(f"{images}/B/02/1")
    assert_labelled(zarr, "nuclei", {other: nuclei(2)})
    assert_valid(images)


def test_labels_are_deleted_by_themselves(zarr, images, stack, plane):
    zarr.save_batch([nuclei(1), nuclei(2)], stack, label="nuclei")
    zarr.save(nuclei(3), stack[0], label="cells")
    zarr.delete(stack[0], label="nuclei")
    assert (zarr.labels(stack[0]), zarr.labels(stack[1])) == (("cells",), ("nuclei",))
    np.testing.assert_array_equal(zarr.load(stack[0]), plane(0))
    with pytest.raises(PathNotFoundError):
        zarr.delete(stack[0], label="nuclei")
    assert_valid(images)


def test_existing_labels_are_replaced_only_when_told(zarr, images, stack):
    zarr.save(nuclei(1), stack[0], label="nuclei")
    with pytest.raises(PathExistsError):
        zarr.save_batch([nuclei(2), nuclei(3)], stack, label="nuclei")
    assert zarr.labels(stack[1]) == ()
    zarr.save_batch([nuclei(2), nuclei(3)], stack, label="nuclei", overwrite=True)
    assert_labelled(zarr, "nuclei", {stack[0]: nuclei(2), stack[1]: nuclei(3)})


@pytest.mark.parametrize(
    ("labels", "z", "error"),
    [
        (np.zeros((6, 8), np.float32), 3, UnsupportedDataError),
        (np.zeros((6, 8), bool), 3, UnsupportedDataError),
        (np.zeros((6, 9), np.uint16), 3, BatchError),
        (np.zeros((6, 8), np.uint16), 4, PathNotFoundError),
    ],
    ids=["float", "bool", "size", "labels no plane"],
)
def test_what_cannot_label_the_image_is_refused(zarr, images, stack, labels, z, error):
    with pytest.raises(error):
        zarr.save(labels, name(images, z=z), label="nuclei")
    assert not os.path.exists(f"{images}/B/02/1/labels")


def test_a_label_image_is_of_one_channel_and_one_dtype(zarr, images, stack):
    zarr.save(nuclei(1), stack[0], label="nuclei")
    with pytest.raises(BatchError, match="channels"):
        zarr.save(nuclei(2), name(images, channel=2, z=3), label="nuclei")
    with pytest.raises(BatchError, match="uint16"):
        zarr.save(nuclei(2, np.uint16), stack[1], label="nuclei")


@pytest.mark.parametrize("label", ["", "a/b", "..", ".hidden", "end.", "a" * 70, 3])
def test_a_name_that_is_none_is_refused(host, images, label):
    zarr = host.backend("zarr")
    with pytest.raises(InvalidPathError):
        zarr.save(nuclei(1), name(images), label=label)


def test_only_planes_of_plates_have_labels(host, tmp_path):
    zarr, path = host.backend("zarr"), f"{tmp_path.as_posix()}/stitched"
    zarr.save(np.zeros((4, 4), np.uint16), path)
    for call in (
        lambda: zarr.save(nuclei(1), path, label="nuclei"),
        lambda: zarr.load(path, label="nuclei"),
        lambda: zarr.labels(path),
        lambda: zarr.delete(path, label="nuclei"),
    ):
        with pytest.raises(InvalidPathError, match="only these have labels"):
            call()


def test_labels_are_no_names_of_a_listing(zarr, images, stack):
    before = zarr.list_files(images, recursive=True)
    zarr.save(nuclei(1), stack[0], label="nuclei")
    assert zarr.list_files(images, recursive=True) == before
