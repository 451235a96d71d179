"""Processes killed at seeded moments: what is visible is whole, the old content or the new."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killing.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork processes")


def killed(*arguments):
    """Run the experiment in a process of its own, for it forks, and return what it has seen."""
    command = [sys.executable, PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("durability", ["process", "power"])
def test_a_writer_killed_at_200_moments_leaves_every_file_whole(folder, durability):
    seen = killed("writing", folder, durability, 20260, 200)
    # Kills that always fell between two writes would prove nothing.
    assert seen["rounds with something unfinished"] >= 20, seen
    assert seen["new names"] >= 40, seen


def test_moves_to_another_file_system_killed_at_100_moments_lose_nothing(folder, elsewhere):
    seen = killed("moving", folder, elsewhere, 20261, 25)
    for kind in ("file", "tree"):
        assert seen[f"{kind} stayed"] >= 3, seen
        assert seen[f"{kind} arrived"] >= 3, seen
    assert seen["rounds with something unfinished"] >= 10, seen
