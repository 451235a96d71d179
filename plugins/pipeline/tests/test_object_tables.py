"""Rows of objects become one table of the plate."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline.object_tables import object_table
from openhcs_pipeline.special import SpecialOutput


def output(well, value, z=None):
    return SpecialOutput(well, 1, 2, z, 1, value)


def test_rows_stand_behind_their_place_in_plate_order(host, tmp_path):
    data = [output("A01", [{"label": 1, "area": 12.0}, {"label": 2, "area": 7.5}]), output("B02", [])]
    path = object_table(data, str(tmp_path / "cells"), FileManager(host), "disk")
    with open(path, newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows == [
        ["well", "site", "channel", "timepoint", "label", "area"],
        ["A01", "1", "2", "1", "1", "12.0"],
        ["A01", "1", "2", "1", "2", "7.5"],
    ]


def test_a_component_that_was_not_stacked_is_a_column(host, tmp_path):
    path = object_table([output("A01", [{"label": 1}], z=3)], str(tmp_path / "t"), FileManager(host), "disk")
    assert Path(path).read_text(encoding="utf-8").splitlines() == [
        "well,site,channel,z_index,timepoint,label",
        "A01,1,2,3,1,1",
    ]


@pytest.mark.parametrize("value", [3, "text", [1, 2], {"label": 1}])
def test_what_is_no_list_of_rows_is_refused(host, tmp_path, value):
    with pytest.raises(PipelineError, match="list of rows"):
        object_table([output("A01", value)], str(tmp_path / "t"), FileManager(host), "disk")
    assert not list(tmp_path.iterdir())
