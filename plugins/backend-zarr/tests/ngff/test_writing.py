"""Documents are written so that they are read back as they were, in both versions."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.ngff.checking import check_attributes
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.model import (
    Acquisition,
    Axis,
    Dataset,
    Image,
    ImageRef,
    LabelImage,
    OmeroChannel,
    Plate,
    Recorded,
    Well,
    Window,
)
from openhcs_backend_zarr.ngff.parsing import parse_label, parse_labels, parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import plate_of
from openhcs_backend_zarr.ngff.writing import (
    encoded,
    group_documents,
    image_attributes,
    label_attributes,
    labels_attributes,
    plate_attributes,
    well_attributes,
)
from openhcs_host.contracts.images import well_name

versions = st.sampled_from(["0.4", "0.5"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
counts = st.integers(1, 99)
finite = st.floats(allow_nan=False, allow_infinity=False)
wells = st.builds(well_name, st.integers(1, 32), st.integers(1, 48))


def back(attributes: dict) -> dict:
    return json.loads(encoded(attributes))


plates = st.builds(
    lambda wells, name, count, runs, version: Plate(
        **{**_fields(plate_of(wells, name=name, field_count=count, version=version)), "acquisitions": runs}
    ),
    st.sets(wells, min_size=1, max_size=9),
    st.none() | texts,
    st.none() | counts,
    st.lists(
        st.builds(Acquisition, st.integers(0, 99), st.none() | texts, st.none() | counts),
        max_size=3,
        unique_by=lambda run: run.id,
    ).map(tuple),
    versions,
)


def _fields(plate: Plate) -> dict:
    return {
        key: getattr(plate, key) for key in ("name", "rows", "columns", "wells", "field_count", "version")
    }


@given(plates)
def test_a_plate_comes_back_and_is_valid(plate):
    attributes = back(plate_attributes(plate))
    assert parse_plate(attributes, "root") == plate
    assert [f for f in check_attributes(attributes, "") if f.severity == "error"] == []


@given(
    st.lists(
        st.builds(ImageRef, names, st.none() | st.integers(0, 9)), min_size=1, unique_by=lambda i: i.path
    ),
    versions,
)
def test_a_well_comes_back_and_is_valid(images, version):
    well = Well(tuple(images), version)
    attributes = back(well_attributes(well))
    assert parse_well(attributes, "B/02") == well
    assert [f for f in check_attributes(attributes, "") if f.severity == "error"] == []


numbers = st.lists(st.integers(0, 10_000), min_size=1, max_size=4, unique=True).map(tuple)
channels = st.builds(
    OmeroChannel,
    label=st.none() | texts,
    color=st.none() | st.text("0123456789ABCDEF", min_size=6, max_size=6),
    window=st.builds(Window, finite, finite, finite, finite),
    active=st.booleans(),
)
five = st.tuples(finite, finite, finite, finite, finite)
scales = st.tuples(*[st.floats(1e-9, 1e9)] * 5)
images = st.builds(
    Image,
    axes=st.tuples(
        st.just(Axis("t", "time", "second")),
        st.just(Axis("c", "channel")),
        *[
            st.builds(Axis, st.just(n), st.just("space"), st.sampled_from([None, "micrometer"]))
            for n in "zyx"
        ],
    ),
    datasets=st.lists(
        st.builds(Dataset, names, scales, st.none() | five),
        min_size=1,
        max_size=3,
        unique_by=lambda d: d.path,
    ).map(tuple),
    channels=st.none() | st.lists(channels, max_size=3).map(tuple),
    name=st.none() | texts,
    version=versions,
    recorded=st.builds(
        Recorded,
        channels=numbers,
        z_indexes=numbers,
        timepoints=numbers,
        absent=st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=3).map(tuple),
        extension=st.sampled_from([".tif", ".ome.tiff", ".npy"]),
        size=st.none() | st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    ),
)


@given(images)
def test_an_image_comes_back_also_with_channels_of_no_colour(image):
    attributes = back(image_attributes(image))
    assert ImageParser()(attributes, "B/02/1") == image
    shown = attributes.get("ome", attributes).get("omero", {"channels": []})["channels"]
    assert all(len(channel["color"]) == 6 for channel in shown)


@given(st.lists(images, min_size=2, max_size=5))
def test_one_parser_reads_many_images_as_many_parsers_do(several):
    together = ImageParser()
    for image in several:
        attributes = back(image_attributes(image))
        assert together(attributes, "here") == ImageParser()(attributes, "here")


def test_a_brief_parser_leaves_out_windows_and_smaller_levels(make, version):
    image = make.image(version)
    brief = ImageParser(brief=True)(back(image_attributes(image)), "here")
    assert brief.datasets == image.datasets[:1]
    assert [channel.label for channel in brief.channels] == ["DAPI", "GFP"]
    assert [channel.color for channel in brief.channels] == ["0000FF", None]
    assert {channel.window for channel in brief.channels} == {None}


def test_labels_come_back_and_are_valid(make, version):
    label = LabelImage(colors={1: (255, 0, 0, 255), 7: None}, source="../../", version=version)
    image = make.image(version, channels=None, recorded=None)
    attributes = back(label_attributes(label, image))
    assert parse_label(attributes, "labels/nuclei") == label
    assert ImageParser()(attributes, "labels/nuclei") == image
    assert [f for f in check_attributes(attributes, "") if f.severity == "error"] == []
    assert parse_labels(back(labels_attributes(["nuclei", "cells"], version)), "labels") == (
        "nuclei",
        "cells",
    )


def test_the_version_stands_where_it_must():
    plate, well = plate_of(["A01"], version="0.5"), Well((ImageRef("1"),), "0.5")
    assert (
        plate_attributes(plate)["ome"]["version"]
        == plate_attributes(plate)["ome"]["plate"]["version"]
        == "0.5"
    )
    assert well_attributes(well)["ome"]["version"] == "0.5"
    assert plate_attributes(plate_of(["A01"], version="0.4"))["plate"]["version"] == "0.4"


def test_groups_are_one_file_in_zarr_3_and_two_in_zarr_2():
    assert json.loads(group_documents({"ome": {}}, "0.5")["zarr.json"]) == {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {"ome": {}},
    }
    documents = group_documents({"plate": {}}, "0.4")
    assert json.loads(documents[".zgroup"]) == {"zarr_format": 2}
    assert json.loads(documents[".zattrs"]) == {"plate": {}}
    assert list(group_documents({}, "0.4")) == [".zgroup"]


@pytest.mark.parametrize("wrong", [None, "0.3", "0.6"])
def test_other_versions_are_not_written(wrong):
    with pytest.raises(ValueError, match=r"0\.4 and 0\.5"):
        plate_attributes(plate_of(["A01"], version=wrong))


def test_what_json_cannot_hold_is_not_written():
    with pytest.raises(ValueError):
        encoded({"scale": float("nan")})
