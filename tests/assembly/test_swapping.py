"""One pipeline, unchanged, on every vendor's plate and every backend: configuration decides, nothing else."""

from __future__ import annotations

import csv
import itertools

import numpy as np
import pytest
import tifffile

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import image_name
from openhcs_host.plates import open_plate
from openhcs_pipeline import VFSConfig, compile_plan, load_pipeline, run_plan

VENDORS = {"imagexpress": "ix-zmb-export-3433", "opera_phenix": "pe-operetta-compose"}


def table_of(files, result):
    rows = files.load(result.tables["nuclei"], result.plan.vfs.materialization_backend)
    return [{name: str(value) for name, value in row.items()} for row in rows]


@pytest.fixture(scope="module")
def plain(plates, pipeline_file, tmp_path_factory):
    """Return the table of each vendor's plate as the defaults give it."""
    tables = {}
    with Host() as host:
        for vendor, name in VENDORS.items():
            reading = open_plate(host, plates / name)
            assert reading.microscope == vendor
            output = tmp_path_factory.mktemp(vendor) / "out"
            result = run_plan(compile_plan(host, load_pipeline(pipeline_file), reading, output), host)
            assert not result.failures
            tables[vendor] = output, table_of(FileManager(host), result)
    return tables


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("read", "intermediate", "materialization"),
    [("virtual_workspace", "memory", "memory"), ("disk", "disk", "disk"), ("memory", "memory", "disk")],
)
def test_the_example_pipeline_gives_the_same_counts_on_any_backend(
    plates, pipeline_file, plain, tmp_path, vendor, read, intermediate, materialization
):
    with Host() as host:
        reading = open_plate(host, plates / VENDORS[vendor])
        vfs = VFSConfig(read, intermediate, materialization)
        plan = compile_plan(host, load_pipeline(pipeline_file), reading, tmp_path / "out", vfs)
        result = run_plan(plan, host)
        assert not result.failures
        assert table_of(FileManager(host), result) == plain[vendor][1]


def test_the_command_line_chooses_backends_too(openhcs, plates, pipeline_file, plain, tmp_path):
    choice = ("--read-backend", "memory", "--intermediate-backend", "disk")
    plate = plates / VENDORS["opera_phenix"]
    done = openhcs("run", pipeline_file, plate, "--output", tmp_path / "out", *choice)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "images_results" / "nuclei.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == plain["opera_phenix"][1]
    assert not (tmp_path / "out" / "intermediates").exists()


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_output_of_one_run_is_the_plate_of_the_next(plates, plain, tmp_path, vendor):
    pipeline = tmp_path / "invert.py"
    pipeline.write_text(
        "from openhcs_pipeline import FunctionStep\n"
        "def invert(stack):\n    return stack.max() - stack\n"
        "pipeline = [FunctionStep(invert)]\n"
    )
    first, _ = plain[vendor]
    with Host() as host:
        raw, ours = open_plate(host, plates / VENDORS[vendor]), open_plate(host, first)
        assert ours.microscope == "openhcsdata" and ours.wells == raw.wells
        kept = (
            "plate_name",
            "pixel_size_um",
            "z_step_um",
            "grid",
            "site_positions_um",
            "plate_shape",
            "started",
        )
        assert [getattr(ours, name) for name in kept] == [getattr(raw, name) for name in kept]
        assert all(raw.channels[number] == channel for number, channel in ours.channels.items())
        result = run_plan(compile_plan(host, load_pipeline(pipeline), ours, tmp_path / "again"), host)
        assert not result.failures
        for plane in ours.planes:
            before = tifffile.imread(first / plane.path)
            after = tifffile.imread(tmp_path / "again" / "images" / image_name(plane.coordinates))
            assert np.array_equal(after, before.max() - before) and after.dtype == before.dtype


def test_every_plate_is_recognised_by_one_handler_only(plates, plain):
    with Host() as host:
        folders = [plates / name for name in VENDORS.values()] + [output for output, _ in plain.values()]
        found = [open_plate(host, folder).microscope for folder in folders]
    assert found == [*VENDORS, *itertools.repeat("openhcsdata", len(plain))]
