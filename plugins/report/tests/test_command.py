"""``openhcs report`` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def openhcs(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [Path(sys.executable).with_name("openhcs"), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def out(write_run, flat, tmp_path):
    return write_run(tmp_path, ["A01"], flat, tables={"t": [{"well": "A01", "count": 3}]}, raw=True)


def test_the_report_is_written_and_named(openhcs, out):
    done = openhcs("report", out)
    assert done.returncode == 0, done.stderr
    assert "1 well, 0 failed; 1 heat map, 2 thumbnails" in done.stdout
    assert f"report: {out / 'report.html'}" in done.stdout and done.stderr == ""


def test_json_says_what_was_written(openhcs, out, tmp_path):
    done = openhcs("report", out, "--output", tmp_path / "r.html", "--json")
    assert json.loads(done.stdout) == {
        "output": str(tmp_path / "r.html"),
        "size": (tmp_path / "r.html").stat().st_size,
        "wells": 1,
        "failed": 0,
        "heat_maps": ["t.csv: count"],
        "thumbnails": 2,
        "problems": [],
    }


def test_errors_are_messages_with_status_1(openhcs, out, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, words in (
        ((empty,), "is no run: there is no run.json"),
        ((tmp_path / "absent",), "there is no folder"),
        ((out, "-o", out / "run.json"), "exists"),
        ((out, "-o", out / "run.json", "--overwrite"), "no earlier report"),
    ):
        done = openhcs("report", *arguments)
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_what_could_not_be_used_is_noted(openhcs, out, tmp_path):
    (tmp_path / "plate").rename(tmp_path / "moved")
    done = openhcs("report", out)
    assert done.returncode == 0 and "note: The input plate's images are not shown" in done.stderr
