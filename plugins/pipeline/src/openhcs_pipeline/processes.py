"""The executor ``processes``: tasks in processes of their own, which may die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from multiprocessing.connection import Connection, wait
from typing import Any

import attrs
import cloudpickle  # type: ignore[import-untyped]

from openhcs_host import Host, hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.execution import Executor, Outcome
from openhcs_host.errors import PipelineError
from openhcs_host.seam.accelerators import guard_imports

__all__ = ["ProcessesConfig", "ProcessesExecutor"]

OPENHCS_API = 1

_spawn = multiprocessing.get_context("spawn")


@attrs.frozen
class ProcessesConfig:
    """How many processes, and how often a task is begun again whose process died."""

    workers: int = attrs.field(
        default=2, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)]
    )
    retries: int = attrs.field(
        default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)]
    )


class ProcessesExecutor(Executor):
    """Several tasks at once, each in a process: for work in Python, and for code that may crash.

    Processes are spawned, so they import only what their work needs. A task whose process dies is begun
    again in a new one, ``retries`` times, and then fails with a ``PipelineError``; no other task notices.
    """

    key = "processes"
    shares_memory = False

    def __init__(self, config: ProcessesConfig) -> None:
        self._config = config

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration as plain values."""
        return attrs.asdict(self._config)

    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[Outcome, None, None]:
        """Yield outcomes as they come; on an interrupt, tasks not begun are dropped, those begun waited for.

        ``work``, tasks and what is returned travel by cloudpickle.
        """
        waiting = deque((task, 0) for task in tasks)
        if not waiting:
            return
        payload = cloudpickle.dumps(work)
        workers: list[_Worker] = []
        try:
            while waiting or any(worker.task is not None for worker in workers):
                while waiting and len(workers) < self._config.workers:
                    workers.append(_Worker(payload))
                for worker in workers:
                    if worker.task is None and waiting:
                        worker.begin(waiting.popleft())
                busy = {worker.connection: worker for worker in workers if worker.task is not None}
                for connection in wait(list(busy)):
                    worker = busy[connection]  # type: ignore[index]
                    task, died = worker.task or (None, 0)
                    outcome = worker.outcome()
                    if outcome is None:
                        workers.remove(worker)
                        outcome = self._death(worker, task, died, waiting)
                    if outcome is not None:
                        yield outcome
        finally:
            _end(workers)

    def _death(
        self, worker: _Worker, task: Any, died: int, waiting: deque[tuple[Any, int]]
    ) -> Outcome | None:
        how = worker.ended()
        if died < self._config.retries:
            waiting.appendleft((task, died + 1))
            return None
        times = "" if died == 0 else f", {died + 1} times"
        return Outcome(
            task,
            error=PipelineError(
                f"the process that worked on {task} {how}{times}. A crash of a library and too little memory "
                "(the system kills the largest process) are the usual reasons; try fewer workers"
            ),
        )


class _Worker:
    """One process and the task that it was given."""

    def __init__(self, payload: bytes) -> None:
        self.connection, theirs = _spawn.Pipe()
        self.task: tuple[Any, int] | None = None
        self._process = _spawn.Process(target=_work, args=(theirs, payload), name="openhcs-worker")
        self._process.start()
        theirs.close()

    def begin(self, task: tuple[Any, int]) -> None:
        """Hand over a task and how often it was begun before; a process that is dead is found out later."""
        self.task = task
        try:
            self.connection.send_bytes(cloudpickle.dumps(task[0]))
        except OSError:
            return  # reading its answer will say that it is gone

    def outcome(self) -> Outcome | None:
        """Return how the task ended, ``None`` if the process died."""
        task, _ = self.task or (None, 0)
        try:
            value, error = cloudpickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            return None
        self.task = None
        return Outcome(task, value, error)

    def ended(self) -> str:
        """Wait for a process that has hung up, and say how it ended."""
        self.connection.close()
        self._process.join()
        code = self._process.exitcode or 0
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def close(self) -> None:
        """Tell the process to end when it has finished its task."""
        self.connection.close()

    def join(self) -> None:
        """Wait for the process to end."""
        self._process.join()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.close()
    try:
        for worker in workers:
            worker.join()
    except BaseException:  # a second interrupt: whoever gives it will not wait
        for worker in workers:
            worker.kill()
        raise


def _work(connection: Connection, payload: bytes) -> None:
    """Do tasks until the other side hangs up. Runs in the worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the interrupt is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with Host() as host:
        guard_imports(host.index)  # before the work is unpickled, which imports what it is made of
    work = None
    while True:
        try:
            task = cloudpickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            if work is None:
                work = cloudpickle.loads(payload)
            answer: tuple[Any, Exception | None] = work(task), None
        except Exception as error:  # noqa: BLE001 - the contract: an exception is the outcome of its task
            answer = None, error
        try:
            connection.send_bytes(_packed(answer))
        except OSError:
            return


def _packed(answer: tuple[Any, Exception | None]) -> bytes:
    value, error = answer
    try:
        packed: bytes = cloudpickle.dumps(answer)
        if error is not None:
            cloudpickle.loads(packed)  # exceptions are often pickled and then cannot be made again
    except Exception as trouble:  # noqa: BLE001 - objects of others may raise anything here
        what = f"{type(error).__name__}: {error}" if error is not None else f"a {type(value).__name__}"
        reason = f"{type(trouble).__name__}: {trouble}"
        packed = cloudpickle.dumps(
            (
                None,
                PipelineError(f"what the task ended with, {what}, cannot travel between processes: {reason}"),
            )
        )
    return packed


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        # What a dead run began must not write beside the run that resumes it.
        os._exit(1)


@hookimpl
def openhcs_create_executor(key: str, config: Mapping[str, Any]) -> Executor:
    """Create the executor ``processes``."""
    return ProcessesExecutor(configured(ProcessesConfig, config, f"executor {key!r}"))
