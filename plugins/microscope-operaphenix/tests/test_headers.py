"""The header of one image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhcs_host.files.tiff_headers import HeaderError
from openhcs_microscope_operaphenix.headers import read_header

TAG = (
    '<TiffImageDescription xmlns="http://x/HarmonyV5"><MeasurementID>M1</MeasurementID>'
    "<Well><Row>9</Row></Well><Image><Row>3</Row><Col>4</Col><FieldID>2</FieldID><PlaneID>5</PlaneID>"
    "<ChannelID>1</ChannelID></Image></TiffImageDescription>"
)


def test_size_type_and_tag(tmp_path: Path, tiff: Callable[..., Path]) -> None:
    header = read_header(str(tiff(tmp_path / "a.tiff", (4, 6), "u1", TAG)))
    assert (header.tiff.kind, header.tiff.pages, header.problem) == ("6 x 4 uint8", 1, None)
    assert (header.well, header.site, header.z_index, header.measurement_id) == ("C04", 2, 5, "M1")


@pytest.mark.parametrize("tag", [None, ""])
def test_a_tag_is_not_needed(tmp_path: Path, tiff: Callable[..., Path], tag: str | None) -> None:
    header = read_header(str(tiff(tmp_path / "a.tiff", tag=tag)))
    assert (header.well, header.measurement_id) == (None, None)


@pytest.mark.parametrize("tag", ["<broken", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><TiffImageDescription/>'])
def test_a_tag_that_is_no_such_xml_is_said(tmp_path: Path, tiff: Callable[..., Path], tag: str) -> None:
    assert read_header(str(tiff(tmp_path / "a.tiff", tag=tag))).problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.integers(0, 900), at=st.integers(0, 300), value=st.integers(0, 255))
def test_damage_is_an_error_or_a_header(
    tmp_path: Path, tiff: Callable[..., Path], cut: int, at: int, value: int
) -> None:
    content = bytearray(tiff(tmp_path / "a.tiff", tag=TAG).read_bytes())
    content[at % len(content)] = value
    (tmp_path / "b.tiff").write_bytes(content[: max(1, len(content) - cut)])
    try:
        read_header(str(tmp_path / "b.tiff"))
    except HeaderError as error:
        assert error.reason
