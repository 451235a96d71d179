"""Several works measured in turns, each with the best of its times: what a busy machine disturbs least.

Lines that move hundreds of megabytes are measured so; they cannot be repeated until a median is steady.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


def best(works: Mapping[str, Work], rounds: int, between: Work | None = None) -> dict[str, float]:
    """Run every work once unmeasured and ``rounds`` times in turns; return the least seconds of each.

    ``between`` runs before every one of them, unmeasured: it clears away what the one before has written.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            if between is not None:
                between()
            start = time.perf_counter()
            work()
            if number:
                found[name].append(time.perf_counter() - start)
    return {name: min(times) for name, times in found.items()}
