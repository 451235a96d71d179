"""What a type checker understands of the public names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")


@pytest.mark.parametrize("name", ["decorated"])
def test_mypy_agrees(name, tmp_path):
    path = Path(__file__).with_name(f"{name}.py")
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path.parents[2])
    assert done.returncode == 0, done.stdout
