"""What a record says of an acquisition comes back as it was; what is unknown stays unknown."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Objective, Plane, PlateReading
from openhcs_host.errors import MetadataError
from openhcs_host.plates.records import acquisition_fields, acquisition_of

LENGTH = st.none() | st.floats(min_value=1e-3, max_value=1e4)
OFFSET = st.floats(min_value=-1e6, max_value=1e6)
NAME = st.none() | st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
SHAPE = st.none() | st.tuples(st.integers(1, 32), st.integers(1, 48))
NUMBER = st.integers(1, 500)


@st.composite
def readings(draw) -> PlateReading:
    channel = st.builds(
        Channel,
        name=NAME,
        excitation_nm=LENGTH,
        emission_nm=LENGTH,
        exposure_ms=LENGTH,
        color=st.none() | st.just("00FF00"),
    )
    objective = st.builds(Objective, name=NAME, magnification=LENGTH, numerical_aperture=LENGTH)
    return PlateReading(
        microscope="m",
        root=Path("/p"),
        plate_name=draw(st.text(min_size=1, max_size=9, alphabet="abcµ 7")),
        planes=[Plane(Coordinates("A01", 1, 1), "x.tif")],
        channels=draw(st.dictionaries(NUMBER, channel, max_size=3)),
        plate_type=draw(NAME),
        plate_shape=draw(SHAPE),
        grid=draw(SHAPE),
        objective=draw(st.none() | objective),
        started=draw(st.none() | st.datetimes(min_value=datetime(1990, 1, 1))),
        pixel_size_um=draw(LENGTH),
        z_step_um=draw(LENGTH),
        time_offsets_s=draw(st.dictionaries(NUMBER, OFFSET, max_size=3)),
        z_positions_um=draw(st.dictionaries(NUMBER, OFFSET, max_size=3)),
        site_positions_um=draw(st.dictionaries(NUMBER, st.tuples(OFFSET, OFFSET), max_size=3)),
        well_site_positions_um=draw(
            st.dictionaries(
                st.tuples(st.sampled_from(["A01", "P24"]), NUMBER), st.tuples(OFFSET, OFFSET), max_size=3
            )
        ),
    )


@given(readings())
def test_everything_comes_back_through_json(reading):
    written = json.loads(json.dumps(acquisition_fields(reading)))
    back = PlateReading(
        microscope="m", root=Path("/p"), planes=reading.planes, **acquisition_of(written, "here")
    )
    assert back == reading


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"pixel_size": "wide"}, "pixel_size"),
        ({"plate_shape": [1]}, "plate_shape"),
        ({"channels": [1]}, "channels"),
        ({"channels": {"1": 7}}, "channels"),
        ({"channel_details": {"1": {"smell": "sweet"}}}, "channels"),
        ({"well_site_positions": [["A01", 1]]}, "well_site_positions"),
    ],
)
def test_a_field_of_another_shape_is_named(record, named):
    with pytest.raises(MetadataError, match=f"here: .*{named}"):
        acquisition_of(record, "here")


def test_a_record_of_an_earlier_program_gives_what_it_has():
    assert acquisition_of({"pixel_size": 1.5, "channels": {"1": "DAPI", "2": None}}, "here") == {
        "pixel_size_um": 1.5,
        "channels": {1: Channel(name="DAPI"), 2: Channel()},
    }
