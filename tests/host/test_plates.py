"""Finding the handler of a folder, and what a person sees of a plate. Handlers here are fake distributions."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import attrs
import pytest

from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Plane, Planes, PlateReading, Projection
from openhcs_host.errors import PlateConflictError
from openhcs_host.plates import detect_microscope, open_plate, prepare_workspace, virtual_name, virtual_paths
from openhcs_host.plates.metadata import read_metadata
from openhcs_host.plates.opening import list_folder

HANDLER = """
from openhcs_host import hookimpl
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Evidence, MicroscopeHandler, Plane, PlateReading, Skipped

OPENHCS_API = 1


class Handler(MicroscopeHandler):
    key = "{key}"

    def detect(self, listing):
        mine = [name for name in listing.files if name.endswith(".{key}")]
        return Evidence(bool(mine), f"{{len(mine)}} files end in .{key}")

    def read(self, root, *, deep=False):
        planes = [Plane(Coordinates(path.stem, 1, 1), path.name) for path in root.glob("*.{key}")]
        return PlateReading(
            microscope="{key}", root=root, plate_name=root.name, planes=planes, channels={{1: Channel(name="DAPI")}},
            pixel_size_um=0.65, grid=(1, 2), skipped=Skipped(thumbnails=3), problems=("it is odd",) if deep else (),
        )


@hookimpl
def openhcs_create_microscope(key):
    return Handler()
