"""Planes of a plate as a sequence that loads them when they are taken, a few ahead of time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Any, overload

from openhcs_host.contracts.storage import ReadableBackend

__all__ = ["PlanesAhead"]


class PlanesAhead(Sequence[Any]):
    """Images under paths, loaded in threads shortly before they are asked for, and kept by nobody.

    Whoever takes them in order finds each loaded already, and never more than ``ahead`` of them are in
    memory here. Each is loaded anew when it is taken again. Slices go on where the one before ended: while the last
    images of one are in use, the first of the next are being loaded.
    """

    def __init__(self, backend: ReadableBackend, paths: Sequence[str], pool: Executor, ahead: int) -> None:
        self._source = _Source(backend, paths, pool, ahead)
        self._places = range(len(paths))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> PlanesAhead: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return one image; a slice is another such sequence."""
        if isinstance(index, slice):
            part = object.__new__(PlanesAhead)
            part._source, part._places = self._source, self._places[index]
            return part
        return self._source.take(self._places[index])

    def peek(self, index: int) -> Any:
        """Return one image and keep it for whoever takes it next."""
        return self._source.peek(self._places[index])

    def discard(self) -> None:
        """Forget what was loaded ahead and is not wanted any more, here and in slices."""
        self._source.discard()


class _Source:
    """The images of a sequence and all its slices, and which of them are being loaded."""

    def __init__(self, backend: ReadableBackend, paths: Sequence[str], pool: Executor, ahead: int) -> None:
        self._backend, self._paths, self._pool, self._ahead = backend, paths, pool, ahead
        self._loading: dict[int, Future[Any]] = {}

    def take(self, number: int) -> Any:
        found = self.peek(number)
        del self._loading[number]
        return found

    def peek(self, number: int) -> Any:
        for coming in range(number, min(number + self._ahead, len(self._paths))):
            if coming not in self._loading:
                self._loading[coming] = self._pool.submit(self._backend.load, self._paths[coming])
        return self._loading[number].result()

    def discard(self) -> None:
        for future in self._loading.values():
            future.cancel()
        self._loading.clear()
