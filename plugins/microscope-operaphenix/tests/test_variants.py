"""Variants that real exports are known to have, each read as a whole plate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

Plate = Callable[..., Path]
Touch = Callable[..., Path]


@pytest.mark.parametrize("name", ["P__2026-01-01T10_00_00-Measurement 1", "P__2026-01-01-Measurement1"])
@pytest.mark.parametrize("folder", ["Images", "images", "IMAGES"])
def test_the_folder_may_be_written_in_any_way(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, name: str, folder: str
) -> None:
    root = plate([harmony.plane()], folder=f"{name}/{folder}")
    for given in (root, root / name, root / name / folder):
        reading = handler.read(given)
        assert (len(reading.planes), reading.channel_names, reading.problems) == (1, {1: "Channel 1"}, ())


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (
            ["r01c01f01p01-ch1sk1fk1fl1.tiff", "r01c01f01p123-ch2sk2fk1fl1.tiff"],
            [(1, 1, 1, 1), (1, 2, 123, 2)],
        ),
        (["r03c03f02p01-ch01t01.tiff", "r03c03f02p01-ch02t10.tiff"], [(2, 1, 1, 1), (2, 2, 1, 10)]),
        # row, column, field, plane, time, channel
        (["001001-1-001001001.tif", "001001-2-003004005.tif"], [(1, 1, 1, 1), (2, 5, 3, 4)]),
    ],
)
def test_names_of_every_age_without_an_index(
    handler: OperaPhenixHandler, touch: Touch, names: list[str], places: list[tuple[int, ...]]
) -> None:
    reading = handler.read(touch(*(f"Images/{name}" for name in names)))
    assert [plane.coordinates.place for plane in reading.planes] == places


@pytest.mark.parametrize(("version", "first"), [(5, "0"), (7, "1")])
def test_time_counts_from_one_as_in_the_names_whatever_the_version_counts_from(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, version: int, first: str
) -> None:
    root = plate([harmony.plane(t=t) for t in (1, 2)], version=version)
    (index,) = root.rglob("Index*.xml")
    assert f"<TimepointID>{first}</TimepointID>" in index.read_text(encoding="utf-8-sig")
    reading = handler.read(root)
    assert (reading.timepoints, reading.time_offsets_s) == ((1, 2), {1: 0.0, 2: 60.0})


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_entries_in_any_order_and_names_of_any_characters(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, version: int
) -> None:
    names = {4: "Alexa 488, 'long'", 1: 'a "b" & <c> µ', 2: "細胞; x"}
    planes = [harmony.plane(channel=channel) for channel in (4, 1, 2)]
    reading = handler.read(plate(planes, version=version, channels=names, name="µ, \"P\" '1'"))
    assert reading.channel_names == dict(sorted(names.items()))
    assert (reading.plate_name, reading.problems) == ("µ, \"P\" '1'", ())


def test_both_heights_are_read_and_agree(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    planes = [harmony.plane(z=z, height=(z - 2) * 2e-6, absolute=0.1375 + z * 2e-6) for z in (1, 2, 3)]
    reading = handler.read(plate(planes))
    assert (reading.z_positions_um, reading.z_step_um) == ({1: -2.0, 2: 0.0, 3: 2.0}, 2.0)


def test_tag_65500_is_believed_last_and_its_channel_never(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, tiff: Callable[..., Path]
) -> None:
    """The Index says channel 2 and field 1, the name channel 3, the tag of every image channel 1."""
    name = "r01c01f01p01-ch3sk1fk1fl1.tiff"
    root = plate([harmony.plane(channel=2, url=name)])
    tag = (
        "<TiffImageDescription><Image><Row>1</Row><Col>1</Col><FieldID>9</FieldID><PlaneID>1</PlaneID>"
        "<ChannelID>1</ChannelID></Image></TiffImageDescription>"
    )
    tiff(root / "Images" / name, tag=tag)
    reading = handler.read(root, deep=True)
    assert [plane.coordinates.place for plane in reading.planes] == [(1, 2, 1, 1)]
    assert [problem.split(":")[0] for problem in reading.problems] == [
        "1 file is named as another plane than the Index says, and the Index is followed",
        "images whose tag 65500 says another place, which is not believed (1)",
    ]
    assert "channel" not in reading.problems[1]
