"""Wells of plates: what is saved, seen, refused, replaced and deleted, and what it looks like to others."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from openhcs_backend_zarr.config import ZarrChunkStrategy, ZarrCompressor, ZarrConfig
from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, ImageMetadata, image_name
from openhcs_host.errors import (
    BatchError,
    PathExistsError,
    PathNotFoundError,
    PlateError,
    UnsupportedDataError,
)

STRATEGIES = [(version, strategy) for version in ("0.5", "0.4") for strategy in ("well", "file")]


@pytest.fixture(params=STRATEGIES, ids=[f"{version}-{strategy}" for version, strategy in STRATEGIES])
def zarr(request, host):
    """The backend, in both versions with both strategies."""
    version, strategy = request.param
    return host.backend("zarr", ngff_version=version, chunk_strategy=strategy)


def path(images, well="B02", site=1, channel=1, z=1, t=1, extension=".tif"):
    return f"{images}/{image_name(Coordinates(well, site, channel, z, t), extension)}"


def saved(zarr, images, places, plane):
    """Save one plane per place, and return what was saved by path."""
    content = {path(images, *place): plane(number) for number, place in enumerate(places)}
    zarr.save_batch(list(content.values()), list(content))
    return content


def assert_holds(zarr, images, content):
    """The plate lists exactly this, loads it, and has nothing that a validator would find."""
    assert sorted(zarr.list_files(images)) == sorted(content)
    for found, expected in zip(zarr.load_batch(list(content)), content.values(), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    assert validate(LocalReader(images)) == []
    assert [name for name in os.listdir(images) if "openhcs-part" in name] == []


def files_below(folder):
    return {f"{at}/{name}" for at, _, names in os.walk(folder) for name in names}


def test_a_batch_in_any_order_comes_back_plane_by_plane(zarr, images, plane):
    places = [("B02", s, c, z, t) for t in (1, 2) for z in (3, 1) for c in (2, 1) for s in (2, 10)]
    content = saved(zarr, images, places, plane)
    assert_holds(zarr, images, content)
    assert all(zarr.is_file(name) and zarr.exists(name) for name in content)


def test_a_sparse_and_ragged_plate_holds_what_was_saved_and_nothing_else(zarr, images, plane):
    content = saved(zarr, images, [("A01", 1, 1, 1, 1), ("A01", 1, 3, 2, 7), ("P24", 2, 1, 1, 1)], plane)
    assert_holds(zarr, images, content)
    for missing in (path(images, "A01", 1, 1, 2), path(images, "A01", 1, 3, 1, 1), path(images, "A01", 2)):
        assert not zarr.exists(missing)
        with pytest.raises(PathNotFoundError):
            zarr.load(missing)


def test_rows_and_chunks_are_no_names(zarr, images, plane):
    saved(zarr, images, [("B02", 1)], plane)
    assert zarr.list_dir(images) == ["B02_s001_w1_z001_t001.tif"]
    for inner in ("B", "B/02", "B/02/1", "B/02/1/0", "zarr.json", ".zattrs", "B/zarr.json"):
        assert not zarr.exists(f"{images}/{inner}")


def test_a_well_grows_by_site_channel_plane_and_time_and_keeps_what_it_had(zarr, images, plane):
    content = saved(zarr, images, [("B02", 1, 2, 2, 2)], plane)
    for number, place in enumerate(
        [(2, 2, 2, 2), (1, 1, 2, 2), (1, 2, 1, 2), (1, 2, 2, 1), (1, 3, 9, 5)], 10
    ):
        name = path(images, "B02", *place)
        content[name] = plane(number)
        zarr.save(content[name], name)
        assert_holds(zarr, images, content)


def test_what_does_not_change_is_linked_and_not_written_again(host, images, plane):
    zarr = host.backend("zarr")
    saved(zarr, images, [("B02", 1, 1, 1, 1), ("B02", 1, 2, 1, 1)], plane)
    shard = f"{images}/B/02/1/0/c/0/0/0/0/0"
    before = os.stat(shard).st_ino
    zarr.save(plane(7), path(images, "B02", 2))
    assert os.stat(shard).st_ino == before, "another site was added"
    zarr.save(plane(8), path(images, "B02", 1, 1, 1, 2))
    assert os.stat(shard).st_ino == before, "another time point was added"


def test_one_plane_is_replaced_in_its_object_and_nothing_else_is_touched(zarr, images, plane):
    content = saved(zarr, images, [("B02", s, c, z) for s in (1, 2) for c in (1, 2) for z in (1, 2)], plane)
    before = {name: os.stat(name).st_ino for name in files_below(images)}
    name = path(images, "B02", 1, 2, 1)
    content[name] = plane(99)
    zarr.save(content[name], name, overwrite=True)
    assert_holds(zarr, images, content)
    changed = {file for file, inode in before.items() if os.stat(file).st_ino != inode}
    assert files_below(images) == set(before)
    assert {os.path.relpath(file, images).split("/")[2] for file in changed} == {"1"}
    assert len([file for file in changed if not file.endswith((".json", ".zattrs", ".zgroup"))]) == 1


def test_existing_planes_are_replaced_only_when_told(zarr, images, plane):
    content = saved(zarr, images, [("B02", 1), ("B02", 2)], plane)
    names = list(content)
    with pytest.raises(PathExistsError):
        zarr.save_batch([plane(8), plane(9)], [path(images, "B02", 3), names[1]])
    assert_holds(zarr, images, content)
    zarr.save_batch([plane(8)], [names[1]], overwrite=True)
    assert_holds(zarr, images, content | {names[1]: plane(8)})


@pytest.mark.parametrize(
    "second",
    [
        (np.zeros((6, 8), np.float32), {"site": 1, "channel": 2}),
        (np.zeros((6, 9), np.uint16), {"site": 1, "channel": 2}),
        (np.zeros((6, 8), np.uint16), {"site": 1, "channel": 2, "extension": ".png"}),
    ],
    ids=["dtype", "shape", "extension"],
)
def test_planes_of_another_kind_in_one_field_are_refused_before_anything_is_touched(
    zarr, images, plane, second
):
    array, place = second
    names = [path(images), path(images, **place)]
    with pytest.raises(BatchError, match="one kind"):
        zarr.save_batch([plane(1), array], names)
    assert not os.path.exists(images)
    zarr.save(plane(1), names[0])
    with pytest.raises(BatchError, match="one kind"):
        zarr.save(array, names[1])
    assert_holds(zarr, images, {names[0]: plane(1)})


def test_a_field_may_become_another_kind_as_a_whole(zarr, images):
    zarr.save(np.zeros((6, 8), np.uint16), path(images))
    zarr.save(np.full((4, 5), 0.5, np.float32), path(images), overwrite=True)
    assert_holds(zarr, images, {path(images): np.full((4, 5), 0.5, np.float32)})


def test_contradictions_of_names_coordinates_and_chunk_name_are_refused(zarr, images, plane):
    other = ImageMetadata(Coordinates("B03", 1, 1))
    with pytest.raises(BatchError, match="coordinates"):
        zarr.save_batch([plane(1)], [path(images)], images=[other])
    with pytest.raises(BatchError, match="well_C05"):
        zarr.save_batch([plane(1)], [path(images)], chunk_name="well_C05")
    with pytest.raises(BatchError, match="B02, B03"):
        zarr.save_batch([plane(1)] * 2, [path(images), path(images, "B03")], chunk_name="results")
    with pytest.raises(UnsupportedDataError, match="one plane"):
        zarr.save(np.zeros((2, 3, 4), np.uint16), path(images))
    assert not os.path.exists(images)


def test_a_batch_is_saved_as_the_mission_shows_it(host, tmp_path, plane):
    files, folder = FileManager(host), f"{tmp_path}/zarr"
    config = ZarrConfig(ZarrChunkStrategy.WELL, ZarrCompressor.ZSTD, 1)
    names = [f"{folder}/output_{number:03d}" for number in (1, 2, 3)]
    stacks = [np.stack([plane(number), plane(number + 10)]) for number in (1, 2, 3)]
    files.save_batch(stacks, names, "zarr", chunk_name="well_A01", zarr_config=config)
    assert files.list_files(folder, "zarr") == names
    for name, stack in zip(names, stacks, strict=True):
        np.testing.assert_array_equal(files.load(name, "zarr"), stack)
    assert json.loads(Path(names[0], "zarr.json").read_bytes())["attributes"]["ome"]["version"] == "0.5"


def test_deleting_planes_fields_and_wells_leaves_the_rest(zarr, images, plane):
    content = saved(zarr, images, [("B02", 1, 1), ("B02", 1, 2), ("B02", 2, 1), ("C03", 1, 1)], plane)
    for gone in list(content)[:-1]:
        zarr.delete(gone)
        del content[gone]
        assert not zarr.exists(gone)
        assert_holds(zarr, images, content)
    assert not os.path.exists(f"{images}/B/02")
    zarr.delete(next(iter(content)))
    assert zarr.list_files(images) == []
    assert zarr.is_dir(images)


def test_a_deleted_plane_can_be_saved_again(zarr, images, plane):
    content = saved(zarr, images, [("B02", 1, 1), ("B02", 1, 2)], plane)
    name = path(images, "B02", 1, 2)
    zarr.delete(name)
    content[name] = plane(5)
    zarr.save(content[name], name)
    assert_holds(zarr, images, content)


def test_a_plate_is_moved_and_loads_by_the_same_names(zarr, images, plane, tmp_path):
    content = saved(zarr, images, [("B02", 1), ("H12", 1)], plane)
    moved = f"{tmp_path.as_posix()}/elsewhere/images"
    zarr.move(images, moved)
    assert_holds(zarr, moved, {name.replace(images, moved): pixels for name, pixels in content.items()})


def test_planes_are_copied_and_moved_to_other_plates_and_names(zarr, images, plane, tmp_path):
    content = saved(zarr, images, [("B02", 1), ("B02", 2)], plane)
    first, second = content
    zarr.copy(first, path(images, "D04"))
    zarr.move(second, f"{tmp_path.as_posix()}/picture")
    np.testing.assert_array_equal(zarr.load(f"{tmp_path.as_posix()}/picture"), content[second])
    assert_holds(zarr, images, {first: content[first], path(images, "D04"): content[first]})


def test_a_well_that_is_opened_appears_as_a_whole_and_replaces_the_old_one(zarr, images, plane):
    saved(zarr, images, [("B02", 1), ("B02", 7)], plane)
    content = {path(images, "B02", s, c): plane(10 * s + c) for s in (1, 2) for c in (1, 2, 3)}
    with pytest.raises(PathExistsError), zarr.open_well(images, "B02"):
        pass
    with zarr.open_well(images, "B02", overwrite=True) as sink:
        for name, pixels in content.items():
            sink.save(pixels, name)
        assert zarr.exists(path(images, "B02", 7))
        assert not zarr.exists(path(images, "B02", 2))
    assert_holds(zarr, images, content)


def test_a_site_may_come_in_parts(zarr, images, plane):
    content = {path(images, "B02", s, 1, 1, t): plane(10 * s + t) for t in (1, 2, 3) for s in (1, 2)}
    with zarr.open_well(images, "B02") as sink:
        for name, pixels in content.items():
            sink.save_batch([pixels], [name])
        with pytest.raises(PathExistsError):
            sink.save_batch([plane(0)], [path(images)])
        with pytest.raises(BatchError):
            sink.save(plane(0), path(images, "C03"))
    assert_holds(zarr, images, content)


def test_a_well_that_is_given_up_leaves_nothing(zarr, images, plane):
    content = saved(zarr, images, [("B02", 1)], plane)
    with pytest.raises(RuntimeError, match="given up"), zarr.open_well(images, "B02", overwrite=True) as sink:
        sink.save_batch([plane(5)], [path(images)])
        raise RuntimeError("given up")
    assert_holds(zarr, images, content)


def test_a_well_outside_the_plate_is_refused_and_a_plate_that_was_assumed_grows(zarr, images, plane):
    content = saved(zarr, images, [("A01", 1)], plane)
    content |= {path(images, "AF48"): plane(3)}
    zarr.save(plane(3), path(images, "AF48"))
    assert_holds(zarr, images, content)
    with pytest.raises(PlateError):
        zarr.save(plane(3), path(images, "AF49"))
    assert_holds(zarr, images, content)


def test_two_backends_see_at_once_what_the_other_writes(zarr, images, plane):
    with Host() as other_host:
        other = other_host.backend("zarr", **zarr.configuration())
        for seed in range(4):
            name = path(images, "B02", 1, 1 + seed % 2)
            zarr.save(plane(seed), name, overwrite=True)
            np.testing.assert_array_equal(other.load(name), plane(seed))
            with other.open_well(images, "B02", overwrite=True) as sink:
                sink.save(plane(50 + seed, (3, 4 + seed)), name)
            np.testing.assert_array_equal(zarr.load(name), plane(50 + seed, (3, 4 + seed)))
            zarr.delete(name)
