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
    memory here. Each is loaded anew when it is taken again.
    """

    def __init__(self, backend: ReadableBackend, paths: Sequence[str], pool: Executor, ahead: int) -> None:
        self._backend, self._paths, self._pool, self._ahead = backend, paths, pool, ahead
        self._loading: dict[int, Future[Any]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return one image; a slice is another such sequence."""
        if isinstance(index, slice):
            return PlanesAhead(self._backend, self._paths[index], self._pool, self._ahead)
        number = range(len(self))[index]
        for coming in range(number, min(number + self._ahead, len(self))):
            if coming not in self._loading:
                self._loading[coming] = self._pool.submit(self._backend.load, self._paths[coming])
        return self._loading.pop(number).result()

    def discard(self) -> None:
        """Forget what was loaded ahead and is not wanted any more."""
        for future in self._loading.values():
            future.cancel()
        self._loading.clear()
