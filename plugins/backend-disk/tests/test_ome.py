"""OME-XML of one plane."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.ome import ome_xml
from openhcs_host.contracts.images import Coordinates, ImageMetadata
from openhcs_host.errors import UnsupportedDataError

NAMESPACE = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


def document(**known):
    return ElementTree.fromstring(ome_xml(ImageMetadata(**known), (20, 30), "uint16", ".tif").encode())


def test_elements_stand_in_the_order_of_the_schema():
    root = document(position_um=(1, 2))
    assert root.tag == f"{NAMESPACE}OME"
    assert [child.tag for child in root] == [f"{NAMESPACE}Image"]
    (pixels,) = root[0]
    assert [child.tag.removeprefix(NAMESPACE) for child in pixels] == ["Channel", "TiffData", "Plane"]


def test_the_image_is_named_by_its_coordinates():
    assert document(coordinates=Coordinates("AF48", 12, 3))[0].get("Name") == "AF48_s012_w3_z001_t001.tif"
    assert document()[0].get("Name") is None


@pytest.mark.parametrize(
    ("color", "written"), [("FF0000", -16776961), ("00ff00", 16711935), ("0000FF", 65535), ("FFFFFF", -1)]
)
def test_colours_are_signed_rgba(color, written):
    (channel, _) = document(channel_color=color)[0][0]
    assert int(channel.get("Color")) == written


@pytest.mark.parametrize("color", ["red", "#FF0000", "FF00", "FF0000FF", ""])
def test_colours_that_are_none_are_refused(color):
    with pytest.raises(UnsupportedDataError, match="hexadecimal"):
        document(channel_color=color)


@given(
    st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff", min_codepoint=32)
        | st.sampled_from("\t\n\r")
    )
)
def test_any_channel_name_comes_back(name):
    (channel, _) = document(channel_name=name)[0][0]
    assert channel.get("Name") == name


@pytest.mark.parametrize("name", ["a\0b", "bell\x07", "\ud800", "\uffff"])
def test_names_that_xml_cannot_hold_are_refused(name):
    with pytest.raises(UnsupportedDataError, match="XML"):
        document(channel_name=name)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["pixel_size_um", "z_step_um"])
def test_lengths_that_are_none_are_refused(field, value):
    with pytest.raises(UnsupportedDataError, match=field):
        document(**{field: value})


def test_positions_that_are_none_are_refused():
    with pytest.raises(UnsupportedDataError, match="finite"):
        document(position_um=(0.0, float("nan")))


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_numbers_come_back_exactly(value):
    for number in (value, np.float64(value)):
        pixels = document(pixel_size_um=number, z_step_um=number, position_um=(number, -number))[0][0]
        assert float(pixels.get("PhysicalSizeX")) == float(pixels.get("PhysicalSizeZ")) == value
        assert float(pixels[2].get("PositionY")) == -value
