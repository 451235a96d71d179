"""The virtual workspace: many plates side by side, pixels through disk, nothing outside a plate."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, ImageMetadata
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading, Projection
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import InvalidPathError, MetadataError, UnsupportedOperationError
from openhcs_host.plates import prepare_workspace
from openhcs_host.plates.metadata import update_metadata

NAME = "A01_s001_w1_z{z:03d}_t001.tif"


def make_plate(root: Path, value: int, files: FileManager) -> PlateReading:
    """Write a plate of three planes and a projection, whose pixels tell plate and plane."""
    planes = []
    for z in (1, 2, 10):
        path = f"TimePoint_1/ZStep_{z}/P_A01_s1_w1.TIF"
        files.save(np.full((3, 4), value + z, np.uint16), root / path, "disk")
        planes.append(Plane(Coordinates("A01", 1, 1, z_index=z), path))
    files.save(np.full((3, 4), value, np.uint16), root / "TimePoint_1/P_A01_s1_w1.TIF", "disk")
    projection = Projection("A01", 1, 1, 1, "TimePoint_1/P_A01_s1_w1.TIF")
    return PlateReading(
        microscope="x",
        root=root,
        plate_name="P",
        planes=planes,
        projections=(projection,),
        channels={1: Channel()},
    )


@pytest.fixture
def files():
    with Host() as host:
        yield FileManager(host)


@pytest.fixture
def workspace(files):
    return files.get_backend("virtual_workspace")


@pytest.fixture
def plate(tmp_path, files, workspace):
    reading = make_plate(tmp_path / "P1", 100, files)
    prepare_workspace(reading, tmp_path / "elsewhere")
    workspace.mount(reading.root, tmp_path / "elsewhere")
    return str(reading.root)


def test_planes_are_listed_in_natural_order_and_loaded_by_virtual_name(files, plate):
    listed = files.list_files(plate, "virtual_workspace")
    assert listed == [f"{plate}/{NAME.format(z=z)}" for z in (1, 2, 10)]
    loaded = files.load_batch(listed, "virtual_workspace")
    assert [image[0, 0] for image in loaded] == [101, 102, 110]
    assert all(image.dtype == np.uint16 for image in loaded)


def test_projections_stand_apart(files, plate):
    assert files.list_dir(plate, "virtual_workspace")[-1] == "projections"
    (path,) = files.list_files(f"{plate}/projections", "virtual_workspace")
    assert path.endswith("/projections/A01_s001_w1_t001.tif")
    assert files.load(path, "virtual_workspace")[0, 0] == 100
    assert path not in files.list_files(plate, "virtual_workspace")
    assert path in files.list_files(plate, "virtual_workspace", recursive=True)


def test_exists_is_true_for_what_is_shown_and_nothing_else(files, plate):
    is_file, is_dir = workspace_questions(files)
    assert is_file(f"{plate}/{NAME.format(z=2)}") and not is_dir(f"{plate}/{NAME.format(z=2)}")
    assert is_dir(plate) and is_dir(f"{plate}/projections") and not is_file(plate)
    for path in (
        f"{plate}/A01_s001_w1_z002",
        f"{plate}/TimePoint_1",
        "/elsewhere",
        f"{plate}x/{NAME.format(z=2)}",
    ):
        assert not files.exists(path, "virtual_workspace")


def workspace_questions(files):
    return (
        lambda path: files.is_file(path, "virtual_workspace"),
        lambda path: files.is_dir(path, "virtual_workspace"),
    )


def test_many_plates_answer_for_themselves_only(tmp_path, files, workspace, plate):
    other = make_plate(tmp_path / "P2", 500, files)
    inner = make_plate(tmp_path / "P1" / "inner", 900, files)
    for reading in (other, inner):
        prepare_workspace(reading, reading.root)  # beside the plate, on request
        workspace.mount(reading.root)
    values = {
        root: files.load(f"{root}/{NAME.format(z=1)}", "virtual_workspace")[0, 0]
        for root in (plate, str(other.root), str(inner.root))
    }
    assert list(values.values()) == [101, 501, 901]


def test_a_plate_that_is_not_mounted_is_not_found(files, plate):
    with pytest.raises(FileNotFoundError, match="no mounted plate"):
        files.load(f"/somewhere/else/{NAME.format(z=1)}", "virtual_workspace")
    with pytest.raises(FileNotFoundError, match="maps 4 images"):
        files.load(f"{plate}/A09_s001_w1_z001_t001.tif", "virtual_workspace")


def test_a_relative_path_is_refused_because_it_could_mean_any_plate(files, plate):
    for ask in (files.load, files.exists):
        with pytest.raises(InvalidPathError, match="full path"):
            ask(NAME.format(z=1), "virtual_workspace")


def test_listing_what_is_no_folder_is_an_error(files, plate):
    with pytest.raises(NotADirectoryError):
        files.list_files(f"{plate}/{NAME.format(z=1)}", "virtual_workspace")
    with pytest.raises(FileNotFoundError):
        files.list_dir(f"{plate}/none", "virtual_workspace")


def test_it_is_a_read_only_view(files, plate, workspace):
    assert workspace.capabilities == Capability.READ | Capability.LIST
    before = files.list_files(plate, "disk", recursive=True)
    path = f"{plate}/new.tif"
    for refused in (
        lambda: files.save(np.zeros((2, 2), np.uint16), path, "virtual_workspace"),
        lambda: files.delete(path, "virtual_workspace"),
        lambda: files.move(path, path, "virtual_workspace"),
        lambda: files.ensure_directory(path, "virtual_workspace"),
    ):
        with pytest.raises(UnsupportedOperationError, match="virtual_workspace"):
            refused()
    assert files.list_files(plate, "disk", recursive=True) == before


@pytest.mark.parametrize(
    "escape", ["../secret.tif", "/etc/passwd", "a/../../secret.tif", "", "C:/x.tif", "a\\..\\b"]
)
@pytest.mark.parametrize("side", ["real", "virtual"])
def test_a_mapping_that_leads_outside_the_plate_is_refused_when_read(tmp_path, workspace, escape, side):
    mapping = {"a.tif": escape} if side == "real" else {escape: "a.tif"}
    update_metadata(tmp_path, ".", {"workspace_mapping": mapping})
    with pytest.raises(InvalidPathError, match="refused"):
        workspace.mount(tmp_path)
    assert not workspace.exists(str(tmp_path))


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_leads_outside_the_plate_is_not_followed(tmp_path, files, workspace, what):
    files.save(np.zeros((2, 2), np.uint16), tmp_path / "outside" / "secret.tif", "disk")
    plate = tmp_path / "plate"
    plate.mkdir()
    if what == "file":
        (plate / "in").mkdir()
        (plate / "in" / "secret.tif").symlink_to(tmp_path / "outside" / "secret.tif")
    else:
        (plate / "in").symlink_to(tmp_path / "outside", target_is_directory=True)
    update_metadata(plate, ".", {"workspace_mapping": {"a.tif": "in/secret.tif"}})
    workspace.mount(plate)
    with pytest.raises(InvalidPathError, match="outside the plate"):
        files.load(f"{plate}/a.tif", "virtual_workspace")


def test_links_inside_the_plate_and_a_plate_reached_through_a_link_are_fine(tmp_path, files, workspace):
    files.save(np.full((2, 2), 7, np.uint16), tmp_path / "plate" / "real" / "a.tif", "disk")
    (tmp_path / "plate" / "link.tif").symlink_to("real/a.tif")
    (tmp_path / "alias").symlink_to(tmp_path / "plate", target_is_directory=True)
    update_metadata(tmp_path / "plate", ".", {"workspace_mapping": {"a.tif": "link.tif"}})
    workspace.mount(tmp_path / "alias")
    assert files.load(f"{tmp_path}/alias/a.tif", "virtual_workspace")[0, 0] == 7


def test_a_moved_plate_loads_again_once_mounted_at_its_new_place(tmp_path, files, workspace, plate):
    shutil.move(plate, tmp_path / "moved")
    workspace.mount(tmp_path / "moved", tmp_path / "elsewhere")
    assert files.load(f"{tmp_path}/moved/{NAME.format(z=10)}", "virtual_workspace")[0, 0] == 110


def test_a_mapped_file_that_is_gone_is_a_file_not_found_error(files, plate):
    os.unlink(f"{plate}/TimePoint_1/ZStep_2/P_A01_s1_w1.TIF")
    with pytest.raises(FileNotFoundError, match="ZStep_2"):
        files.load(f"{plate}/{NAME.format(z=2)}", "virtual_workspace")


def test_metadata_without_a_mapping_mounts_nothing(tmp_path, workspace):
    update_metadata(tmp_path, "images", {"main": True})
    with pytest.raises(MetadataError, match="maps no image"):
        workspace.mount(tmp_path)
    with pytest.raises(FileNotFoundError):
        workspace.mount(tmp_path / "none")


def test_the_field_s_own_files_mount_with_their_images_folder(tmp_path, files, workspace):
    files.save(np.full((2, 2), 3, np.uint16), tmp_path / "TimePoint_1" / "a.tif", "disk")
    update_metadata(
        tmp_path, ".", {"workspace_mapping": {"images/A01_s001_w1_z001_t001.tif": "TimePoint_1/a.tif"}}
    )
    workspace.mount(tmp_path)
    assert files.load(f"{tmp_path}/images/A01_s001_w1_z001_t001.tif", "virtual_workspace")[0, 0] == 3
    assert files.list_dir(tmp_path, "virtual_workspace") == ["images"]


def test_names_come_from_metadata(workspace):
    image = ImageMetadata(Coordinates("B02", 1, 2, 3, 4))
    assert workspace.generate_filename(image, ".tiff") == "B02_s001_w2_z003_t004.tiff"
    with pytest.raises(InvalidPathError):
        workspace.generate_filename(ImageMetadata())


def test_another_process_gets_the_same_plates_from_the_description(files, workspace, plate):
    spec = pickle.loads(pickle.dumps(files.host.describe(workspace)))
    with Host() as worker:
        again = worker.create(spec)
        assert again.load(f"{plate}/{NAME.format(z=1)}")[0, 0] == 101
