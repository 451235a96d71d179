"""The storage kit: whose object a loaded object is, and several threads at once."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from openhcs_host.contracts.storage import Capability, ReadableBackend, StorageBackend
from openhcs_host.errors import PathExistsError
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import SinkKit
from openhcs_host.testing.equality import assert_same, difference, spoil

__all__ = ["SharingTests"]

READ, REFERENCES = Capability.READ, Capability.REFERENCES


class SharingTests(SinkKit):
    """References, independence, threads."""

    @needs(READ | REFERENCES)
    def test_references_are_kept(self, backend: ReadableBackend, folder: str) -> None:
        """With REFERENCES ``load`` gives the very object; ``copy=True`` gives one of your own."""
        suffix, data, _ = self._pair()
        path = f"{folder}/refs/a{suffix}"
        backend.save(data, path)
        assert backend.load(path) is data
        assert all(found is data for found in backend.load_batch([path, path]))
        own = backend.load(path, copy=True)
        assert own is not data
        before = copy.deepcopy(data)
        if spoil(own):
            assert_same(backend.load(path), before, "what is stored, after a copy of it was changed")

    @needs(READ, undeclared=REFERENCES)
    def test_every_object_is_independent(self, backend: ReadableBackend, folder: str) -> None:
        """Without REFERENCES changing what was saved, or what was loaded, changes nothing that is stored."""
        for suffix, objects in self.examples.items():
            for number, data in enumerate(objects):
                path, mine = f"{folder}/own/{number}{suffix}", copy.deepcopy(data)
                backend.save(mine, path)
                spoil(mine)
                first = backend.load(path)
                assert_same(first, data, "what is stored, after the saved object was changed")
                if spoil(first):
                    assert_same(backend.load(path), data, "what is stored, after a loaded object was changed")
                    assert_same(backend.load_batch([path])[0], data, "the same, from load_batch")

    @needs(READ, undeclared=REFERENCES, contract=StorageBackend)
    def test_a_copy_is_independent(self, backend: StorageBackend, folder: str) -> None:
        """Without REFERENCES changing an object loaded from a copy leaves the source alone."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/own/a{suffix}")
        backend.copy(f"{folder}/own/a{suffix}", f"{folder}/own/b{suffix}")
        spoil(backend.load(f"{folder}/own/b{suffix}"))
        assert_same(backend.load(f"{folder}/own/a{suffix}"), data)
        assert_same(backend.load(f"{folder}/own/b{suffix}"), data)

    @needs(READ)
    def test_two_writers_of_a_new_name_do_not_both_succeed(
        self, backend: ReadableBackend, folder: str
    ) -> None:
        """One wins, the others get a PathExistsError, and what is stored is the winner's."""
        suffix, first, second = self._pair()
        data = [first, second, first, second]
        for attempt in range(8):
            path = f"{folder}/race/{attempt}/a{suffix}"
            results = _together([_saving(backend, item, path) for item in data])
            winners = [item for item, result in zip(data, results, strict=True) if result is None]
            losers = [result for result in results if result is not None]
            assert len(winners) == 1, f"{len(winners)} writers of one new name succeeded"
            assert all(isinstance(loser, PathExistsError) for loser in losers), losers
            assert_same(backend.load(path), winners[0], "what is stored")

    @needs(READ)
    def test_a_reader_sees_the_old_content_or_the_new(self, backend: ReadableBackend, folder: str) -> None:
        """While a file is overwritten it is always there, and always whole."""
        suffix, old, new = self._pair()
        path = f"{folder}/while/a{suffix}"
        backend.save(old, path)
        done = threading.Event()

        def write() -> None:
            try:
                for number in range(40):
                    backend.save((new, old)[number % 2], path, overwrite=True)
            finally:
                done.set()

        def read() -> None:
            while not done.is_set():
                found = backend.load(path)
                how = difference(found, old)
                assert how is None or difference(found, new) is None, f"a reader saw a part: {how}"
                assert backend.exists(path)

        for result in _together([write, read, read]):
            if result is not None:
                raise result

    @needs(READ)
    def test_threads_do_not_disturb_each_other(self, backend: ReadableBackend, folder: str) -> None:
        """Many new names in one new directory, from several threads: all arrive."""
        suffix, first, second = self._pair()

        def work(writer: int) -> Callable[[], None]:
            def run() -> None:
                for number in range(15):
                    backend.save((first, second)[number % 2], f"{folder}/all/{writer}/{number}{suffix}")

            return run

        results = _together([work(writer) for writer in range(4)])
        if any(results):
            pytest.fail(f"a thread failed: {next(filter(None, results))!r}")
        for writer in range(4):
            for number in range(15):
                found = backend.load(f"{folder}/all/{writer}/{number}{suffix}")
                assert_same(found, (first, second)[number % 2])


def _saving(backend: ReadableBackend, data: Any, path: str) -> Callable[[], None]:
    return lambda: backend.save(data, path)


def _together(calls: Sequence[Callable[[], None]]) -> list[BaseException | None]:
    """Make all calls at the same moment, and return what each raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        barrier.wait(timeout=30)
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.exception(timeout=60) for future in [pool.submit(run, call) for call in calls]]
