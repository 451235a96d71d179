"""The generator of plates: what it says that it wrote is what lies there, under the names that vendors use."""

from __future__ import annotations

import re

import attrs
import pytest
import tifffile

from openhcs_demo.plates import (
    HarmonyTraps,
    ImageXpressTraps,
    Plate,
    digest,
    write_harmony,
    write_imagexpress,
)
from openhcs_demo.scene import noise_images
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import PathExistsError

TWO = {1: Channel(name="DAPI"), 2: Channel(name="FITC")}
STACK = Plate(name="P", wells=("A01", "P24"), grid=(1, 2), channels=TWO, planes=3, timepoints=2)
SINGLE = Plate(name="P", wells=("B02",))
GUID = "[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"


def imagexpress(folder, plate, **traps):
    return write_imagexpress(folder / "plate", plate, noise_images(plate, 1), ImageXpressTraps(**traps))


def harmony(folder, plate, **traps):
    return write_harmony(folder / "plate", plate, noise_images(plate, 1), HarmonyTraps(**traps))


def files_of(written):
    return {path.relative_to(written.root).as_posix() for path in written.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("write", "traps"),
    [
        (imagexpress, {}),
        (imagexpress, {"projections": "parent", "thumbnails": "_thumb", "guid": "upper", "strays": True}),
        (imagexpress, {"single": {1}, "filled": True, "first_time_only": {2}, "htd": "everywhere"}),
        (harmony, {}),
        (harmony, {"compression": "mixed", "version": 7, "index": "parent", "strays": True}),
    ],
)
def test_what_is_said_to_be_written_lies_there_and_nothing_else(tmp_path, write, traps):
    written = write(tmp_path, STACK, **traps)
    images = [*written.planes.values(), *written.projections.values()]
    assert {digest(tifffile.imread(written.root / image.path)) for image in images} == {
        image.digest for image in images
    }
    paths = {image.path for image in images}
    assert len(paths) == len(images) and paths <= files_of(written)
    metadata = [path for path in files_of(written) if path.lower().endswith((".htd", ".xml"))]
    counted = len(paths) + len(metadata) + written.thumbnails + written.unrecognised
    assert len(files_of(written)) == counted


@pytest.mark.parametrize(
    ("plate", "traps", "pattern"),
    [
        (STACK, {}, r"TimePoint_1/ZStep_1/P_A01_s1_w1\.TIF"),
        (STACK, {"timepoint_folder": "Timepoint"}, r"Timepoint_2/ZStep_3/P_P24_s2_w2\.TIF"),
        (STACK, {"projections": "ZStep_0"}, r"TimePoint_1/ZStep_0/P_A01_s1_w1\.TIF"),
        (STACK, {"projections": "parent"}, r"TimePoint_1/P_A01_s1_w1\.TIF"),
        (STACK, {"z": "before"}, r"TimePoint_1/P_A01_s1_z003_w2\.TIF"),
        (STACK, {"layout": "database"}, r"P/2024-07-09/1334/TimePoint_1/ZStep_2/P_A01_s1_w1\.TIF"),
        (SINGLE, {"layout": "database", "date_level": False}, r"P/1334/P_B02_s1_w1\.TIF"),
        (SINGLE, {"site_token": False, "wave_token": False}, r"TimePoint_1/P_B02\.TIF"),
        (SINGLE, {"layout": "flat", "prefix": ""}, r"B02_s1_w1\.TIF"),
        (SINGLE, {"layout": "flat", "guid": "upper", "extension": ".tif"}, rf"P_B02_s1_w1{GUID}\.tif"),
        (SINGLE, {"layout": "flat", "guid": "lower"}, rf"P_B02_s1_w1{GUID.replace('A-F', 'a-f')}\.TIF"),
        (SINGLE, {"layout": "flat", "guid": "bracketed"}, rf"P_B02_s1_w1_\[{GUID}\]\.TIF"),
        (
            SINGLE,
            {"layout": "flat", "guid": "upper", "thumbnails": "_thumb"},
            rf"P_B02_s1_w1_thumb{GUID}\.TIF",
        ),
        (
            SINGLE,
            {"layout": "flat", "guid": "upper", "thumbnails": "_thumb_"},
            rf"P_B02_s1_w1_thumb_{GUID}\.TIF",
        ),
        (SINGLE, {"parents": ("a", "b"), "htd_stem": "other", "htd_extension": ".htd"}, r"a/b/other\.htd"),
        (SINGLE, {"htd": "inside"}, r"TimePoint_1/P\.HTD"),
        (SINGLE, {"strays": True}, r"TimePoint_1/P_A01_w2-foregroun\.tif"),
    ],
)
def test_a_trap_of_imagexpress_shows_in_a_path(tmp_path, plate, traps, pattern):
    written = imagexpress(tmp_path, plate, **traps)
    assert any(re.fullmatch(pattern, path) for path in files_of(written)), sorted(files_of(written))


