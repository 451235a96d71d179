"""Backends are a matter of configuration: whatever is chosen, the results are the same."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest

from openhcs_host import FileManager
from openhcs_host.contracts.images import parse_image_name
from openhcs_host.errors import PipelineError
from openhcs_pipeline import FunctionStep, VFSConfig, compile_plan, counts_per_well, run_plan, special_outputs


def brighter(stack):
    return stack + np.uint16(1)


@special_outputs(("planes", counts_per_well))
def count_planes(stack):
    return stack.max(axis=0, keepdims=True), len(stack)


STEPS = [FunctionStep(brighter, name="one"), FunctionStep(count_planes, name="two")]


def results(host, plate, output, **vfs):
    """Run the steps and return the images and the table, from wherever they were put."""
    plan = compile_plan(host, STEPS, plate, output, VFSConfig(**vfs))
    result = run_plan(plan, host)
    assert not result.failures
    files, backend = FileManager(host), plan.vfs.materialization_backend
    images = {
        parse_image_name(path.rpartition("/")[2]): files.load(path, backend)
        for path in files.list_image_files(plan.images, backend)
    }
    table = files.load(result.tables["planes"], backend)
    return images, [{name: str(value) for name, value in row.items()} for row in table]


@pytest.mark.parametrize(
    ("read", "intermediate", "materialization"),
    list(itertools.product(("virtual_workspace", "disk", "memory"), ("memory", "disk"), ("disk", "memory"))),
)
def test_the_same_images_and_tables_whatever_the_backends(
    host, plate, tmp_path, read, intermediate, materialization
):
    images, table = results(host, plate, tmp_path / "plain")
    other = results(
        host,
        plate,
        tmp_path / "other",
        read_backend=read,
        intermediate_backend=intermediate,
        materialization_backend=materialization,
    )
    assert images.keys() == other[0].keys() and len(images) == 12
    assert all(
        np.array_equal(images[c], other[0][c]) and images[c].dtype == other[0][c].dtype for c in images
    )
    assert table == other[1]


@pytest.mark.parametrize("backend", ["disk", "memory"])
def test_intermediates_are_gone_after_the_run(host, plate, tmp_path, backend):
    results(host, plate, tmp_path / "out", intermediate_backend=backend, read_backend="memory")
    files = FileManager(host)
    assert not files.exists(tmp_path / "out" / "intermediates", backend)
    assert files.list_files(tmp_path / "out", "memory", recursive=True) == []


def test_results_in_memory_leave_only_what_describes_the_run_on_disk(host, plate, tmp_path):
    results(host, plate, tmp_path / "out", materialization_backend="memory")
    on_disk = {name for name in os.listdir(tmp_path / "out") if not name.endswith(".lock")}
    assert on_disk == {"openhcs_metadata.json", "run.json", "workspace"}
    with pytest.raises(FileExistsError, match="not empty"):
        results(host, plate, tmp_path / "out", materialization_backend="memory")


def test_every_backend_that_cannot_do_its_part_is_named_before_anything_is_written(host, plate, tmp_path):
    vfs = VFSConfig("memory", "virtual_workspace", "no_such_backend")
    with pytest.raises(PipelineError) as caught:
        compile_plan(host, STEPS, plate, tmp_path / "out", vfs)
    said = str(caught.value)
    assert "intermediate_backend 'virtual_workspace' cannot write" in said
    assert "materialization_backend 'no_such_backend'" in said
    assert not (tmp_path / "out").exists()
