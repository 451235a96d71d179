"""All distributions together, on real plates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def plates() -> Path:
    """Return the folder of real plates, or skip where there is none."""
    folder = Path(os.environ.get("OPENHCS_PLATES", ROOT.parent / "shared" / "data" / "plates"))
    if not folder.is_dir():
        reason = f"no real plates in {folder}; set OPENHCS_PLATES to the folder that holds them"
        if os.environ.get("OPENHCS_REQUIRE_PLATES"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def pipeline_file() -> Path:
    """Return the example pipeline."""
    return ROOT / "examples" / "count_nuclei.py"


@pytest.fixture
def openhcs(tmp_path):
    """Run the command line in a process of its own, in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("openhcs"), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
        )

    return run
