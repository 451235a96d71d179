"""The demonstration: a plate with known counts, counted right."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from openhcs_demo.synthetic import SyntheticPlate, write_plate
from openhcs_host import Host
from openhcs_host.errors import PlateError
from openhcs_host.plates import open_plate


def openhcs(*arguments, cwd):
    command = [Path(sys.executable).with_name("openhcs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("microscope", ["imagexpress", "opera_phenix"])
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_demo_counts_what_is_there_and_says_where_the_files_are(tmp_path, seed, microscope):
    done = openhcs("demo", "--output", "out", "--seed", seed, "--microscope", microscope, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"plate: 48 images in 4 wells, read by '{microscope}'" in done.stdout
    true = {row["well"]: int(row["nuclei"]) for row in rows(tmp_path / "out" / "true_counts.csv")}
    results = tmp_path / "out" / "Synthetic_Plate_1_openhcs"
    counted = {row["well"]: int(row["count"]) for row in rows(results / "images_results" / "nuclei.csv")}
    assert counted == true and len(true) == 4 and min(true.values()) >= 16
    for line in (f"B02 {true['B02']:>9}{true['B02']:>6}", "picture", "results"):
        assert line in done.stdout
    picture = imagecodecs.png_decode((tmp_path / "out" / "counted.png").read_bytes())
    assert picture.shape == (776, 776, 3) and (picture == (255, 60, 40)).all(axis=2).sum() > 1000


def test_without_a_folder_each_run_finds_one_of_its_own(tmp_path):
    for expected in ("demo_output", "demo_output_2"):
        done = openhcs("demo", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"{expected}/counted.png" in done.stdout and (tmp_path / expected / "counted.png").is_file()


def test_the_demo_overwrites_nothing(tmp_path):
    (tmp_path / "out" / "Synthetic_Plate_1").mkdir(parents=True)
    (tmp_path / "out" / "Synthetic_Plate_1" / "mine.txt").write_text("keep")
    done = openhcs("demo", "--output", "out", cwd=tmp_path)
    assert done.returncode == 1 and "not empty" in done.stderr
    assert (tmp_path / "out" / "Synthetic_Plate_1" / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize("microscope", ["imagexpress", "opera_phenix"])
def test_a_synthetic_plate_is_read_back_as_it_was_described(tmp_path, microscope):
    described = SyntheticPlate(
        wells=("A01", "P24"), sites=3, channels=("DAPI", "Cy5", "FITC"), planes=2, size=256
    )
    truth = write_plate(tmp_path / "plate", described, microscope)
    with Host() as host:
        reading = open_plate(host, tmp_path / "plate", deep=True)
    assert reading.wells == ("A01", "P24") == tuple(truth)
    assert reading.sites == (1, 2, 3) and reading.z_indexes == (1, 2) and len(reading.planes) == 36
    assert reading.channel_names == {1: "DAPI", 2: "Cy5", 3: "FITC"} and reading.grid == (1, 3)
    assert reading.pixel_size_um == 0.65 and reading.z_step_um == 2.0
    assert reading.plate_name == "Synthetic" and reading.problems == ()
    assert reading.skipped.unrecognised == 0


def test_the_same_seed_gives_the_same_pixels_another_seed_others(tmp_path):
    small = {"wells": ("A01",), "sites": 1, "channels": ("DAPI",), "planes": 1}
    images = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_plate(tmp_path / name, SyntheticPlate(**small, seed=seed))
        images.append(tifffile.imread(tmp_path / name / "TimePoint_1" / "Synthetic_A01_s1_w1.TIF"))
    assert images[0].dtype == np.uint16
    assert np.array_equal(images[0], images[1]) and not np.array_equal(images[0], images[2])


def test_the_pixels_are_the_same_whatever_the_microscope(tmp_path):
    small = SyntheticPlate(wells=("A01",), sites=1, planes=1)
    assert write_plate(tmp_path / "a", small) == write_plate(tmp_path / "b", small, "opera_phenix")
    for channel in (1, 2):
        one = tifffile.imread(tmp_path / "a" / "TimePoint_1" / f"Synthetic_A01_s1_w{channel}.TIF")
        other = tifffile.imread(tmp_path / "b" / "Images" / f"r01c01f01p01-ch{channel}sk1fk1fl1.tiff")
        assert np.array_equal(one, other)


def test_a_microscope_that_is_not_written_is_an_error(tmp_path):
    with pytest.raises(PlateError, match="there are imagexpress, opera_phenix"):
        write_plate(tmp_path / "plate", SyntheticPlate(), "yokogawa")


def test_more_nuclei_than_fit_are_an_error_not_a_wrong_truth(tmp_path):
    with pytest.raises(ValueError, match="do not fit"):
        write_plate(tmp_path / "plate", SyntheticPlate(size=64))