@pytest.mark.parametrize(
    ("traps", "path"),
    [
        ({}, "Images/r16c24f02p03-ch2sk2fk1fl1.tiff"),
        ({}, "Images/Index.idx.xml"),
        ({"version": 6}, "Images/r16c24f02p03-ch02t02.tiff"),
        ({"version": 7, "index": "parent", "images_folder": "images"}, "Index.xml"),
        ({"names": "digits"}, "Images/016024-2-003002002.tif"),
        ({"measurement_folder": True}, "P__2024-07-09T13_11_09-Measurement 1/Images/Index.idx.xml"),
        ({"assay_layout": True}, "Assaylayout/Unnamed.xml"),
    ],
)
def test_a_trap_of_harmony_shows_in_a_path(tmp_path, traps, path):
    assert path in files_of(harmony(tmp_path, STACK, **traps))


def test_an_htd_file_can_hold_bytes_that_are_no_utf_8(tmp_path):
    plate = attrs.evolve(SINGLE, channels={1: Channel(name="µ")})
    imagexpress(tmp_path, plate, htd_line_break=True, htd_encoding="cp1252")
    content = (tmp_path / "plate" / "P.HTD").read_bytes()
    assert b"synthetic\x82\x81of" in content and b'"WaveName1", "\xb5"\r\n' in content


def test_a_copy_keeps_the_numbers_of_its_original(tmp_path):
    written = imagexpress(tmp_path, STACK, single={1}, first_time_only={1}, filled=True)
    copy, original = (Coordinates("A01", 1, 1, z, t) for z, t in ((3, 2), (1, 1)))
    assert copy in written.copies and written.planes[copy].digest == written.planes[original].digest
    with tifffile.TiffFile(written.root / written.planes[copy].path) as tiff:
        header = tiff.pages[0].description
    assert '"Z Step" type="float" value="1"' in header and '"Timepoint" type="float" value="1"' in header


@pytest.mark.parametrize(("version", "namespace"), [(4, b"PEHH/HarmonyV4"), (7, b"6635266B0DD3/HarmonyV7")])
def test_channels_are_told_where_the_version_tells_them(tmp_path, version, namespace):
    harmony(tmp_path, SINGLE, version=version, bom=False)
    content = next((tmp_path / "plate" / "Images").glob("Index*.xml")).read_bytes()
    maps, images = content.index(b"<Maps>"), content.index(b"<Images>")
    assert content.startswith(b"<?xml") and namespace in content
    assert (maps < content.index(b"<ChannelName>") < images) == (version == 7)


def test_planes_missing_not_recorded_and_unlisted_are_told_apart(tmp_path):
    positions = (("A01", 1), ("A01", 2), ("P24", 1))
    missing, unrecorded, unlisted = (next(STACK.stacks_of(*position)) for position in positions)
    written = harmony(tmp_path, STACK, missing={missing}, unrecorded={unrecorded}, unlisted={unlisted})
    assert written.missing == {missing: "r01c01f01p01-ch1sk1fk1fl1.tiff"}
    assert unlisted in written.planes and not {missing, unrecorded} & written.planes.keys()
    content = (tmp_path / "plate" / "Images" / "Index.idx.xml").read_text("utf-8-sig")
    assert content.count("<URL/>") == 1 and "r16c24f01p01-ch1sk1" not in content


@pytest.mark.parametrize(
    ("plate", "traps", "why"),
    [
        (STACK, {"layout": "flat", "z": "after"}, "time points"),
        (SINGLE, {"projections": "parent"}, "keeps projections apart"),
        (SINGLE, {"projected": {1}}, "must have planes"),
        (STACK, {"site_token": False}, "_s"),
        (STACK, {"wave_token": False}, "_w"),
        (Plate(grid=(1, 2), cells=((0, 1), (0, 0))), {}, "reading order"),
    ],
)
def test_a_plate_that_cannot_exist_is_refused(tmp_path, plate, traps, why):
    with pytest.raises(ValueError, match=why):
        imagexpress(tmp_path, plate, **traps)
    assert not (tmp_path / "plate").exists()


def test_a_well_beyond_the_plate_is_refused():
    with pytest.raises(ValueError, match="'H13' is not on a plate of 8 x 12"):
        Plate(rows=8, columns=12, wells=("H13",))


def test_a_folder_with_content_is_left_alone(tmp_path):
    written = imagexpress(tmp_path, SINGLE)
    before = files_of(written)
    with pytest.raises(PathExistsError, match="not empty"):
        harmony(tmp_path, SINGLE)
    assert files_of(written) == before
