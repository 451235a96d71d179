"""``openhcs plate validate``: what it prints and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys


def validate(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = "import sys; from openhcs_host.cli.root import main; main()"
    command = [sys.executable, "-W", "error", "-c", code, "plate", "validate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_valid_plate_exits_with_0(ours):
    done = validate(ours.root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "valid: 0 errors, 0 warnings\n", "")


def test_an_invalid_plate_exits_with_1_and_says_why(ours):
    ours.change("", lambda part: part["plate"].update(field_count=9))
    done = validate(ours.root)
    assert done.returncode == 1
    assert "error   plate.field_count: the fullest well lists 2 fields, not 9" in done.stdout
    facts = json.loads(validate(ours.root, "--json").stdout)
    assert facts["valid"] is False
    assert facts["findings"] == [
        {
            "where": "plate.field_count",
            "rule": "the fullest well lists 2 fields, not 9",
            "severity": "error",
        }
    ]


def test_warnings_alone_exit_with_0(ours):
    ours.change("", lambda part: part["plate"].pop("name"))
    done = validate(ours.root)
    assert done.returncode == 0 and "valid: 0 errors, 1 warning" in done.stdout


def test_what_is_no_store_exits_with_2(tmp_path):
    for place in (tmp_path, tmp_path / "none"):
        done = validate(place)
        assert done.returncode == 2 and "no OME-Zarr store" in done.stderr and done.stdout == ""
    (tmp_path / "zarr.json").write_text("{")
    assert validate(tmp_path).returncode == 2


def test_checking_and_reading_documents_imports_no_array_library(ours):
    code = f"""
import sys
from pathlib import Path
from openhcs_backend_zarr import ngff
import openhcs_backend_zarr.ngff.writing, openhcs_backend_zarr.ngff.geometry
from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.plates import read_plate
from openhcs_backend_zarr.validating import validate
root = Path({str(ours.root)!r})
assert validate(LocalReader(root)) == [] and len(read_plate(LocalReader(root), root).planes) == 18
heavy = {{"numpy", "tensorstore", "zarr", "click"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
