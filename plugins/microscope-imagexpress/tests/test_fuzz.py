"""Damaged names, plate descriptions, XML and images: always a clear error or an answer.

``OPENHCS_FUZZ_INPUTS`` sets how many inputs of each kind are tried, ``OPENHCS_FUZZ_SEED`` which.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhcs_host.errors import FormatError
from openhcs_host.files.tiff_headers import HeaderError
from openhcs_microscope_imagexpress.htd import parse_htd
from openhcs_microscope_imagexpress.metaseries import parse_metaseries, read_header
from openhcs_microscope_imagexpress.names import NameReader, parse_name

INPUTS = int(os.environ.get("OPENHCS_FUZZ_INPUTS", "800"))
SEED = int(os.environ.get("OPENHCS_FUZZ_SEED", "4"))
GUID = b"1E1E486E-BD0D-4D94-A6AD-3FF28BB1B105"
NAMES = [
    b"9987_B02_s1_w1.TIF",
    b"P_AF48_s12_w3_thumb" + GUID + b".tif",
    b"A01_B02_z3_w1_[" + GUID + b"].tif",
]
PROPERTIES = {
    "Description": "Plate Name: P\r\nFolder Name: x",
    "spatial-calibration-state": "on",
    "spatial-calibration-units": "um",
    "spatial-calibration-x": 1.3672,
    "spatial-calibration-y": 1.3672,
    "stage-label": "B02 : Site 1",
    "z-position": 9986.58,
    "wavelength": 452,
    "_MagSetting_": "40X Plan Apo Lambda",
    "_MagNA_": 0.95,
    "Exposure Time": "100 ms",
    "Z Step": 2,
    "Timepoint": 1,
    "OffsetFromWellCenterUmX": -315.0,
    "OffsetFromWellCenterUmY": 12.5,
    "acquisition-time-local": "20240709 13:11:18.971",
}


def damaged(whole: list[bytes], seed: int) -> Iterator[bytes]:
    """Yield pieces of which bytes are changed, left out, doubled or put in, always the same for one seed."""
    chance = random.Random(seed)
    telling = [
        b"\0",
        b"\xff",
        b"\n",
        b'"',
        b"_",
        b"<",
        b"&",
        b"9" * 7,
        b"A01",
        b"TRUE,",
        b"\xff" * 4,
        b"\x82\x81",
    ]
    for _ in range(INPUTS):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(data) + 1)
            end = min(len(data), at + chance.choice((0, 0, 1, 1, 4, 64)))
            data[at:end] = chance.choice(
                [b"", bytes([chance.randrange(256)]), chance.choice(telling), data[at:end] * 2]
            )
        yield bytes(data[: chance.randrange(len(data) + 1)] if chance.random() < 0.1 else data)


def test_names() -> None:
    reader, images = NameReader(), 0
    for data in damaged(NAMES, SEED):
        name = os.fsdecode(data)
        image, said = parse_name(name), reader.read(name)
        assert (image is None) == (said is None), name
        if image is not None and said is not None:
            assert (image.well, image.site, image.channel) == (said[0], said[1].site, said[1].channel), name
            images += 1
    assert INPUTS / 20 < images < INPUTS


def test_plate_descriptions(htd: Callable[..., bytes]) -> None:
    whole = htd(
        Description="x\N{MICRO SIGN}y",
        XWells=3,
        YWells=1,
        WellsSelection1=[True, False, True],
        Sites=True,
        XSites=2,
        YSites=1,
        SiteSelection1=[True, True],
        Waves=True,
        WaveName1="DAPI",
        WaveCollect1=1,
    )
    strange = 0
    for data in damaged([whole], SEED):
        found = parse_htd(data)
        assert len(found.wells) <= 32 * 48 and len(found.problems) <= 11
        assert all("\n" not in problem for problem in found.problems)
        strange += bool(found.problems)
    assert strange > INPUTS / 4


def test_the_xml_of_headers(xml: Callable[..., str]) -> None:
    refused = 0
    for data in damaged([xml(PROPERTIES).encode()], SEED):
        try:
            parse_metaseries(data.decode("utf-8", "replace"))
        except FormatError as error:
            assert len(str(error)) < 400
            refused += 1
    assert INPUTS / 10 < refused < INPUTS


@pytest.mark.filterwarnings("error")
def test_images(image: Callable[..., Path], tmp_path: Path) -> None:
    whole = image("whole.tif", PROPERTIES).read_bytes()
    target, refused = tmp_path / "damaged.tif", 0
    # Half of the damage goes where it hurts: into the first bytes and the table of tags.
    for number, data in enumerate(damaged([whole[:300], whole], SEED)):
        target.write_bytes(data + whole[300:] if len(data) < 400 and number % 2 else data)
        try:
            header = read_header(str(target))
        except HeaderError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert header.tiff.pages in (1, 2)
    assert INPUTS / 20 < refused < INPUTS
