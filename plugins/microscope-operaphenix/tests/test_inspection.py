"""The deep look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

Tiff = Callable[..., Path]


def test_nothing_is_said_of_a_sound_plate(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace, tiff: Tiff
) -> None:
    """One plate may mix compressions; that is no finding."""
    planes = [harmony.plane(site=site, x=site * 1e-4) for site in (1, 2)]
    root = plate(planes)
    for p, compression in zip(planes, (None, "zlib"), strict=True):
        tiff(root / "Images" / harmony.file_name(p), compression=compression)
    assert handler.read(root, deep=True).problems == ()


def test_everything_strange_is_said_once(
    handler: OperaPhenixHandler, plate: Callable[..., Path], harmony: SimpleNamespace, tiff: Tiff
) -> None:
    planes = [harmony.plane(site=site, x=site * 1e-4) for site in range(1, 7)]
    root = plate(planes)
    names = [root / "Images" / harmony.file_name(p) for p in planes]
    other = "<TiffImageDescription><Image><Row>1</Row><Col>2</Col><FieldID>9</FieldID></Image></TiffImageDescription>"
    tiff(names[0])
    tiff(names[1], (8, 8))
    tiff(names[2], dtype="u1", tag=other)
    tiff(names[3], (2, 4, 6))
    tiff(names[4], tag="<broken")
    names[5].write_bytes(b"no")
    assert handler.read(root).problems == ()
    found = handler.read(root, deep=True)
    assert len(found.planes) == 6
    assert [problem.split(":")[0] for problem in found.problems] == [
        "the images are not all alike",
        "images that cannot be read (1)",
        "images of another size than the Index says (1)",
        "images of more than one page, of which the plane is the first (1)",
        "images whose tag 65500 says another place, which is not believed (1)",
        "images with a tag 65500 that cannot be read (1)",
    ]
    assert "8 x 8 instead of 6 x 4" in found.problems[2]
    assert "says A02 site 9 z 1" in found.problems[4]
