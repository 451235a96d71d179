"""Which Index belongs to which images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_host.errors import PlateError
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

Touch = Callable[..., Path]


@pytest.mark.parametrize(
    ("images", "index"),
    [
        ("", "Index.idx.xml"),
        ("Images", "Images/Index.idx.xml"),
        ("images", "Index.xml"),
        ("IMAGES", "INDEX.XML"),
        (
            "Name__2020-01-01T10_00_00-Measurement 1/Images",
            "Name__2020-01-01T10_00_00-Measurement 1/Index.xml",
        ),
        ("P__2020-Measurement1/images", "P__2020-Measurement1/images/Index.idx.xml"),
        ("images/r01c01", "index/Index.xml"),
        ("images/r01c01", "images/Index.xml"),
    ],
)
def test_the_index_is_beside_the_images_above_them_or_in_an_archive(
    handler: OperaPhenixHandler, touch: Touch, harmony: SimpleNamespace, images: str, index: str
) -> None:
    plane = harmony.plane()
    root = touch(f"{images}/{harmony.file_name(plane)}".lstrip("/"), index)
    (root / index).write_bytes(harmony.index_xml([plane]))
    reading = handler.read(root)
    assert (reading.plate_name, reading.channel_names, reading.problems) == (
        "Plate µ, 'one'",
        {1: "Channel 1"},
        (),
    )


@pytest.mark.parametrize("name", ["Index.xml", "Index.idx.xml"])
def test_an_index_above_the_given_folder_is_named_and_not_opened(
    handler: OperaPhenixHandler, touch: Touch, harmony: SimpleNamespace, name: str
) -> None:
    plane = harmony.plane()
    root = touch(f"P/Images/{harmony.file_name(plane)}", f"P/{name}") / "P"
    (root / name).write_bytes(harmony.index_xml([plane]))
    reading = handler.read(root / "Images")
    assert reading.channel_names == {1: None}
    assert reading.problems == (
        f"{name} lies outside of this folder, in the one above it, and is not read: name {str(root)!r} as the "
        "plate to read it",
    )
    assert handler.read(root).channel_names == {1: "Channel 1"}


def test_two_measurements_are_an_error_that_names_them(
    handler: OperaPhenixHandler, touch: Touch, harmony: SimpleNamespace
) -> None:
    names = [harmony.file_name(harmony.plane(row=row)) for row in (1, 2)]
    root = touch(f"a/Images/{names[0]}", f"b/Images/{names[1]}", "a/Images/Index.xml", "b/Index.xml")
    with pytest.raises(PlateError, match=r"2 measurements lie here.*'a/Images', 'b'\. Name the folder"):
        handler.read(root)


def test_an_index_without_images_beside_one_with_them_is_said(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace
) -> None:
    root = plate([harmony.plane()])
    (root / "old").mkdir()
    (root / "old" / "Index.xml").write_bytes(b"<a/>")
    assert handler.read(root).problems == ("Index files of no image here, not read: 'old/Index.xml'",)


def test_of_two_beside_each_other_the_first_that_is_one_is_believed(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace
) -> None:
    root = plate([harmony.plane()], version=5)
    second = root / "Images" / "Index.xml"
    second.write_bytes(harmony.index_xml([harmony.plane()], version=5, name="second"))
    reading = handler.read(root)
    assert (reading.plate_name, reading.problems) == (
        "Plate µ, 'one'",
        ("'Images/Index.xml' is a second Index; 'Images/Index.idx.xml' is believed",),
    )
    (root / "Images" / "Index.idx.xml").write_bytes(b"broken")
    reading = handler.read(root)
    assert reading.plate_name == "second"
    assert reading.problems[0].startswith("'Images/Index.idx.xml' is not read: broken XML")


@pytest.mark.parametrize("version", [3, 8])
def test_an_unknown_version_is_read_and_said(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace, version: int
) -> None:
    (problem,) = handler.read(plate([harmony.plane()], version=version)).problems
    assert f"of Harmony version {version}, which is not known here" in problem


def test_images_that_no_index_covers_are_read_by_name(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace
) -> None:
    root = plate([harmony.plane()])
    (root / "more").mkdir()
    (root / "more" / harmony.file_name(harmony.plane(row=2))).touch()
    (root / "more" / "odd.tif").touch()
    reading = handler.read(root)
    assert (reading.wells, reading.skipped.unrecognised) == (("A01", "B01"), 1)


def test_a_plane_that_lies_elsewhere_in_the_plate_is_not_missing(
    handler: OperaPhenixHandler, touch: Touch, harmony: SimpleNamespace
) -> None:
    planes = [harmony.plane(z=z) for z in (1, 2)]
    first, second = (harmony.file_name(plane) for plane in planes)
    root = touch(f"Images/{first}", "Images/Index.idx.xml", second)
    (root / "Images" / "Index.idx.xml").write_bytes(harmony.index_xml(planes))
    reading = handler.read(root)
    assert (len(reading.planes), len(reading.missing)) == (2, 0)
    assert not any("have no file" in problem for problem in reading.problems)
