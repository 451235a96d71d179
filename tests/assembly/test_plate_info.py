"""``openhcs plate info`` on real plates: what a scientist would check by hand."""

from __future__ import annotations

import json

import pytest

REAL = {
    "ix-faim-projection-mix": {
        "plate_name": "Projection-Mix",
        "images": 84,
        "wells": ["E07", "E08"],
        "sites": [1, 2],
        "channels": {str(n): "FITC_05" for n in (1, 2, 3, 4)},
        "z_indexes": list(range(1, 11)),
        "timepoints": [1],
        "grid": None,
        "pixel_size_um": 1.3668,
        "skipped": {"thumbnails": 96, "projections": 12, "unrecognised": 1},
    },
    "ix-faim-timelapse": {
        "plate_name": "1well-3C-2S-Zmix-T",
        "images": 12,
        "wells": ["C07"],
        "sites": [1, 2],
        "channels": {"1": "FITC", "2": "Cy3", "3": "Texas Red"},
        "z_indexes": [1],
        "timepoints": [1, 2],
        "grid": None,
        "pixel_size_um": 13.5504,
        "skipped": {"thumbnails": 0, "projections": 0, "unrecognised": 1},
    },
    "ix-zmb-export-3420/9987_Plate_3420": {
        "plate_name": "9987",
        "images": 1,
        "wells": ["B02"],
        "sites": [1],
        "channels": {"1": "DAPI"},
        "z_indexes": [1],
        "timepoints": [1],
        "grid": [1, 1],
        "pixel_size_um": 1.3672,
        "skipped": {"thumbnails": 0, "projections": 0, "unrecognised": 0},
    },
    "ix-zmb-export-3433/9987_Plate_3433": {
        "plate_name": "9987",
        "images": 24,
        "wells": ["B02", "B03"],
        "sites": [1, 2],
        "channels": {"1": "DAPI", "2": "FITC"},
        "z_indexes": [1, 2, 3],
        "timepoints": [1],
        "grid": [1, 2],
        "pixel_size_um": 1.3672,
        "skipped": {"thumbnails": 0, "projections": 8, "unrecognised": 0},
    },
}


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("deep", [False, True], ids=["names", "deep"])
@pytest.mark.parametrize("name", REAL)
def test_a_real_plate_is_read_right_and_left_alone(openhcs, plates, name, deep):
    plate = plates / name
    before = snapshot(plate)
    shown = openhcs("plate", "info", plate, "--json", *(["--deep"] if deep else []))
    assert shown.returncode == 0, shown.stderr
    facts = json.loads(shown.stdout)
    assert facts["microscope"] == "imagexpress"
    assert {key: facts[key] for key in REAL[name]} == REAL[name]
    assert isinstance(facts["problems"], list)
    assert snapshot(plate) == before


@pytest.mark.parametrize("name", ["ix-zmb-export-3420", "ix-zmb-export-3433"])
def test_a_complete_export_has_no_problems(openhcs, plates, name):
    assert json.loads(openhcs("plate", "info", plates / name, "--json").stdout)["problems"] == []


def test_what_is_strange_about_a_plate_is_said(openhcs, plates):
    mixed = json.loads(openhcs("plate", "info", plates / "ix-faim-projection-mix", "--json").stdout)
    assert any("channel 3" in problem and "projections only" in problem for problem in mixed["problems"])
    lapse = json.loads(openhcs("plate", "info", plates / "ix-faim-timelapse", "--json").stdout)
    assert any("channels 2, 3" in problem and "projections" in problem for problem in lapse["problems"])


def test_people_get_a_table(openhcs, plates):
    shown = openhcs("plate", "info", plates / "ix-zmb-export-3433")
    assert shown.returncode == 0
    for words in ("B02, B03", "grid 1 x 2", "1 DAPI, 2 FITC", "1.3672 µm", "8 projections"):
        assert words in shown.stdout


HARMONY = {
    "pe-operetta-compose": {
        "images": 2,
        "wells": ["C03"],
        "sites": [1, 2],
        "channels": {"1": "Fluorescein (FITC)"},
        "grid": [1, 2],
    },
    "pe-operetta-microprofiler": {
        "images": 18,
        "wells": ["B02", "D02"],
        "sites": [1, 3, 64],
        "channels": {"1": None, "2": None},
        "z_indexes": [1, 2, 3],
        "pixel_size_um": None,
    },
    "pe-phenix-pe2loaddata-v1": {"images": 6, "wells": ["A01"], "sites": [1], "grid": [1, 1]},
}


@pytest.mark.parametrize("name", HARMONY)
def test_another_vendor_s_plate_is_read_by_its_own_handler(openhcs, plates, name):
    before = snapshot(plates / name)
    shown = openhcs("plate", "info", plates / name, "--json")
    assert shown.returncode == 0, shown.stderr
    facts = json.loads(shown.stdout)
    assert facts["microscope"] == "opera_phenix"
    assert {key: facts[key] for key in HARMONY[name]} == HARMONY[name]
    assert snapshot(plates / name) == before


def test_a_plate_whose_only_image_is_absent_is_an_error_not_a_black_image(openhcs, plates):
    shown = openhcs("plate", "info", plates / "pe-uzh-operetta-index")
    assert shown.returncode == 1 and "lists 1 plane, none of which has a file here" in shown.stderr


def test_a_folder_of_anything_else_is_refused_politely(openhcs, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    shown = openhcs("plate", "info", tmp_path)
    assert shown.returncode == 2
    assert "imagexpress: no" in shown.stderr and "opera_phenix: no" in shown.stderr


def test_the_microscope_can_be_named(openhcs, plates):
    plate = plates / "ix-zmb-export-3420"
    assert openhcs("plate", "info", plate, "--microscope", "imagexpress").returncode == 0
    wrong = openhcs("plate", "info", plate, "--microscope", "imagexpres")
    assert wrong.returncode == 1 and "Did you mean 'imagexpress'?" in wrong.stderr
