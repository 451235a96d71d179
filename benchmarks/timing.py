"""Two works measured in turns, so that a noisy machine disturbs both alike. Standard library only."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Result:
    """Two medians, and the median of the ratios of neighbours."""

    ours: float
    floor: float
    ratio: float


def compare(ours: Work, floor: Work, rounds: int = 15, inner: int = 1) -> Result:
    """Run both works ``rounds`` times in turns, ``inner`` times each turn, and return seconds per work."""
    ours()
    floor()
    pairs = [(seconds(ours, inner), seconds(floor, inner)) for _ in range(rounds)]
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Result(mine, theirs, statistics.median(one / other for one, other in pairs))


def seconds(work: Work, inner: int = 1) -> float:
    """Return how long one work takes, as the mean of ``inner``."""
    start = time.perf_counter()
    for _ in range(inner):
        work()
    return (time.perf_counter() - start) / inner
