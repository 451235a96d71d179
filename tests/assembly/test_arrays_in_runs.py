"""Functions on any array library in one pipeline: equal results, and no conversion where none is needed."""

from __future__ import annotations

import importlib
import textwrap

import numpy as np
import pytest

from openhcs_host import FileManager, Host, decorators
from openhcs_host.contracts.images import parse_image_name
from openhcs_host.errors import PipelineError
from openhcs_host.plates import open_plate
from openhcs_pipeline import FunctionStep, VFSConfig, compile_plan, run_plan

PLATE = "ix-zmb-export-3433"


def halve(stack):
    return stack // 2


def brightest(stack):
    return stack.max(axis=0, keepdims=True)


@decorators.torch
def halve_torch(stack):
    return stack.to(dtype=__import__("torch").int32) // 2


@decorators.torch(dtype="uint16")
def brightest_torch(stack):
    return stack.amax(dim=0, keepdim=True)


@decorators.jax
def brightest_jax(stack):
    return stack.max(axis=0, keepdims=True)


@decorators.tensorflow
def halve_tensorflow(stack):
    return stack // 2


@pytest.fixture
def spy(tmp_path, monkeypatch):
    """Install an observer that notes every conversion, and return its notes."""
    info = tmp_path / "site" / "conversion_spy-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: conversion-spy\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[openhcs.observer]\nspy = conversion_spy\n")
    (info.parent / "conversion_spy.py").write_text(
        textwrap.dedent(
            """
            from openhcs_host import hookimpl
            OPENHCS_API = 1
            seen = []
            @hookimpl
            def openhcs_converted(source, target, nbytes):
                seen.append((source, target, nbytes))
            """
        )
    )
    monkeypatch.syspath_prepend(info.parent)
    module = importlib.import_module("conversion_spy")
    module.seen.clear()
    return module.seen


def images_of(host, plates, output, *steps, **vfs):
    reading = open_plate(host, plates / PLATE)
    result = run_plan(compile_plan(host, [*steps], reading, output, VFSConfig(**vfs)), host)
    assert not result.failures, result.failures
    files = FileManager(host)
    paths = files.list_image_files(output / "images", "disk")
    return {parse_image_name(path.rpartition("/")[2]): files.load(path, "disk") for path in paths}


@pytest.mark.parametrize("intermediate", ["memory", "disk"])
@pytest.mark.parametrize(
    "functions",
    [
        (halve_torch, brightest_torch),
        (halve, brightest_jax),
        (halve_tensorflow, brightest),
        (halve_tensorflow, brightest_jax),
    ],
    ids=lambda functions: "+".join(f.__name__ for f in functions),
)
def test_mixed_libraries_give_what_numpy_gives(plates, tmp_path, functions, intermediate):
    for function in functions:
        key = getattr(getattr(function, "openhcs_memory", None), "input_type", "numpy")
        pytest.importorskip({"numpy": "numpy"}.get(key, key))
    with Host() as host:
        plain = images_of(host, plates, tmp_path / "plain", FunctionStep(halve), FunctionStep(brightest))
        steps = [FunctionStep(function) for function in functions]
        mixed = images_of(host, plates, tmp_path / "mixed", *steps, intermediate_backend=intermediate)
    assert plain.keys() == mixed.keys() and len(plain) == 8
    assert all(np.array_equal(plain[c], mixed[c]) for c in plain)


def test_consecutive_steps_on_one_library_hand_over_without_a_conversion(plates, tmp_path, spy):
    pytest.importorskip("torch")
    with Host() as host:
        host.enable_observers(["spy"])
        steps = [FunctionStep(halve_torch, name="one"), FunctionStep(brightest_torch, name="two")]
        images_of(host, plates, tmp_path / "out", *steps)
        between = [entry for entry in spy if entry[:2] == ("torch", "numpy")]
        # Out of torch goes only what is written: one plane per site, channel and well.
        assert len(between) == 8
        assert all(source in ("numpy", "torch") for source, _, _ in spy)


def test_a_memory_type_that_is_not_installed_is_found_before_the_first_pixel(plates, tmp_path):
    @decorators.memory("quantum")
    def teleport(stack):
        return stack

    with Host() as host:
        reading = open_plate(host, plates / PLATE)
        with pytest.raises(PipelineError, match=r"teleport of step 'teleport' works on quantum"):
            compile_plan(host, [FunctionStep(teleport)], reading, tmp_path / "out")


def test_a_function_that_returns_another_library_s_array_fails_its_well(plates, tmp_path):
    torch = pytest.importorskip("torch")

    def strays(stack):
        return torch.from_numpy(stack.astype(np.int32))

    with Host() as host:
        plan = compile_plan(host, [FunctionStep(strays)], open_plate(host, plates / PLATE), tmp_path / "out")
        result = run_plan(plan, host)
        assert all("it returned a torch array" in failure.error for failure in result.failures.values())
        assert len(result.failures) == 2
