"""The peak of a process's memory. Standard library only."""

from __future__ import annotations

import resource
from pathlib import Path


def peak_mib() -> float:
    """Return the most memory that this process had in use at once.

    ``getrusage`` alone will not do: on Linux a new program starts with the peak of the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(next(lines).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
