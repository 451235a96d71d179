"""Function libraries in pipelines and on the command line, with the real libraries on real plates."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib.metadata import version

import cloudpickle
import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage import filters, measure, morphology

from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.plates import open_plate
from openhcs_pipeline import FunctionStep, compile_plan, run_plan
from openhcs_pipeline.named import FunctionName, find_function

HEAD = "from openhcs_pipeline import FunctionStep\nfrom skimage.morphology import disk\n"

# The two pipelines of the mission's document, letter by letter, below the imports.
FIRST = """
pipeline = [
    FunctionStep(func="gaussian_filter", sigma=2.0),      # CuPy function
    FunctionStep(func="threshold_otsu"),                  # scikit-image function
    FunctionStep(func="binary_opening", footprint=disk(3)) # CuPy function
]
"""
SECOND = """
pipeline = [
    # Step 1: Load from disk → process → store in memory
    FunctionStep(func="gaussian_filter", sigma=2.0),

    # Step 2: Load from memory → GPU processing → store in memory
    FunctionStep(func="binary_opening", footprint=disk(3)),

    # Step 3: Load from memory → process → materialize to disk/zarr
    FunctionStep(func="label", connectivity=2)
]
"""
PLATE = "ix-zmb-export-3433"


def first(plane):
    smooth = ndimage.gaussian_filter(plane, sigma=2.0)
    mask = smooth > filters.threshold_otsu(smooth)
    return morphology.opening(mask, morphology.disk(3), mode="ignore")


def second(plane):
    opened = morphology.opening(ndimage.gaussian_filter(plane, 2.0) != 0, morphology.disk(3), mode="ignore")
    return measure.label(opened, connectivity=2)


def raw_planes(plate):
    """Return the raw planes with the plain library."""
    with Host() as host:
        reading = open_plate(host, plate)
        return {plane.coordinates: tifffile.imread(plate / plane.path) for plane in reading.planes}


@pytest.mark.parametrize(("source", "direct"), [(FIRST, first), (SECOND, second)], ids=["opening", "label"])
def test_the_mission_s_pipelines_run_as_written_and_equal_the_libraries(
    openhcs, plates, tmp_path, source, direct
):
    (tmp_path / "steps.py").write_text(HEAD + source, encoding="utf-8")
    done = openhcs("run", tmp_path / "steps.py", plates / PLATE, "--output", tmp_path / "out", "--workers", 2)
    assert done.returncode == 0, done.stderr
    raw = raw_planes(plates / PLATE)
    images = tmp_path / "out" / "images"
    assert {path.name for path in images.iterdir()} == {image_name(coordinates) for coordinates in raw}
    for coordinates, plane in raw.items():
        made, expected = tifffile.imread(images / image_name(coordinates)), direct(plane)
        assert np.array_equal(made, expected) and made.any()


def test_the_record_has_the_names_and_the_libraries_versions(openhcs, plates, tmp_path):
    (tmp_path / "steps.py").write_text(HEAD + FIRST, encoding="utf-8")
    openhcs("run", tmp_path / "steps.py", plates / PLATE, "--output", tmp_path / "out")
    steps = json.loads((tmp_path / "out" / "run.json").read_text())["steps"]
    calls = [step["functions"]["all"][0] for step in steps]
    assert [call["name"] for call in calls] == [
        "skimage:gaussian_filter",
        "skimage:threshold_otsu",
        "skimage:binary_opening",
    ]
    assert calls[0]["path"] == "scipy.ndimage.gaussian_filter" and calls[0]["keywords"] == {"sigma": "2.0"}
    assert calls[0]["versions"]["scikit-image"] == version("scikit-image")
    assert calls[0]["versions"]["openhcs-functions-skimage"] == version("openhcs-functions-skimage")


def test_objects_are_measured_into_one_table_of_the_plate(plates, tmp_path):
    steps = [
        FunctionStep([("gaussian", {"sigma": 2.0}), "threshold_otsu", "label"], "nuclei"),
        FunctionStep("regionprops_table", "sizes", properties=("label", "area")),
    ]
    with Host() as host:
        plan = compile_plan(host, steps, open_plate(host, plates / PLATE), tmp_path / "out")
        assert not run_plan(plan, host).failures
    with (tmp_path / "out" / "images_results" / "sizes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = []
    raw = raw_planes(plates / PLATE)
    for c in sorted(raw, key=lambda c: c.order):
        smooth = filters.gaussian(raw[c], 2.0, preserve_range=True)
        labels = measure.label(smooth > filters.threshold_otsu(smooth))
        made = tifffile.imread(tmp_path / "out" / "images" / image_name(c))
        assert np.array_equal(made, labels)
        expected += [(c.well, c.site, c.channel, r.label, r.area) for r in measure.regionprops(labels)]
    found = [
        (row["well"], int(row["site"]), int(row["channel"]), int(row["label"]), float(row["area"]))
        for row in rows
    ]
    assert sorted(found) == sorted(expected) and len(found) > 100


def test_a_found_function_travels_by_cloudpickle(tmp_path):
    with Host() as host:
        found = find_function(host, FunctionName.parse("skimage:gaussian"), {"sigma": 2.0})
    (tmp_path / "function").write_bytes(cloudpickle.dumps(found))
    stack = np.arange(2 * 30 * 40, dtype=np.uint16).reshape(2, 30, 40)
    np.save(tmp_path / "stack.npy", stack)
    code = (
        "import pickle, numpy\n"
        "function = pickle.load(open('function', 'rb'))\n"
        "numpy.save('made.npy', function(numpy.load('stack.npy'), sigma=2.0))\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    expected = np.stack([filters.gaussian(plane, 2.0, preserve_range=True) for plane in stack])
    assert np.array_equal(np.load(tmp_path / "made.npy"), expected)


def test_functions_take_arrays_of_other_libraries():
    torch = pytest.importorskip("torch")
    stack = torch.from_numpy(np.arange(2 * 30 * 40, dtype=np.uint16).reshape(2, 30, 40))
    with Host() as host:
        found = find_function(host, FunctionName.parse("skimage:sobel"), {})
    expected = np.stack([filters.sobel(plane.astype(float)) for plane in stack.numpy()])
    assert np.array_equal(found(stack), expected)


def test_the_list_of_functions_searches_names_and_descriptions(openhcs):
    done = openhcs("functions", "threshold", "--json")
    found = json.loads(done.stdout)
    names = [entry["name"] for entry in found["functions"] if entry["library"] == "skimage"]
    assert done.returncode == 0 and "threshold_otsu" in names and "gaussian" not in names
    assert "hidden" not in done.stdout and found["problems"] == []
    (otsu,) = [entry for entry in found["functions"] if entry["name"] == "threshold_otsu"]
    assert otsu["call"] == "plane > skimage.filters.threshold_otsu(plane, …)"
    assert {"name": "nbins", "type": "int", "default": "256"} in otsu["parameters"]
    table = openhcs("functions", "SMOOTH gaussian").stdout
    assert "gaussian_filter" in table and "skimage\n" in table and "sobel" not in table
    nothing = openhcs("functions", "no such thing")
    assert nothing.returncode == 0 and not nothing.stdout and "'no such thing'" in nothing.stderr


def test_listing_functions_imports_no_array_library():
    code = (
        "import sys\nsys.argv = ['openhcs', 'functions']\nfrom openhcs_host.cli.root import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "openhcs_functions_skimage" in loaded
    assert not loaded & {"skimage", "scipy", "torch", "jax", "tensorflow", "cupy", "pyclesperanto"}


def test_images_of_one_component_are_stacked_and_worked_on_plane_by_plane(plates, tmp_path):
    """What a step stacks changes nothing for functions that work plane by plane."""
    with Host() as host:
        reading = open_plate(host, plates / PLATE)
        for name, stacked in (("z", ["z_index"]), ("site", ["site"]), ("none", [])):
            step = FunctionStep("threshold_li", variable_components=stacked)
            assert not run_plan(compile_plan(host, [step], reading, tmp_path / name), host).failures
    images = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name / "images").iterdir()}
        for name in ("z", "site", "none")
    }
    assert images["z"] == images["site"] == images["none"]
    assert image_name(Coordinates("B02", 1, 1, 1)) in images["z"]
