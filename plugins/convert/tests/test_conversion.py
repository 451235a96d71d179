"""Converting through storage that is always there: nothing lost, nothing altered, and sums that add up."""

from __future__ import annotations

import threading

import attrs
import numpy as np
import pytest

from openhcs_convert import conversion, convert_plate, verify_plate
from openhcs_convert.journal import journal_path
from openhcs_host import FileManager
from openhcs_host.contracts.images import image_name
from openhcs_host.contracts.microscopes import Plane
from openhcs_host.errors import MetadataError, PathExistsError, PlateError, UnsupportedOperationError
from openhcs_host.plates.metadata import read_metadata, update_metadata


@pytest.fixture
def broken(plate, host):
    """Return the plate with one plane that cannot be loaded."""
    FileManager(host).delete(plate.root / plate.planes[-1].path, "memory")
    return plate


def test_every_plane_arrives_unchanged_and_the_sums_add_up(host, plate, target):
    told = []
    done = convert_plate(host, plate, target, backend="memory", on_well=lambda *facts: told.append(facts))
    assert (done.found, done.written, done.projections, done.failures) == (73, 72, 1, {}) and done.adds_up
    files = FileManager(host)
    for plane in plate.planes:
        ours = files.load(target / image_name(plane.coordinates), "memory")
        assert np.array_equal(ours, files.load(plate.root / plane.path, "memory"))
    assert told == [("A01", 1, 3), ("A10", 2, 3), ("B02", 3, 3)]
    assert list(verify_plate(host, plate, target, backend="memory")) == []
    assert not journal_path(target).exists()


def test_the_record_of_the_new_plate_lists_its_images(host, plate, target):
    convert_plate(host, plate, target, backend="memory")
    record = read_metadata(target)["."]
    assert len(record["image_files"]) == 72 and record["pixel_size"] == 0.65
    assert record["channels"] == {"1": "DAPI", "2": None}


def test_a_well_that_fails_is_reported_leaves_nothing_and_stops_no_other(host, broken, target):
    done = convert_plate(host, broken, target, backend="memory")
    assert list(done.failures) == ["B02"] and (done.written, done.unwritten) == (48, 24) and done.adds_up
    names = [path.rpartition("/")[2] for path in FileManager(host).list_files(target, "memory")]
    assert not any(name.startswith("B02") for name in names) and len(names) == 48
    assert journal_path(target).exists()


def test_resuming_writes_only_what_is_not_finished(host, broken, target, tmp_path):
    convert_plate(host, broken, target, backend="memory")
    files = FileManager(host)
    last = broken.planes[-1]
    files.save(np.zeros((4, 5), np.uint16), broken.root / last.path, "memory")
    with pytest.raises(PathExistsError, match="--resume"):
        convert_plate(host, broken, target, backend="memory")
    done = convert_plate(host, broken, target, backend="memory", resume=True)
    assert (done.resumed, done.written, done.failures) == (48, 24, {}) and done.adds_up
    assert list(verify_plate(host, broken, target, backend="memory")) == []


def test_a_line_that_was_cut_off_counts_as_absent(host, broken, target):
    convert_plate(host, broken, target, backend="memory")
    journal = journal_path(target)
    journal.write_bytes(journal.read_bytes()[:-20])
    FileManager(host).save(np.zeros((4, 5), np.uint16), broken.root / broken.planes[-1].path, "memory")
    done = convert_plate(host, broken, target, backend="memory", resume=True)
    assert (done.resumed, done.written) == (24, 48)


def test_the_journal_of_other_options_is_refused(host, broken, target):
    convert_plate(host, broken, target, backend="memory")
    other = attrs.evolve(broken, root=broken.root.parent / "P2")
    with pytest.raises(MetadataError, match="another conversion"):
        convert_plate(host, other, target, backend="memory", resume=True)


def test_a_destination_with_content_is_refused_also_when_resuming(host, plate, target):
    FileManager(host).save("mine", target / "notes.txt", "memory")
    for resume in (False, True):
        with pytest.raises(PathExistsError, match="no conversion was interrupted"):
            convert_plate(host, plate, target, backend="memory", resume=resume)
    assert FileManager(host).list_dir(target, "memory") == ["notes.txt"]


def test_the_plate_of_a_microscope_is_never_written_to(host, plate):
    for place in (plate.root, plate.root / "inside"):
        with pytest.raises(PlateError, match="never written to"):
            convert_plate(host, plate, place, backend="memory")


def test_a_backend_that_stores_nothing_is_refused(host, plate, target):
    keys = host.index.keys("backend")
    if "virtual_workspace" not in keys:
        pytest.skip("no backend that stores nothing is installed")
    with pytest.raises(UnsupportedOperationError):
        convert_plate(host, plate, target, backend="virtual_workspace")


