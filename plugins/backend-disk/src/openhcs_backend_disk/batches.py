"""The work of a batch, in one thread or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from openhcs_host.errors import ConfigurationError

__all__ = ["check_workers", "in_threads"]

Result = TypeVar("Result")


def check_workers(workers: int) -> None:
    """Raise ``ConfigurationError`` unless ``workers`` is a number of threads."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ConfigurationError(f"workers is the number of threads, 1 or more, not {workers!r}")


def in_threads(work: Callable[[int], Result], count: int, workers: int) -> list[Result]:
    """Return ``[work(0), work(1), …]``, by ``workers`` threads.

    The first error stops the batch: what has begun is finished, nothing else is begun, and of the errors
    that there are then, that of the lowest number is raised.
    """
    if workers == 1 or count < 2:
        return [work(number) for number in range(count)]
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait  # most processes need none

    with ThreadPoolExecutor(min(workers, count)) as pool:
        futures = [pool.submit(work, number) for number in range(count)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
    for future in futures:
        if not future.cancelled() and (error := future.exception()) is not None:
            raise error
    return [future.result() for future in futures]
