"""Plates from anybody: a clear error or a reading with problems, nothing from outside, no memory blow-up."""

from __future__ import annotations

import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_host.errors import OpenHCSError
from openhcs_microscope_operaphenix.collector import Collector
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler
from openhcs_microscope_operaphenix.numbering import OperaPhenixConfig
from openhcs_microscope_operaphenix.shapes import Record

INPUTS = int(os.environ.get("OPENHCS_FUZZ_INPUTS", "300"))
NAMES = (
    "r01c01f01p01-ch1sk1fk1fl1.tiff",
    "r01c01f02p01-ch01t01.tiff",
    "001001-3-001001001.tif",
    "r1c1f1p1-ch1sk1fk1fl1.tiff",
    "r99c99f99p99-ch99sk99fk9fl9.tiff",
    "odd.tif",
    "notes.txt",
)
VALUES = (
    *("", "0", "1", "2", "-1", "1e3", "1e400", "nan", "999999", "1000000000", "٣", "A" * 5000, "a\x85b"),
    *(
        "../secret.tiff",
        "/etc/passwd",
        "C:\\x.tiff",
        "..\\x.tiff",
        "file:///etc/passwd",
        "Images/../../x.tiff",
    ),
    *(*NAMES, "r01c01/r01c01f01p01-ch1sk1fk1fl1.tiff", "\u202egnp.tiff", "2021-13-99T99:99", "5E-07", "]]>"),
)
ELEMENTS = (
    *(
        "URL",
        "State",
        "Row",
        "Col",
        "FieldID",
        "PlaneID",
        "TimepointID",
        "ChannelID",
        "PositionX",
        "PositionY",
    ),
    *("PositionZ", "AbsPositionZ", "AbsTime", "MeasurementTimeOffset", "ImageSizeX", "ImageResolutionX"),
    *("ObjectiveNA", "ExposureTime", "ChannelName", "PlateRows", "PlateColumns", "Name", "Entry", "x"),
)


def hostile_index(harmony: SimpleNamespace, chance: random.Random) -> bytes:
    """An Index with strange values in any element, and perhaps a hole, a cut or odd bytes."""
    planes = [
        harmony.plane(row=chance.randint(1, 3), site=chance.randint(1, 3), channel=chance.randint(1, 3))
        for _ in range(chance.randint(1, 6))
    ]
    text = harmony.index_xml(planes, version=chance.choice((4, 5, 6, 7, 99))).decode("utf-8-sig")
    for _ in range(chance.randint(1, 8)):
        name = chance.choice(ELEMENTS)
        places = [at for at in range(len(text)) if text.startswith(f"<{name}", at)]
        if places:
            at = text.find(">", chance.choice(places)) + 1
            value = chance.choice(VALUES).replace("&", "&amp;").replace("<", "&lt;")
            text = text[:at] + value + text[max(at, text.find("<", at)) :]
    content: bytes = text.encode()
    kind = chance.random()
    at = chance.randrange(len(content))
    if kind < 0.1:
        return content[:at]
    if kind < 0.2:
        return content[:at] + bytes(chance.randrange(256) for _ in range(5)) + content[at:]
    return content[:at] + content[chance.randrange(at, len(content)) :] if kind < 0.3 else content


def test_any_hostile_plate_is_an_error_or_a_reading_of_what_is_there(
    tmp_path: Path, harmony: SimpleNamespace
) -> None:
    chance = random.Random(20260202)
    (tmp_path / "secret.tiff").write_bytes(b"secret")
    root = tmp_path / "plate"
    (root / "Images").mkdir(parents=True)
    read = 0
    for number in range(INPUTS):
        for old in (*root.glob("*.*"), *(root / "Images").iterdir()):
            old.unlink()
        for name in chance.sample(NAMES, chance.randint(0, 4)):
            (root / "Images" / name).touch()
        index = chance.choice(("Images/Index.idx.xml", "Images/Index.xml", "Index.xml"))
        (root / index).write_bytes(hostile_index(harmony, chance))
        handler = OperaPhenixHandler(OperaPhenixConfig(chance.choice(("vendor", "stage"))))
        try:
            reading = handler.read(root, deep=chance.random() < 0.2)
        except OpenHCSError as error:
            assert 0 < len(str(error)) < 5000, number
            continue
        read += 1
        files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        assert {plane.path for plane in reading.planes} <= files, number
        assert len(reading.planes) + reading.skipped.unrecognised + 1 == len(files), number
        places = {plane.coordinates for plane in reading.planes}
        assert not places & {plane.coordinates for plane in reading.missing}, number
        assert all(".." not in plane.path and "/" not in plane.path for plane in reading.missing), number
        assert all(problem and "\n" not in problem for problem in reading.problems), number
    assert INPUTS // 4 < read < INPUTS


def images(count: int, body: str) -> bytes:
    """An Index of many images; ``{n}`` in the body is the number of each."""
    head = '<?xml version="1.0" encoding="utf-8"?><EvaluationInputData xmlns="HarmonyV5"><Images>'
    records = "".join(f"<Image>{body.replace('{n}', str(n))}</Image>" for n in range(count))
    return f"{head}{records}</Images></EvaluationInputData>".encode()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<ChannelID>{n}</ChannelID><FieldID>1</FieldID>", "more than 1000 channels"),
        ("<Row>1</Row><Col>{n}</Col><FieldID>1</FieldID>", "not recorded"),
        ("<FieldID>{n}</FieldID><PlaneID>{n}</PlaneID><TimepointID>{n}</TimepointID>", "not recorded"),
        ("<x{n}>{n}</x{n}>", "not recorded"),
    ],
)
def test_twenty_thousand_of_anything_take_little_memory(
    handler: OperaPhenixHandler, touch: Callable[..., Path], body: str, problem: str
) -> None:
    root = touch(NAMES[0])
    (root / "Index.xml").write_bytes(images(20_000, body))
    tracemalloc.start()
    try:
        reading = handler.read(root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(reading.planes) == 1
    assert any(problem in text for text in reading.problems)
    assert peak < 15_000_000, peak


def test_positions_without_end_are_given_up() -> None:
    collector, units = Collector(), {"PositionX": "nm", "PositionY": "nm"}
    for number in range(200_001):
        texts = {"Row": "1", "Col": "1", "FieldID": "1", "PositionX": str(number), "PositionY": "0"}
        collector.take(Record("image", {}, texts, units))
    found = collector.acquisition(5)
    assert len(found.positions_um[1]) == 200_000
    assert found.problems == ("fields lie at more than 200000 places; further ones are not looked at",)


def test_files_that_links_lead_to_outside_are_never_read(
    handler: OperaPhenixHandler, touch: Callable[..., Path], harmony: SimpleNamespace
) -> None:
    root = touch("outside.xml", f"P/Images/{NAMES[0]}") / "P"
    (root.parent / "outside.xml").write_bytes(harmony.index_xml([harmony.plane()]))
    (root / "Images" / "Index.xml").symlink_to(root.parent / "outside.xml")
    (root / "Images" / NAMES[1]).symlink_to("/etc/passwd")
    reading = handler.read(root, deep=True)
    assert ([plane.path for plane in reading.planes], reading.channel_names) == (
        [f"Images/{NAMES[0]}"],
        {1: None},
    )
    assert reading.problems[0].startswith("links that lead to a folder or out of the plate, not followed:")
