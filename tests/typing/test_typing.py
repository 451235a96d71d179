"""What a type checker understands of the public names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PATHS = [Path(__file__).with_name(f"{name}.py") for name in ("decorated",)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_mypy_agrees(path, tmp_path):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path.parents[2])
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_pyright_agrees(path, tmp_path):
    pytest.importorskip("pyright", reason="pyright is not installed; run: pip install 'pyright[nodejs]'")
    settings = {"include": [str(path)], "reportUnnecessaryTypeIgnoreComment": "error"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--project", str(tmp_path), "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, cwd=path.parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
