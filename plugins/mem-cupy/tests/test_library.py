"""CuPy, the driver that its build needs, and a device are looked for without importing CuPy."""

from __future__ import annotations

import pytest

from openhcs_host.arrays import cuda
from openhcs_mem_cupy import library


@pytest.mark.parametrize(
    ("folder", "needed"),
    [
        ("cupy_cuda12x-14.2.0.dist-info", 12),
        ("cupy_cuda13x-14.2.0.dist-info", 13),
        ("cupy-14.2.0.dist-info", None),
    ],
)
def test_the_wheel_tells_the_cuda_that_it_is_built_for(tmp_path, folder, needed):
    (tmp_path / folder).mkdir()
    assert library.built_for(str(tmp_path / "cupy" / "__init__.py")) == needed


def test_a_driver_counts_only_where_the_library_is(tmp_path, monkeypatch):
    (tmp_path / "cupy").mkdir()
    (tmp_path / "cupy" / "__init__.py").write_text("raise AssertionError('imported')")
    (tmp_path / "cupy_cuda13x-14.2.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = library.availability()
    assert (found.state, found.detail) == (
        cuda.judged(cuda.driver(), "CuPy", 13).state,
        cuda.judged(cuda.driver(), "CuPy", 13).detail,
    )


def test_a_missing_library_comes_before_a_missing_driver(memory):
    if library.CUPY.missing() is None:
        pytest.skip("CuPy is installed")
    found = memory.availability()
    assert found.state == "library missing" and "[cuda12]" in found.mend
