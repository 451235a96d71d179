"""Converting a real plate and reading the result says all that the first reading said."""

from __future__ import annotations

import attrs
import pytest

from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.validating import validate
from openhcs_convert import convert_plate
from openhcs_host import Host
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.plates import open_plate

ELSEWHERE = {"microscope", "root", "backend", "planes", "missing", "projections", "skipped", "problems"}
"""Fields of a reading that say where images lie and what else lies there, or are compared by themselves."""


@pytest.mark.parametrize("ngff", ["0.4", "0.5"])
@pytest.mark.parametrize(
    "name",
    [
        "ix-faim-projection-mix",
        "ix-faim-timelapse",
        "ix-zmb-export-3420",
        "ix-zmb-export-3433",
        "pe-operetta-compose",
        "pe-operetta-microprofiler",
        "pe-phenix-pe2loaddata-v1",
    ],
)
def test_every_field_of_the_reading_comes_back(plates, tmp_path, name, ngff):
    options = {"ngff_version": ngff, "pyramid": 1}
    with Host() as host:
        before = open_plate(host, plates / name)
        done = convert_plate(host, before, tmp_path / "plate.zarr", options=options)
        assert not done.failures and done.adds_up
        after = open_plate(host, tmp_path / "plate.zarr")
    for field in attrs.fields(PlateReading):
        if field.name not in ELSEWHERE:
            assert getattr(after, field.name) == getattr(before, field.name), field.name
    for part in ("planes", "missing"):
        theirs, ours = (
            [plane.coordinates for plane in getattr(reading, part)] for reading in (before, after)
        )
        assert ours == theirs, part
    assert after.problems == ()
    assert validate(LocalReader(tmp_path / "plate.zarr")) == []
