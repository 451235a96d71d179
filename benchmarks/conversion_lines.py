"""Converting a plate: a synthetic ImageXpress export of 403 MB to OME-Zarr, and what others take for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import synthetic
from table import Line, duration

from openhcs_host import Host

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-peers" / "bin" / "python"
LEVELS = (1, 3)
ROUNDS = 5
PEER_ROUNDS = 2
MEMORY_MIB = (250e6 + 4 * 6 * 2**21) / 2**20
"""What the peak may be: 250 MB and four shards of two channels and three planes."""

Facts = dict[str, Any]


def lines(folder: Path, host: Host) -> Iterator[Line]:
    """Measure ours with one level and three, in both durabilities, and the peers where they are installed."""
    plate = synthetic.imagexpress(folder / "Screen")
    works: dict[str, Callable[[Path], Facts]] = {
        f"floor {durability}": worker("floor", plate, 1, durability) for durability in ("process", "power")
    }
    for levels in LEVELS:
        for durability in ("process", "power"):
            works[f"ours {levels} {durability}"] = worker("ours", plate, levels, durability)
    best = turns(works, folder / "converted", ROUNDS)
    for levels in LEVELS:
        yield from converted(best, levels)
    yield from peers(plate, folder / "converted", best["floor process"])


def turns(works: dict[str, Callable[[Path], Facts]], target: Path, rounds: int) -> dict[str, Facts]:
    """Run every work in turns, each into a new place; return the facts of its fastest run."""
    best: dict[str, Facts] = {}
    for _ in range(rounds):
        for name, work in works.items():
            facts = work(target)
            if target.is_dir():
                facts["files"] = sum(path.is_file() for path in target.rglob("*"))
                shutil.rmtree(target)
            else:
                target.unlink()
            if name not in best or facts["seconds"] < best[name]["seconds"]:
                best[name] = facts
    return best


def worker(side: str, plate: Path, levels: int, durability: str) -> Callable[[Path], Facts]:
    """Return the work of a process of its own."""
    command = [sys.executable, HERE / "conversion_worker.py", side, plate]
    return lambda target: told([*command, target, str(levels), durability])


def told(command: list[Any]) -> Facts:
    """Run a process and return what it prints last, as JSON."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def converted(best: dict[str, Facts], levels: int) -> Iterator[Line]:
    """Return the lines of one number of levels."""
    limit = {1: 1.6, 3: 2.4}[levels]
    floor = "every TIFF read, zstd-1 on 2 threads, one file"
    wordings = (
        ("process", "", f"{floor}; the limit is {limit}."),
        ("power", ", flushed", f"{floor}, flushed to the medium at its end as each of our files is."),
    )
    for durability, more, sentence in wordings:
        ours, base = best[f"ours {levels} {durability}"], best[f"floor {durability}"]
        yield Line(
            f"convert {levels} {durability}",
            f"plate converted, 403 MB, {counted(levels)}{more}",
            sentence,
            duration(ours["seconds"]),
            duration(base["seconds"]),
            ours["seconds"] / base["seconds"],
        )
    ours, base = best[f"ours {levels} process"], best["floor process"]
    yield Line(
        f"convert {levels} memory",
        "  its peak memory",
        f"the peak of that process; ours must stay below {MEMORY_MIB:.0f} MiB whatever the plate.",
        f"{ours['peak_mib']:.0f} MiB",
        f"{base['peak_mib']:.0f} MiB",
        ours["peak_mib"] / base["peak_mib"],
    )
    shards = 8 * 4 * levels
    yield Line(
        f"convert {levels} files",
        "  its files",
        "one shard per field and level; ours adds their documents.",
        str(ours["files"]),
        str(shards),
        ours["files"] / shards,
    )


def peers(plate: Path, target: Path, floor: Facts) -> Iterator[Line]:
    """Return the lines of other converters, each a direct script on the same plate; none if not installed."""
    if not PEERS.exists():
        return
    for name, levels in (
        ("iohub", 1),
        ("iohub", 3),
        ("bioio", 1),
        ("bioio", 3),
        ("ome-zarr-py", 1),
        ("ome-zarr-py", 3),
    ):
        command = [PEERS, HERE / "peers_worker.py", name, plate]
        work = {name: lambda target, command=command, levels=levels: told([*command, target, str(levels)])}
        facts = turns(work, target, PEER_ROUNDS)[name]
        yield Line(
            f"peer {name} {levels}",
            f"peer {name}, {counted(levels)}, {facts['peak_mib']:.0f} MiB, {facts['files']} files",
            "as ours without a flush; our times stand above.",
            duration(facts["seconds"]),
            duration(floor["seconds"]),
            facts["seconds"] / floor["seconds"],
        )


def counted(levels: int) -> str:
    """Say how many levels."""
    return "1 level" if levels == 1 else f"{levels} levels"
