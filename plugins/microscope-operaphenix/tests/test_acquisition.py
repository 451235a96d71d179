"""What the Index says beyond a plate reading."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_host.contracts.images import well_name
from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix import Channel, acquisition, listed_planes
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler
from openhcs_microscope_operaphenix.optics import channel as contract_channel


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_channel_data_is_found_wherever_it_stands(
    tmp_path: Path, harmony: SimpleNamespace, version: int
) -> None:
    planes = [harmony.plane(channel=channel) for channel in (3, 1)]
    (tmp_path / "i").write_bytes(harmony.index_xml(planes, version=version, channels={3: 'a "b", <µ>'}))
    found = acquisition(tmp_path / "i")
    assert list(found.channels) == [1, 3]
    assert found.channels[3] == Channel(
        name='a "b", <µ>',
        channel_type="Fluorescence",
        excitation_nm=405.0,
        emission_nm=456.0,
        objective_magnification=20.0,
        objective_na=0.8,
        exposure_s=0.1,
        pixel_size_x_um=0.5,
        pixel_size_y_um=0.5,
        width=6,
        height=4,
    )
    assert (found.version, found.instrument, found.plate_id) == (version, "Phenix", "ID1")
    assert (found.plate_name, found.problems) == ("Plate µ, 'one'", ())


def test_times(tmp_path: Path, harmony: SimpleNamespace) -> None:
    (tmp_path / "i").write_bytes(harmony.index_xml([harmony.plane(t=t) for t in (3, 1, 2)]))
    found = acquisition(tmp_path / "i")
    assert found.time_offsets_s == {0: 0.0, 1: 60.0, 2: 120.0}
    assert found.first_image == datetime.fromisoformat("2021-03-29T16:01:28.987-04:00")
    assert found.last_image == datetime.fromisoformat("2021-03-29T16:03:28.987-04:00")


def test_planes_as_they_are_listed(tmp_path: Path, harmony: SimpleNamespace) -> None:
    planes = [harmony.plane(row=27, x=1e-4, height=2e-6), harmony.plane(url="", t=2)]
    (tmp_path / "i").write_bytes(harmony.index_xml(planes))
    first, second = listed_planes(tmp_path / "i")
    assert (first.well, first.site, first.channel, first.z_index, first.timepoint_id) == ("AA01", 1, 1, 1, 0)
    assert (first.position_um, first.z_um, first.absolute_z_um) == ((100.0, 0.0), 2.0, 135000.0)
    assert (second.url, second.time_offset_s) == ("", 60.0)


def test_what_is_no_index_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "i").write_bytes(b"<a/>")
    with pytest.raises(FormatError):
        acquisition(tmp_path / "i")
    with pytest.raises(FormatError):
        list(listed_planes(tmp_path / "i"))


COMPARED = {
    *("FileName", "Plate", "Well", "Row", "Col", "Site", "FieldID", "PlaneID", "ChannelID", "ChannelName"),
    *(
        "AbsPositionZ",
        "PositionX",
        "PositionY",
        "PositionZ",
        "AbsTime",
        "BinningX",
        "BinningY",
        "MaxIntensity",
    ),
    *("ImageResolutionX", "ImageResolutionY", "ImageSizeX", "ImageSizeY", "ExposureTime"),
    *("MainEmissionWavelength", "MainExcitationWavelength", "ObjectiveMagnification", "ObjectiveNA"),
}


def test_we_agree_with_another_reader_field_by_field(plates: Path) -> None:
    """The CSV is what pe2loaddata makes of the same Index: one column per field and channel."""
    folder = plates / "pe-phenix-pe2loaddata-v1" / "Version1"
    index = folder / "images" / "Index.idx.xml"
    with (folder / "load_data_version1.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    fields = {column.partition("_Orig")[0].removeprefix("Metadata_") for column in row}
    assert fields == COMPARED | {"PathName"}, "PathName is where that reader's test data lay"
    found, planes = acquisition(index), {plane.channel: plane for plane in listed_planes(index)}
    assert (found.plate_name, len(planes)) == (row["Metadata_Plate"], 6)
    reading = OperaPhenixHandler().read(folder)
    for short in ("DNA", "AGP", "Mito", "ER", "RNA", "Brightfield"):

        def own(field: str, short: str = short) -> str:
            return row[f"Metadata_{field}_Orig{short}"]

        plane = planes[int(own("ChannelID"))]
        channel = found.channels[int(own("ChannelID"))]
        assert plane.url == row[f"FileName_Orig{short}"]
        assert channel.name == own("ChannelName")
        assert (channel.excitation_nm or 0) == float(own("MainExcitationWavelength"))
        assert (channel.emission_nm or 0) == float(own("MainEmissionWavelength"))
        assert plane.z_um == pytest.approx(float(own("PositionZ")) * 1e6)
        assert plane.absolute_z_um == pytest.approx(float(own("AbsPositionZ")) * 1e6)
        assert plane.acquired == datetime.fromisoformat(own("AbsTime"))
        (same,) = [each for each in reading.planes if each.coordinates.channel == plane.channel]
        assert same.path == f"images/{row[f'FileName_Orig{short}']}"
        assert (same.coordinates.well, same.coordinates.site) == (plane.well, plane.site)
        assert reading.channels[same.coordinates.channel] == contract_channel(channel)
        assert well_name(int(row["Metadata_Row"]), int(row["Metadata_Col"])) == plane.well
        assert (plane.well, plane.site) == (row["Metadata_Well"], int(row["Metadata_Site"]))
        assert (plane.site, plane.z_index) == (int(row["Metadata_FieldID"]), int(row["Metadata_PlaneID"]))
        offsets = [float(row[f"Metadata_Position{axis}"]) * 1e6 for axis in "XY"]
        assert plane.position_um == pytest.approx(offsets)
        for facts, field, scale in (
            (channel.pixel_size_x_um, "ImageResolutionX", 1e6),
            (channel.pixel_size_y_um, "ImageResolutionY", 1e6),
            (channel.width, "ImageSizeX", 1),
            (channel.height, "ImageSizeY", 1),
            (channel.binning_x, "BinningX", 1),
            (channel.binning_y, "BinningY", 1),
            (channel.max_intensity, "MaxIntensity", 1),
            (channel.exposure_s, "ExposureTime", 1),
            (channel.objective_magnification, "ObjectiveMagnification", 1),
            (channel.objective_na, "ObjectiveNA", 1),
        ):
            assert facts == pytest.approx(float(row[f"Metadata_{field}"]) * scale, rel=1e-11)
