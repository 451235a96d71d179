"""The plates of a run are found as the run left them, or their absence is an error that says so."""

from __future__ import annotations

import json

import pytest

from openhcs_host.errors import InvalidPathError, MetadataError, PathNotFoundError, PlateError
from openhcs_report.plates import input_plate, output_plate
from openhcs_report.run_record import read_run


@pytest.fixture
def out(write_run, flat, tmp_path):
    return write_run(tmp_path, ["A01", "B02"], flat, raw=True, shape=(8, 12))


def test_both_plates_are_read_with_channels_and_shape(host, out, tmp_path):
    made, read = output_plate(host, read_run(out)), input_plate(read_run(out))
    assert made.wells == read.wells == ("A01", "B02")
    assert made.channels[1].name == read.channels[1].name == "DAPI"
    assert made.plate_shape == read.plate_shape == (8, 12)
    assert (read.root, read.backend, read.plate_name) == (tmp_path / "plate", "disk", "P1")


def test_a_plate_that_is_gone_is_told(host, out, tmp_path):
    (tmp_path / "plate").rename(tmp_path / "elsewhere")
    with pytest.raises(PathNotFoundError, match="no longer there"):
        input_plate(read_run(out))
    (out / "images").rename(out / "pictures")
    with pytest.raises(PlateError):
        output_plate(host, read_run(out))


def test_a_mapping_that_is_gone_or_leads_out_of_the_plate_is_refused(out):
    path = out / "workspace" / "openhcs_metadata.json"
    content = json.loads(path.read_text())
    mapping = content["subdirectories"]["."]["workspace_mapping"]
    for bad in ("../../secret.tif", "/etc/passwd"):
        mapping["A01_s001_w1_z001_t001.tif"] = bad
        path.write_text(json.dumps(content))
        with pytest.raises(InvalidPathError, match="no path inside the plate"):
            input_plate(read_run(out))
    path.write_text("{")
    with pytest.raises(MetadataError):
        input_plate(read_run(out))
    path.unlink()
    with pytest.raises(PathNotFoundError):
        input_plate(read_run(out))
