"""Real plates, read as their makers described them, and left as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhcs_host.contracts.microscopes import PlateReading, Skipped
from openhcs_host.testing.plate_folders import snapshot
from openhcs_microscope_imagexpress.handler import ImageXpressHandler

NAMES = [
    "ix-faim-projection-mix",
    "ix-faim-timelapse",
    "ix-zmb-export-3420/9987_Plate_3420",
    "ix-zmb-export-3433/9987_Plate_3433",
]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_accounted_for_and_nothing_is_touched(
    handler: ImageXpressHandler, plates: Path, name: str, deep: bool
) -> None:
    before = snapshot(plates / name)
    reading = handler.read(plates / name, deep=deep)
    assert snapshot(plates / name) == before
    skipped, paths = reading.skipped, [plane.path for plane in reading.planes]
    metadata = [path for path in before if path.endswith(".HTD")]
    files = [path for path in before if (plates / name / path).is_file()]
    assert (
        len(files)
        == len(paths) + len(metadata) + skipped.thumbnails + skipped.projections + skipped.unrecognised
    )
    assert all((plates / name / path).is_file() for path in paths)
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("root", ["", "Projection-Mix", "Projection-Mix/2023-02-21/1334"])
@pytest.mark.parametrize("deep", [False, True])
def test_projection_mix(handler: ImageXpressHandler, plates: Path, root: str, deep: bool) -> None:
    reading = handler.read(plates / "ix-faim-projection-mix" / root, deep=deep)
    per_channel = {
        c: len([p for p in reading.planes if p.coordinates.channel == c]) for c in reading.channel_names
    }
    assert per_channel == {1: 40, 2: 40, 3: 0, 4: 4}
    assert {p.channel for p in reading.projections} == {1, 2, 3}
    assert len(reading.projections) == 12
    assert reading.skipped == Skipped(thumbnails=96, projections=12, unrecognised=0 if root else 1)
    assert (reading.wells, reading.sites, reading.z_indexes) == (("E07", "E08"), (1, 2), tuple(range(1, 11)))
    assert reading.channel_names == dict.fromkeys((1, 2, 3, 4), "FITC_05")
    assert (reading.plate_name, reading.grid) == ("Projection-Mix", None)
    assert (reading.pixel_size_um, reading.z_step_um) == (1.3668, 5.0)
    assert reading.site_positions_um == {1: (-349.92, 0.04), 2: (349.92, 0.02)}
    assert reading.problems == (
        "channels differ in what was acquired: channels 1, 2 have z 1..10, channel 4 has z 1",
        "channel 3 exists as projections only",
        "channels 1..4 share the name 'FITC_05'",
    )


def test_timelapse(handler: ImageXpressHandler, plates: Path) -> None:
    reading = handler.read(plates / "ix-faim-timelapse")
    assert (len(reading.planes), reading.projections) == (12, ())
    assert (reading.wells, reading.sites, reading.timepoints, reading.z_indexes) == (
        ("C07",),
        (1, 2),
        (1, 2),
        (1,),
    )
    assert reading.channel_names == {1: "FITC", 2: "Cy3", 3: "Texas Red"}
    assert (reading.plate_name, reading.pixel_size_um, reading.grid) == ("1well-3C-2S-Zmix-T", 13.5504, None)
    assert reading.z_step_um is None
    assert reading.problems == (
        "by their header, the planes of channels 2, 3 are projections ('Maximum'); they stand where planes stand and "
        "are read as planes",
    )


def test_timelapse_deep(handler: ImageXpressHandler, plates: Path) -> None:
    reading = handler.read(plates / "ix-faim-timelapse", deep=True)
    assert reading.problems == (
        "by their header, 8 planes of channels 2, 3 are projections ('Maximum'); they stand where planes stand and "
        "are read as planes",
    )


def test_a_single_time_point_of_the_timelapse(handler: ImageXpressHandler, plates: Path) -> None:
    inner = plates / "ix-faim-timelapse/1well-3C-2S-Zmix-T/2024-04-22/1697/TimePoint_2"
    reading = handler.read(inner)
    assert (len(reading.planes), reading.timepoints) == (6, (2,))


@pytest.mark.parametrize("deep", [False, True])
def test_export_of_one_image(handler: ImageXpressHandler, plates: Path, deep: bool) -> None:
    reading = handler.read(plates / "ix-zmb-export-3420/9987_Plate_3420", deep=deep)
    assert [p.path for p in reading.planes] == ["TimePoint_1/9987_B02.TIF"]
    assert facts(reading) == (("B02",), (1,), (1,), (1,), {1: "DAPI"}, (1, 1), 1.3672, "9987")
    assert (reading.projections, reading.skipped, reading.problems) == ((), Skipped(), ())


@pytest.mark.parametrize("deep", [False, True])
def test_export_of_stacks(handler: ImageXpressHandler, plates: Path, deep: bool) -> None:
    reading = handler.read(plates / "ix-zmb-export-3433/9987_Plate_3433", deep=deep)
    assert (len(reading.planes), len(reading.projections)) == (24, 8)
    channels = {1: "DAPI", 2: "FITC"}
    assert facts(reading) == (("B02", "B03"), (1, 2), (1, 2, 3), (1,), channels, (1, 2), 1.3672, "9987")
    assert all(projection.path.startswith("TimePoint_1/ZStep_0/") for projection in reading.projections)
    assert (reading.z_step_um, reading.skipped) == (3.0, Skipped(projections=8))
    assert reading.problems == ()


def test_the_deep_look_at_a_real_export_that_was_damaged(
    handler: ImageXpressHandler, plates: Path, tmp_path: Path
) -> None:
    source = plates / "ix-zmb-export-3433/9987_Plate_3433/TimePoint_1"
    for step in range(4):
        (tmp_path / f"TimePoint_1/ZStep_{step}").mkdir(parents=True)
        for path in (source / f"ZStep_{step}").glob("*.TIF"):
            (tmp_path / f"TimePoint_1/ZStep_{step}" / path.name).write_bytes(path.read_bytes())
    folder = tmp_path / "TimePoint_1"
    copied, elsewhere, cut, other = (
        folder / f"ZStep_{step}/9987_{name}.TIF"
        for step, name in ((3, "B02_s1_w2"), (2, "B03_s2_w1"), (1, "B03_s1_w1"), (1, "B02_s2_w2"))
    )
    copied.write_bytes((folder / "ZStep_1/9987_B02_s1_w2.TIF").read_bytes())
    elsewhere.write_bytes((folder / "ZStep_2/9987_B02_s1_w1.TIF").read_bytes())
    cut.write_bytes(cut.read_bytes()[:5000])
    tall = next((plates / "ix-faim-projection-mix").rglob("*_E07_s1_w1_thumb*.tif"))
    other.write_bytes(tall.read_bytes())
    reading = handler.read(tmp_path, deep=True)
    text = "\n".join(reading.problems)
    assert len(reading.planes) == 24
    assert "images that cannot be read (1): 'TimePoint_1/ZStep_1/9987_B03_s1_w1.TIF'" in text
    assert "'TimePoint_1/ZStep_3/9987_B02_s1_w2.TIF' is z 1 of time point 1" in text
    assert "'TimePoint_1/ZStep_2/9987_B03_s2_w1.TIF' says 'B02 : Site 1'" in text
    assert "80 x 64 uint16" in text and "like 'TimePoint_1/ZStep_1/9987_B02_s2_w2.TIF'" in text


def facts(reading: PlateReading) -> tuple[object, ...]:
    return (
        reading.wells,
        reading.sites,
        reading.z_indexes,
        reading.timepoints,
        reading.channel_names,
        reading.grid,
        reading.pixel_size_um,
        reading.plate_name,
    )
