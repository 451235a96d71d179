"""The header of an image: what is believed, what is refused, and that no file can do harm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhcs_host.errors import FormatError
from openhcs_host.files.tiff_headers import HeaderError
from openhcs_microscope_imagexpress.metaseries import MetaSeries, parse_metaseries, read_header

Xml = Callable[[dict[str, object]], str]
Image = Callable[..., Path]

CALIBRATED = {"spatial-calibration-state": "on", "spatial-calibration-units": "um"}


def test_a_plane_of_a_real_stack(plates: Path) -> None:
    header = read_header(
        str(plates / "ix-zmb-export-3433/9987_Plate_3433/TimePoint_1/ZStep_2/9987_B03_s2_w1.TIF")
    )
    assert (
        header.tiff.width,
        header.tiff.height,
        header.tiff.dtype,
        header.tiff.pages,
        header.problem,
    ) == (
        256,
        256,
        "uint16",
        1,
        None,
    )
    assert header.metaseries == MetaSeries(
        pixel_size_x_um=1.3672,
        pixel_size_y_um=1.3672,
        channel_name="DAPI",
        stage_label="B03 : Site 2",
        site_column=2,
        site_row=1,
        z_step=2,
        stage_x_um=32300.0,
        stage_y_um=19885.0,
        z_um=9992.8,
        offset_um=(-0.02, -315.0),
        plate_name="9987",
        width=256,
        height=256,
        bits=16,
        exposure_ms=100.0,
        objective="40X Plan Apo Lambda",
        numerical_aperture=0.95,
        wavelength_nm=452.0,
        acquired=datetime(2024, 7, 9, 13, 11, 18, 971000),
    )
    assert header.metaseries.stage_position == ("B03", 2)
    assert header.metaseries.pixel_size_um == 1.3672


def test_a_real_projection(plates: Path) -> None:
    series = read_header(
        str(plates / "ix-zmb-export-3433/9987_Plate_3433/TimePoint_1/ZStep_0/9987_B03_s2_w1.TIF")
    ).metaseries
    assert (series.projection, series.projection_step_um, series.z_step) == ("Maximum", 3.0, None)


@pytest.mark.parametrize(
    ("properties", "size"),
    [
        ({**CALIBRATED, "spatial-calibration-x": 1.5, "spatial-calibration-y": 1.5}, 1.5),
        ({**CALIBRATED, "spatial-calibration-x": 1.5, "spatial-calibration-y": 1.6}, None),
        ({**CALIBRATED, "spatial-calibration-x": 1.5}, None),
        ({**CALIBRATED, "spatial-calibration-x": -1.5, "spatial-calibration-y": -1.5}, None),
        ({**CALIBRATED, "spatial-calibration-x": "nan", "spatial-calibration-y": "nan"}, None),
        (
            {
                "spatial-calibration-state": "off",
                "spatial-calibration-units": "um",
                "spatial-calibration-x": 1,
                "spatial-calibration-y": 1,
            },
            None,
        ),
        (
            {
                "spatial-calibration-state": "on",
                "spatial-calibration-units": "pixel",
                "spatial-calibration-x": 1,
                "spatial-calibration-y": 1,
            },
            None,
        ),
    ],
)
def test_pixel_size_only_if_calibrated_in_micrometres_and_square(
    xml: Xml, properties: dict[str, object], size: float | None
) -> None:
    assert parse_metaseries(xml(properties)).pixel_size_um == size


def test_what_is_no_number_is_unknown(xml: Xml) -> None:
    series = parse_metaseries(
        xml({"Z Step": "one", "SiteX": "1.5", "z-position": "inf", "acquisition-time-local": "noon"})
    )
    assert series == MetaSeries()


def test_the_channel_is_named_by_the_illumination_setting(xml: Xml) -> None:
    both = parse_metaseries(xml({"image-name": "Copy of DAPI", "_IllumSetting_": "DAPI"}))
    assert both.channel_name == "DAPI"
    assert parse_metaseries(xml({"image-name": "Copy of DAPI"})).channel_name == "Copy of DAPI"


def test_the_plate_name_ends_with_its_line(xml: Xml) -> None:
    series = parse_metaseries(xml({"Description": "Plate Name: My & plate \r\nFolder Name: x"}))
    assert series.plate_name == "My & plate"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE MetaData [<!ENTITY a "aaaa">]><MetaData><prop id="Z Step" value="&a;"/></MetaData>',
        '<!DOCTYPE MetaData SYSTEM "file:///etc/passwd"><MetaData/>',
        '<?xml version="1.0"?><!doctype x><MetaData/>',
        "<MetaData><prop",
        "<MetaData>&undefined;</MetaData>",
        "<a>" * 100_000,
        "<a>" + "<b/>" * 20_000 + "</a>",
        "<a>" + " " * (1 << 20) + "</a>",
    ],
    ids=["entity", "external", "doctype", "cut", "undefined", "deep", "many", "long"],
)
def test_hostile_xml_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_metaseries(text)


def test_an_image_with_broken_xml_keeps_its_size(image: Image, tmp_path: Path) -> None:
    path = image("a.tif", {"Z Step": 1})
    path.write_bytes(path.read_bytes().replace(b"</MetaData>", b"<MetaData>>"))
    header = read_header(str(path))
    assert (header.tiff.width, header.tiff.height, header.metaseries) == (6, 4, MetaSeries())
    assert header.problem is not None
    assert header.problem.startswith("the MetaSeries XML is broken")


def test_an_image_without_xml_is_an_image_all_the_same(image: Image) -> None:
    header = read_header(str(image("a.tif", None, dtype="u1")))
    assert (header.tiff.dtype, header.metaseries, header.problem) == ("uint8", MetaSeries(), None)


def test_a_file_cut_at_any_byte_is_an_error_or_a_header(image: Image) -> None:
    whole = image("a.tif", {"Z Step": 1}).read_bytes()
    for end in range(0, len(whole), 3):
        cut = image("cut.tif")
        cut.write_bytes(whole[:end])
        try:
            read_header(str(cut))
        except HeaderError as error:
            assert "\n" not in str(error)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_file_is_an_error_or_a_header(image: Image, data: st.DataObject) -> None:
    path = image("a.tif", {"Z Step": 1})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read_header(str(path))
    except HeaderError as error:
        assert "\n" not in str(error)