"""


def install(site, key, source=HANDLER):
    module = f"scope_{key}"
    site.install(f"scope-{key}", {"openhcs.microscope": {key: module}}, {module: source.format(key=key)})


@pytest.fixture
def plate(tmp_path):
    folder = tmp_path / "P1"
    folder.mkdir()
    for well in ("A01", "B02", "A10", "AA02"):
        (folder / f"{well}.abc").touch()
    return folder


def test_the_one_handler_that_recognises_the_folder_reads_it(site, plate):
    install(site, "abc")
    install(site, "xyz")
    shown = site.openhcs("plate", "info", str(plate), "--json")
    assert shown.returncode == 0, shown.stderr
    facts = json.loads(shown.stdout)
    assert facts["microscope"] == "abc" and facts["plate_name"] == "P1" and facts["images"] == 4
    assert facts["wells"] == ["A01", "A10", "B02", "AA02"]
    assert facts["sites"] == [1] and facts["z_indexes"] == [1] and facts["timepoints"] == [1]
    assert facts["channels"] == {"1": "DAPI"} and facts["grid"] == [1, 2] and facts["pixel_size_um"] == 0.65
    assert facts["skipped"] == {"thumbnails": 3, "projections": 0, "unrecognised": 0}
    assert facts["problems"] == []
    people = site.openhcs("plate", "info", str(plate), "--deep").stdout
    for words in ("A01, A10, B02, AA02", "1 DAPI", "0.65 µm", "3 thumbnails", "it is odd"):
        assert words in people


def test_a_folder_that_nothing_reads_lists_what_was_tried_and_exits_with_2(site, tmp_path):
    install(site, "abc")
    install(site, "ill", "raise RuntimeError('broken today')")
    empty = tmp_path / "empty"
    empty.mkdir()
    shown = site.openhcs("plate", "info", str(empty))
    assert shown.returncode == 2
    assert "abc: no, 0 files end in .abc" in shown.stderr
    assert "ill: no, it could not be asked" in shown.stderr and "broken today" in shown.stderr


def test_two_handlers_that_say_yes_are_an_error_until_one_is_named(site, plate):
    install(site, "abc")
    install(site, "also", HANDLER.replace(".{key}", ".abc"))
    shown = site.openhcs("plate", "info", str(plate))
    assert shown.returncode == 2 and "several" in shown.stderr and "--microscope abc" in shown.stderr
    assert site.openhcs("plate", "info", str(plate), "--microscope", "also").returncode == 0


def test_naming_the_handler_imports_no_other(site, plate):
    install(site, "abc")
    install(site, "xyz", "import os; os._exit(9)  # imported!")
    assert site.openhcs("plate", "info", str(plate), "--microscope", "abc").returncode == 0


def test_a_handler_that_fails_while_looking_does_not_silence_the_others(site, plate):
    install(site, "abc")
    install(site, "bad", HANDLER.replace("mine = [", "mine = 1 / 0, ["))
    shown = site.openhcs("plate", "info", str(plate), "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["microscope"] == "abc"


@pytest.mark.parametrize("what", ["missing", "file"])
def test_what_is_no_folder_is_said_plainly(tmp_path, what):
    if what == "file":
        (tmp_path / what).touch()
    expected = FileNotFoundError if what == "missing" else NotADirectoryError
    with Host() as host, pytest.raises(expected, match=what):
        open_plate(host, tmp_path / what)
    with Host() as host, pytest.raises(expected):
        detect_microscope(host, tmp_path / what)


def test_a_listing_is_bounded_breadth_first_and_follows_no_directory_links(tmp_path):
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for n in range(10):
        (tmp_path / f"f{n}").touch()
        (deep / f"g{n}").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    whole = list_folder(tmp_path)
    assert whole.complete and len(whole.files) == 21 and set(whole.directories) == {"a", "a/b", "a/b/c"}
    part = list_folder(tmp_path, bound=14)
    assert not part.complete and len(part.files) + len(part.directories) == 14
    assert not any(name.startswith("a/b/c/") for name in part.files)


def test_a_folder_that_cannot_be_looked_into_does_not_hide_the_plate(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "a.tif").touch()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    # The superuser may look everywhere, so the refusal is put in by hand.
    monkeypatch.setattr(os, "scandir", lambda path: scandir(f"{path}/" if path.name == "locked" else path))
    listing = list_folder(tmp_path)
    assert listing.files == ("a.tif",) and listing.directories == ("locked",) and not listing.complete


READING = PlateReading(
    microscope="abc",
    root=Path("/p"),
    plate_name="P",
    planes=[
        Plane(Coordinates("AA01", 1, 1), "z/AA01.TIF"),
        Plane(Coordinates("B01", 1, 1, z_index=10), "z/B01_10.tiff"),
        Plane(Coordinates("B01", 1, 1, z_index=2), "z/B01_2.tiff"),
    ],
    projections=(Projection("B01", 1, 1, 1, "B01.TIF"),),
    channels={1: Channel()},
)


def test_planes_are_in_plate_order_and_projections_apart():
    assert [p.path for p in READING.planes] == ["z/B01_2.tiff", "z/B01_10.tiff", "z/AA01.TIF"]
    assert virtual_paths(READING) == {
        "B01_s001_w1_z002_t001.tiff": "z/B01_2.tiff",
        "B01_s001_w1_z010_t001.tiff": "z/B01_10.tiff",
        "AA01_s001_w1_z001_t001.tif": "z/AA01.TIF",
        "projections/B01_s001_w1_t001.tif": "B01.TIF",
    }


def test_planes_are_a_sequence_whose_elements_are_made_when_asked_for():
    planes = READING.planes
    every = [planes[0], planes[1], planes[2]]
    assert list(planes) == every == [planes[n] for n in (-3, -2, -1)]
    assert planes[1:] == tuple(every[1:]) and planes[::-2] == (every[2], every[0])
    assert len(planes) == 3 and every[1] in planes and planes.index(every[2]) == 2
    with pytest.raises(IndexError):
        planes[3]
    assert planes == attrs.evolve(READING, planes=reversed(every)).planes
    assert planes != attrs.evolve(READING, planes=every[:2]).planes
    assert pickle.loads(pickle.dumps(planes)) == planes
    assert repr(planes) == "<3 planes in 2 wells>"


def test_planes_know_what_the_wells_have():
    assert READING.planes.by_well["B01"] == {(1, 1, 2, 1): "z/B01_2.tiff", (1, 1, 10, 1): "z/B01_10.tiff"}
    assert READING.planes.places == {(1, 1, 1, 1): 1, (1, 1, 2, 1): 1, (1, 1, 10, 1): 1}
    assert READING.z_indexes == (1, 2, 10) and READING.wells == ("B01", "AA01")


def test_no_planes_are_an_empty_sequence():
    empty = attrs.evolve(READING, planes=())
    assert list(empty.planes) == [] and not empty.planes and empty.wells == empty.sites == ()


def test_two_planes_of_one_place_are_a_conflict_that_names_both():
    twice = [Plane(Coordinates("B01", 1, 1), path) for path in ("one.tif", "two.tif")]
    with pytest.raises(PlateConflictError, match=r"'one.tif' and 'two.tif'"):
        attrs.evolve(READING, planes=twice)


@pytest.mark.parametrize("well", ["b01", "B1", "B001", ""])
def test_planes_of_what_is_no_well_are_refused(well):
    with pytest.raises(ValueError, match="well"):
        Planes.ordered({(1, 1, 1, 1): {well: "a.tif"}})


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        ("a.TIF", ".tif"),
        ("x.y/a.OME.tiff", ".tiff"),
        ("x.y/a", ""),
        ("a", ""),
        ("a.", "."),
        ("a.jpeg2000", ".jpeg2000"),
    ],
)
def test_the_extension_of_a_virtual_name_is_that_of_the_file(path, extension):
    plane = Plane(Coordinates("B01", 1, 1), path)
    assert virtual_name(plane) == f"B01_s001_w1_z001_t001{extension}"
    assert next(iter(virtual_paths(attrs.evolve(READING, planes=[plane])))) == virtual_name(plane)


def test_a_workspace_is_one_record_with_the_fields_of_the_field(tmp_path):
    prepare_workspace(READING, tmp_path / "elsewhere")
    (name, record), *rest = read_metadata(tmp_path / "elsewhere").items()
    assert name == "." and not rest
    assert record["workspace_mapping"] == virtual_paths(READING)
    assert record["available_backends"] == {"disk": True, "virtual_workspace": True}
    assert record["microscope_handler_name"] == record["source_filename_parser_name"] == "abc"
    assert record["pixel_size"] is None and record["grid_dimensions"] is None
    assert list(record["wells"]) == ["B01", "AA01"] and record["channels"] == {"1": None}
