"""The predecessor, installed from PyPI into environments of its own, measured against the same floors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUILD = HERE.parent / ".build"
POLYSTORE = ("polystore==0.6.3", "pandas", "tifffile", "pluggy", "attrs")
"""Without pandas no backend of polystore can be had; the last three are for the floors."""
OPENHCS = ("openhcs==0.8.6",)
"""Its microscopes; brings an older polystore, numba, OpenCV and Qt, 1.5 GB in all."""


def measure(*, microscopes: bool) -> dict[str, Any]:
    """Return by key of the line ``ratio``, or ``reason`` why there is none; ``microscopes`` installs OpenHCS."""
    found = run("polystore", POLYSTORE)
    if microscopes:
        found.update(run("openhcs", OPENHCS))
    else:
        reason = "its microscopes are measured with --microscopes, which installs 1.5 GB"
        sizes = (1_000, 10_000, 100_000)
        found.update({f"workspace {images}": {"reason": reason} for images in sizes})
    for extension in (".npy", ".tif"):
        found.get(f"disk save {extension} process", {})["note"] = (
            "it saves in place, as its floor here does: a crash leaves a torn file"
        )
    return {**reasons(), **found}


def run(name: str, requirements: tuple[str, ...]) -> dict[str, Any]:
    """Install into ``.build/predecessor-<name>`` unless it is there, and measure."""
    python = environment(BUILD / f"predecessor-{name}", requirements)
    done = subprocess.run(
        [python, HERE / "predecessor_worker.py", name], capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"the predecessor could not be measured to the end:\n{done.stderr[-2000:]}", file=sys.stderr)
    facts: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            facts.update(json.loads(line))
    return facts


def environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    """Make a virtual environment with the requirements; one that was made before is used again."""
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists() or done.read_text() != "\n".join(requirements):
        print(f"installing {', '.join(requirements)} into {folder} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        done.write_text("\n".join(requirements))
    return python


def reasons() -> dict[str, Any]:
    """Return why a line has no counterpart."""
    texts = {
        "index": "it has no plugins to index: it scans its own package",
        "lookup": "it has no host that resolves keys",
        "disk save .npy power": "it has one way to save, in place and never flushed",
        "disk save .tif power": "it has one way to save, in place and never flushed",
        "metadata": "it stores an object, not a path, for each image",
        "million": "it cannot read a listing apart from a file system",
        "million memory": "it cannot read a listing apart from a file system",
        **{
            f"read {images}": "it reads a plate only while writing its workspace"
            for images in (1000, 10000, 100000)
        },
    }
    return {key: {"reason": text} for key, text in texts.items()}
