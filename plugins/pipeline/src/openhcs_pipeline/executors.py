"""The executors ``serial`` and ``threads``."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import attrs

from openhcs_host import hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.execution import Executor, Outcome

__all__ = ["SerialExecutor", "ThreadsExecutor"]

OPENHCS_API = 1


class SerialExecutor(Executor):
    """One task after the other, in the calling thread."""

    key = "serial"

    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[Outcome, None, None]:
        """Yield outcomes in the order of the tasks."""
        for task in tasks:
            yield _outcome(work, task)


@attrs.frozen
class ThreadsConfig:
    """How many threads."""

    workers: int = attrs.field(
        default=2, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )


class ThreadsExecutor(Executor):
    """Several tasks at once in threads: for work that spends its time in libraries that release the GIL."""

    key = "threads"

    def __init__(self, config: ThreadsConfig) -> None:
        self._config = config

    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; on an interrupt, tasks not begun are dropped."""
        with ThreadPoolExecutor(self._config.workers, thread_name_prefix="openhcs") as pool:
            futures: list[Future[Outcome]] = [pool.submit(_outcome, work, task) for task in tasks]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                for future in futures:
                    future.cancel()


def _outcome(work: Callable[[Any], Any], task: Any) -> Outcome:
    try:
        return Outcome(task, work(task))
    except Exception as error:  # noqa: BLE001 - the contract: an exception is the outcome of its task
        return Outcome(task, error=error)


@hookimpl
def openhcs_create_executor(key: str, config: Mapping[str, Any]) -> Executor:
    """Create the executor of this key."""
    if key == SerialExecutor.key:
        configured(_NoConfig, config, "executor 'serial'")
        return SerialExecutor()
    return ThreadsExecutor(configured(ThreadsConfig, config, f"executor {key!r}"))


@attrs.frozen
class _NoConfig:
    """An executor without options."""
