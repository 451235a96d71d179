"""Planes that the metadata lists and no file holds: refused, left out or zeros, and always told."""

from __future__ import annotations

import json

import attrs
import numpy as np
import pytest
import tifffile

from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Plane
from openhcs_host.errors import PipelineError
from openhcs_pipeline import FunctionStep, compile_plan, run_plan

GONE = (Coordinates("A01", 1, 1, 2), Coordinates("B02", 2, 2, 3))


def same(stack):
    return stack


@pytest.fixture
def holed(plate):
    """Return the plate without two of its planes, which its metadata still lists."""
    kept = [plane for plane in plate.planes if plane.coordinates not in GONE]
    for coordinates in GONE:
        (plate.root / image_name(coordinates)).unlink()
    return attrs.evolve(plate, planes=kept, missing=[Plane(c, "") for c in GONE])


def images_in(folder):
    return {path.name: tifffile.imread(path) for path in folder.iterdir()}


def record_of(output):
    return json.loads((output / "run.json").read_text())["missing"]


def test_missing_planes_are_an_error_that_names_them_and_the_ways_out(host, holed, tmp_path):
    with pytest.raises(PipelineError) as caught:
        compile_plan(host, [FunctionStep(same)], holed, tmp_path / "out")
    assert "2 planes that the plate's metadata lists have no file: A01_s001_w1_z002_t001" in str(caught.value)
    assert "missing='skip'" in str(caught.value) and "'fill'" in str(caught.value)


def test_skipped_planes_are_absent_and_listed(host, holed, tmp_path):
    plan = compile_plan(host, [FunctionStep(same)], holed, tmp_path / "out", missing="skip")
    result = run_plan(plan, host)
    assert any("2 planes" in note and "left out" in note for note in plan.notes)
    assert result.missing == GONE and not result.failures
    assert len(images_in(tmp_path / "out" / "images")) == 34
    names = ["A01_s001_w1_z002_t001", "B02_s002_w2_z003_t001"]
    assert record_of(tmp_path / "out") == {"policy": "skip", "in_their_place": None, "planes": names}


@pytest.mark.parametrize("read", ["virtual_workspace", "disk", "memory"])
def test_filled_planes_are_zeros_in_their_own_place_and_the_record_says_so(host, holed, tmp_path, read):
    from openhcs_pipeline import VFSConfig

    shapes = []

    def look(stack):
        shapes.append(stack.shape)
        return stack

    vfs = VFSConfig(read_backend=read)
    plan = compile_plan(host, [FunctionStep(look)], holed, tmp_path / "out", vfs, missing="fill")
    result = run_plan(plan, host)
    assert not result.failures and set(shapes) == {(3, 4, 5)}
    images = images_in(tmp_path / "out" / "images")
    assert len(images) == 36
    zeros = {name for name, image in images.items() if not image.any()}
    assert zeros == {image_name(c) for c in GONE}
    assert {image.dtype for image in images.values()} == {np.dtype("u2")}
    assert record_of(tmp_path / "out")["in_their_place"] == "zeros"


def test_a_channel_of_which_nothing_is_left_is_filled_like_the_rest_of_its_well(host, plate, tmp_path):
    gone = [p for p in plate.planes if p.coordinates.well == "A01" and p.coordinates.channel == 2]
    kept = [p for p in plate.planes if p not in gone]
    reading = attrs.evolve(plate, planes=kept, missing=gone)
    plan = compile_plan(host, [FunctionStep(same)], reading, tmp_path / "out", missing="fill")
    assert not run_plan(plan, host).failures
    filled = tifffile.imread(tmp_path / "out" / "images" / image_name(gone[0].coordinates))
    assert filled.shape == (4, 5) and not filled.any()


def test_a_well_without_any_plane_is_named_and_left_out(host, plate, tmp_path):
    gone = [p for p in plate.planes if p.coordinates.well == "A10"]
    kept = [p for p in plate.planes if p not in gone]
    reading = attrs.evolve(plate, planes=kept, missing=gone)
    plan = compile_plan(host, [FunctionStep(same)], reading, tmp_path / "out", missing="fill")
    assert any("wells without any plane are left out: A10" in note for note in plan.notes)
    assert plan.wells == ("A01", "B02")


@pytest.mark.parametrize("missing", ["skip", "fill"])
def test_a_file_that_is_there_and_damaged_fails_its_well_whatever_is_chosen(host, plate, tmp_path, missing):
    damaged = plate.root / image_name(Coordinates("A10", 1, 1))
    damaged.write_bytes(damaged.read_bytes()[:40])
    plan = compile_plan(host, [FunctionStep(same)], plate, tmp_path / "out", missing=missing)
    result = run_plan(plan, host)
    assert set(result.failures) == {"A10"} and "A10_s001_w1_z001_t001" in result.failures["A10"].error