def test_inside_a_plate_of_ours_the_new_images_become_the_main_ones(host, plate, tmp_path):
    output = tmp_path / "P1_openhcs"
    update_metadata(output, "images", {"available_backends": {"disk": True}, "image_files": [], "main": True})
    convert_plate(host, plate, output / "copy", backend="memory")
    records = read_metadata(output)
    assert records["images"]["main"] is False and records["copy"]["main"] is True
    assert records["copy"]["image_files"][0] == "copy/A01_s001_w1_z001_t001.tif"


def test_verifying_finds_one_pixel_a_wrong_dtype_and_an_absent_plane(host, plate, target):
    convert_plate(host, plate, target, backend="memory")
    files = FileManager(host)
    one, two, three = (target / image_name(plane.coordinates) for plane in plate.planes[:3])
    changed = files.load(one, "memory").copy()
    changed[2, 3] += 1
    files.save(changed, one, "memory", overwrite=True)
    files.save(files.load(two, "memory").astype(np.int32), two, "memory", overwrite=True)
    files.delete(three, "memory")
    first, second, third = verify_plate(host, plate, target, backend="memory")
    assert "in 1 pixels" in first and "int32" in second and three.name in third


def test_planes_are_given_site_by_site_and_time_point_by_time_point(host, plate, target):
    convert_plate(host, plate, target, backend="memory")
    written = [path.rpartition("/")[2] for path in host.backend("memory").list_files(target.as_posix())]
    of_well = [name for name in written if name.startswith("A01")]
    assert of_well[:7] == [
        *(f"A01_s001_w{c}_z{z:03d}_t001.tif" for c in (1, 2) for z in (1, 2, 3)),
        "A01_s001_w1_z001_t002.tif",
    ]
    assert isinstance(plate.planes[0], Plane)


def test_a_site_is_given_in_as_many_whole_time_points_as_memory_allows(host, plate, target, monkeypatch):
    calls = []
    memory = host.backend("memory")
    save_batch = memory.save_batch

    def counted(data, paths, **options):
        calls.append([path.rpartition("/")[2] for path in paths])
        save_batch(data, paths, **options)

    monkeypatch.setattr(memory, "save_batch", counted)
    monkeypatch.setattr(conversion, "_AT_ONCE", 7 * 40)  # bytes: seven planes, and a time point has six
    convert_plate(host, plate, target, backend="memory", workers=1)
    assert [len(names) for names in calls] == [6] * 12
    assert {name[-8:-4] for name in calls[0]} == {"t001"} and {name[:8] for name in calls[1]} == {"A01_s001"}
    calls.clear()
    monkeypatch.setattr(conversion, "_AT_ONCE", 12 * 40)
    convert_plate(host, plate, target.with_name("P2"), backend="memory", workers=1)
    assert [len(names) for names in calls] == [12] * 6


def test_several_wells_are_written_at_once_and_no_more_than_workers(host, plate, target, monkeypatch):
    writing, most = set(), []
    memory = host.backend("memory")
    save_batch, together = memory.save_batch, threading.Barrier(2, timeout=20)

    def watched(data, paths, **options):
        well = paths[0].rpartition("/")[2][:3]
        writing.add(well)
        most.append(len(writing))
        if "_s001_" in paths[0] and well in ("A01", "A10"):
            together.wait()  # passes only if the two wells are written at the same time
        save_batch(data, paths, **options)
        if "_s007_" in paths[0]:
            writing.discard(well)

    monkeypatch.setattr(memory, "save_batch", watched)
    assert convert_plate(host, plate, target, backend="memory", workers=2).written == 72
    assert max(most) == 2


def test_an_error_that_nobody_expected_ends_the_conversion_and_it_can_be_resumed(
    host, plate, target, monkeypatch
):
    memory = host.backend("memory")
    load = memory.load

    def broken(path, **options):
        if "A10" in path:
            raise RuntimeError("a bug")
        return load(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(memory, "load", broken)
        with pytest.raises(RuntimeError, match="a bug"):
            convert_plate(host, plate, target, backend="memory")
    done = convert_plate(host, plate, target, backend="memory", resume=True)
    assert (done.resumed, done.written) == (24, 48) and not list(
        verify_plate(host, plate, target, backend="memory")
    )


def test_a_conversion_that_ended_before_its_first_well_can_be_resumed(host, plate, target, monkeypatch):
    def fails(self, reading):
        FileManager(host).save("begun", target / "begun.txt", "memory")
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("openhcs_convert.destination.Destination.prepare", fails)
        with pytest.raises(OSError, match="no space"):
            convert_plate(host, plate, target, backend="memory")
    done = convert_plate(host, plate, target, backend="memory", resume=True)
    assert done.written == 72 and done.adds_up
