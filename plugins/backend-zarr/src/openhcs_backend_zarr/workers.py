"""Threads that compress ahead of the one that writes."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["Workers"]

Result = TypeVar("Result")


class Workers:
    """As many threads as the machine has processors, started when first needed."""

    def __init__(self) -> None:
        self._count = min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def ahead(self, tasks: Iterable[Callable[[], Result]], most: int | None = None) -> Iterator[Result]:
        """Yield what the tasks return, in order; a few are done ahead, and no more, so that memory is bounded.

        ``most`` is how many at most, if they are large. The first error is raised, and nothing more is begun.
        """
        pool, waiting = self._started(), deque[Future[Result]]()
        limit = 2 * self._count if most is None else min(most, 2 * self._count)
        try:
            for task in tasks:
                waiting.append(pool.submit(task))
                if len(waiting) > limit:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """End the threads; they start again when needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="openhcs-zarr")
            return self._pool
