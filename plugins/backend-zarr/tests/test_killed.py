"""Writers killed at 100 seeded moments: the well is that of one save, and the plate is valid."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killing.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork processes")


@pytest.mark.parametrize(
    ("options", "rounds"),
    [({}, 60), ({"chunk_strategy": "file", "ngff_version": "0.4", "pyramid": 1}, 40)],
    ids=["0.5-well", "0.4-file-pyramid"],
)
def test_a_killed_writer_leaves_the_old_well_or_the_new_one(options, rounds, tmp_path):
    # In memory if possible: kills shall hit the writer at work, not waiting for a disk.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        command = [sys.executable, PROGRAM, "killed", folder, "20265", str(rounds), json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["errors"] == []
    assert len(seen["saves"]) == rounds
    # Kills that always fell between two saves would prove nothing.
    assert seen["unfinished"] >= rounds // 4, seen
    assert len(set(seen["saves"])) >= rounds // 4, seen
