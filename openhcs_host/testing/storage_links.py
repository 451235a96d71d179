"""The storage kit: symbolic links, where they are declared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openhcs_host.contracts.storage import Capability, StorageBackend
from openhcs_host.errors import PathExistsError, PathNotFoundError
from openhcs_host.testing.applying import needs
from openhcs_host.testing.backends import SinkKit
from openhcs_host.testing.equality import assert_same

__all__ = ["LinkTests"]

LINK = Capability.LINK


class LinkTests(SinkKit):
    """``create_symlink``, and what the other operations do to a link."""

    @needs(LINK, contract=StorageBackend)
    def test_a_link_shows_its_target(self, backend: StorageBackend, folder: str) -> None:
        """``load``, ``is_file`` and ``is_dir`` speak of the target, ``is_symlink`` and ``stat`` of the link."""
        suffix, data, _ = self._pair()
        target, link = f"{folder}/t/a{suffix}", f"{folder}/t/link{suffix}"
        backend.save(data, target)
        backend.create_symlink(target, link)
        backend.create_symlink(f"{folder}/t", f"{folder}/to directory")
        assert_same(backend.load(link), data)
        assert (backend.is_file(link), backend.is_dir(link)) == (True, False)
        assert backend.is_dir(f"{folder}/to directory")
        assert_same(backend.load(f"{folder}/to directory/a{suffix}"), data)
        for path in (link, f"{folder}/to directory"):
            assert backend.is_symlink(path)
            assert backend.stat(path).kind == "symlink"
        assert not any(map(backend.is_symlink, (target, f"{folder}/t", f"{folder}/none")))
        assert backend.stat(target).kind == "file"
        if Capability.LIST in type(backend).capabilities:
            assert sorted(backend.list_files(f"{folder}/t")) == sorted([target, link])

    @needs(LINK, contract=StorageBackend)
    def test_a_link_needs_a_target(self, backend: StorageBackend, folder: str) -> None:
        """A target that does not exist is a PathNotFoundError, and no link is made."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/t/a{suffix}")
        with pytest.raises(PathNotFoundError):
            backend.create_symlink(f"{folder}/t/none{suffix}", f"{folder}/t/link{suffix}")
        assert not backend.is_symlink(f"{folder}/t/link{suffix}")

    @needs(LINK, contract=StorageBackend)
    def test_only_links_are_replaced_by_a_link(self, backend: StorageBackend, folder: str) -> None:
        """``overwrite`` replaces a link; a file or a directory is a PathExistsError in any case."""
        suffix, first, second = self._pair()
        one, two, link = (f"{folder}/r/{name}{suffix}" for name in ("one", "two", "link"))
        backend.save(first, one)
        backend.save(second, two)
        backend.ensure_directory(f"{folder}/r/directory")
        backend.create_symlink(one, link)
        with pytest.raises(PathExistsError):
            backend.create_symlink(two, link)
        assert_same(backend.load(link), first)
        backend.create_symlink(two, link, overwrite=True)
        assert_same(backend.load(link), second)
        assert_same(backend.load(one), first, "the old target")
        for taken in (one, f"{folder}/r/directory"):
            for overwrite in (False, True):
                with pytest.raises(PathExistsError):
                    backend.create_symlink(two, taken, overwrite=overwrite)
        assert_same(backend.load(one), first)
        assert backend.is_dir(f"{folder}/r/directory")

    @needs(LINK, contract=StorageBackend)
    def test_delete_and_move_act_on_the_link(self, backend: StorageBackend, folder: str) -> None:
        """The target, file or directory with all in it, stays where it is."""
        suffix, data, _ = self._pair()
        target = f"{folder}/tree/a{suffix}"
        backend.save(data, target)
        for place, name in ((target, f"to file{suffix}"), (f"{folder}/tree", "to tree")):
            for recursive in (False, True):
                backend.create_symlink(place, f"{folder}/{name}")
                backend.delete(f"{folder}/{name}", recursive=recursive)
                assert not backend.is_symlink(f"{folder}/{name}")
                assert_same(backend.load(target), data)
            backend.create_symlink(place, f"{folder}/{name}")
            backend.move(f"{folder}/{name}", f"{folder}/moved {name}")
            assert backend.is_symlink(f"{folder}/moved {name}")
            assert not backend.exists(f"{folder}/{name}")
            assert_same(backend.load(target), data)

    @needs(LINK, contract=StorageBackend)
    def test_a_link_under_the_destination_is_replaced_not_followed(
        self, backend: StorageBackend, folder: str
    ) -> None:
        """``save``, ``copy`` and ``move`` with ``overwrite`` leave what the link led to as it was."""
        suffix, old, new = self._pair()
        target, source, link = (f"{folder}/f/{name}{suffix}" for name in ("target", "source", "link"))
        backend.save(old, target)
        backend.save(new, source)
        acts: tuple[Callable[[bool], None], ...] = (
            lambda over: backend.save(new, link, overwrite=over),
            lambda over: backend.copy(source, link, overwrite=over),
            lambda over: backend.move(source, link, overwrite=over),
        )
        for act in acts:
            backend.create_symlink(target, link)
            with pytest.raises(PathExistsError):
                act(False)
            assert backend.is_symlink(link)
            act(True)
            assert not backend.is_symlink(link)
            assert_same(backend.load(link), new, "under the link's name")
            assert_same(backend.load(target), old, "what the link led to")
            backend.delete(link)

    @needs(LINK, contract=StorageBackend)
    def test_a_link_that_leads_nowhere_is_still_a_link(self, backend: StorageBackend, folder: str) -> None:
        """Loading it is a PathNotFoundError; it can be deleted."""
        suffix, data, _ = self._pair()
        backend.save(data, f"{folder}/gone/a{suffix}")
        backend.create_symlink(f"{folder}/gone/a{suffix}", f"{folder}/link{suffix}")
        backend.delete(f"{folder}/gone", recursive=True)
        assert backend.is_symlink(f"{folder}/link{suffix}")
        assert not backend.is_file(f"{folder}/link{suffix}")
        with pytest.raises(PathNotFoundError):
            backend.load(f"{folder}/link{suffix}")
        backend.delete(f"{folder}/link{suffix}")
        assert not backend.is_symlink(f"{folder}/link{suffix}")
