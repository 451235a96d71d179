"""The storage kit: batches are checked as a whole and keep their order."""

from __future__ import annotations

import pytest

from openhcs_host.contracts.storage import Capability, ReadableBackend
from openhcs_host.errors import BatchError, PathExistsError
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import SinkKit
from openhcs_host.testing.equality import assert_same

__all__ = ["BatchTests"]


class BatchTests(SinkKit):
    """Many objects at once."""

    @needs(Capability.READ)
    def test_a_batch_keeps_its_order(self, backend: ReadableBackend, folder: str) -> None:
        """Object i is stored under path i, and loaded in the order asked for, as often as asked for."""
        suffix, first, second = self._pair()
        paths = [f"{folder}/order/{name}{suffix}" for name in ("z10", "a", "z2", "b/c")]
        data = [first, second, second, first]
        backend.save_batch(data, paths)
        for path, expected in zip(paths, data, strict=True):
            assert_same(backend.load(path), expected, path)
        for order in ((0, 1, 2, 3), (3, 2, 1, 0), (1, 3), (2, 0, 2), ()):
            loaded = backend.load_batch([paths[n] for n in order])
            assert isinstance(loaded, list)
            assert len(loaded) == len(order)
            for found, number in zip(loaded, order, strict=True):
                assert_same(found, data[number], f"load_batch in the order {order}")

    @needs(Capability.READ)
    def test_an_inconsistent_batch_stores_nothing(self, backend: ReadableBackend, folder: str) -> None:
        """Lengths that differ, or a path that comes twice: not one object is stored."""
        suffix, first, second = self._pair()
        paths = [f"{folder}/none/{n}{suffix}" for n in range(3)]
        for overwrite in (False, True):
            for data, names in (
                ([first, second], paths),
                ([first, second, first], paths[:2]),
                ([first, second, first], [paths[0], paths[1], paths[0]]),
            ):
                with pytest.raises(BatchError):
                    backend.save_batch(data, names, overwrite=overwrite)
                assert not any(map(backend.exists, paths))

    @needs(Capability.READ)
    def test_an_existing_path_stops_the_whole_batch(self, backend: ReadableBackend, folder: str) -> None:
        """The taken path may be the last: nothing is stored, and the old content stays."""
        suffix, old, new = self._pair()
        paths = [f"{folder}/stop/{n}{suffix}" for n in range(3)]
        backend.save(old, paths[2])
        with pytest.raises(PathExistsError):
            backend.save_batch([new, new, new], paths)
        assert not backend.exists(paths[0])
        assert not backend.exists(paths[1])
        assert_same(backend.load(paths[2]), old)

    @needs(Capability.READ)
    def test_a_batch_can_overwrite(self, backend: ReadableBackend, folder: str) -> None:
        """With ``overwrite`` existing paths are replaced and new ones are made."""
        suffix, old, new = self._pair()
        paths = [f"{folder}/over/{n}{suffix}" for n in range(3)]
        backend.save_batch([old, old], paths[:2])
        backend.save_batch([new, old, new], paths, overwrite=True)
        for path, expected in zip(paths, (new, old, new), strict=True):
            assert_same(backend.load(path), expected, path)
