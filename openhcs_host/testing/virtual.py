"""The kit of virtual backends."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import Capability, VirtualBackend
from openhcs_host.errors import (
    InvalidPathError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UnsupportedOperationError,
)
from openhcs_host.testing.backends import BackendKit
from openhcs_host.testing.equality import assert_same
from openhcs_host.testing.plate_folders import snapshot

__all__ = ["ExpectedView", "VirtualKit"]


@attrs.frozen
class ExpectedView:
    """What a virtual backend, prepared by the author, must show."""

    root: str
    """The virtual directory below which everything is."""
    files: Mapping[str, Any]
    """Full virtual path to the object that it shows: all there are."""
    images: Mapping[str, ImageMetadata]
    """For images named from metadata: full virtual path to that metadata."""
    real: Path | None = None
    """The real folder behind ``root``, if there is one: it must stay as it is."""
    forbidden: tuple[str, ...] = ()
    """Virtual paths that lead, by links or by the mapping, out of what may be shown."""


class VirtualKit(BackendKit):
    """Certifies a read-only view whose names come from metadata; the author gives the fixture ``view``."""

    @pytest.fixture
    def view(self, backend: VirtualBackend) -> ExpectedView:
        """Prepare ``backend`` and return what it must show; every author overrides this."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture `view` that returns an ExpectedView"
        )

    def test_it_is_a_view_and_says_so(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """It declares READ and LIST, and nothing that writes."""
        assert isinstance(backend, VirtualBackend)
        assert type(backend).capabilities == Capability.READ | Capability.LIST
        assert view.files, "the expected view is empty"

    def test_everything_shown_is_listed(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """Recursively all and nothing else; of each directory what is in it, by full path."""
        assert sorted(backend.list_files(view.root, recursive=True)) == sorted(view.files)
        for directory in _directories(view):
            inside = [path for path in view.files if posixpath.dirname(path) == directory]
            below = [path for path in view.files if path.startswith(f"{directory}/")]
            names = {path[len(directory) + 1 :].split("/")[0] for path in below}
            assert sorted(backend.list_files(directory)) == sorted(inside)
            assert sorted(backend.list_files(directory, recursive=True)) == sorted(below)
            assert sorted(backend.list_dir(directory)) == sorted(names)

    def test_everything_listed_loads(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """One by one and as a batch, in the order asked for, each object as expected."""
        paths = sorted(view.files, reverse=True)
        for path in paths:
            assert_same(backend.load(path), view.files[path], path)
        for path, found in zip(paths, backend.load_batch(paths), strict=True):
            assert_same(found, view.files[path], f"{path} in a batch")

    def test_names_come_from_metadata(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """``generate_filename`` gives the name under which an image is listed."""
        assert view.images, "the expected view has no images named from metadata"
        assert view.images.keys() <= view.files.keys()
        for path, image in view.images.items():
            extension = posixpath.splitext(path)[1]
            assert backend.generate_filename(image, extension) == posixpath.basename(path)
        with pytest.raises(InvalidPathError):
            backend.generate_filename(ImageMetadata())

    def test_what_is_shown_exists_and_nothing_else(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """``exists``, ``is_file``, ``is_dir`` agree with the listing; a part of a name is nothing."""
        for path in view.files:
            answers = backend.exists(path), backend.is_file(path), backend.is_dir(path)
            assert answers == (True, True, False), path
            for wrong in (path[:-1], posixpath.splitext(path)[0], f"{path}x", f"{path}/x"):
                assert not (backend.exists(wrong) or backend.is_file(wrong) or backend.is_dir(wrong)), wrong
                with pytest.raises(PathNotFoundError):
                    backend.load(wrong)
        for directory in _directories(view):
            answers = backend.exists(directory), backend.is_file(directory), backend.is_dir(directory)
            assert answers == (True, False, True), directory

    def test_what_is_no_directory_cannot_be_listed(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """A file is a PathNotDirectoryError, what is missing a PathNotFoundError."""
        path = next(iter(view.files))
        for ask in (backend.list_files, backend.list_dir):
            with pytest.raises(PathNotDirectoryError):
                ask(path)
            with pytest.raises(PathNotFoundError):
                ask(f"{view.root}/no such directory")
        with pytest.raises((PathIsDirectoryError, PathNotFoundError)):
            backend.load(view.root)

    def test_paths_lead_nowhere_else(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """Neither ``..`` nor a similar root nor a link shows what is not part of the view."""
        for path in view.files:
            inside = path[len(view.root) :]
            for other in (f"{view.root}-2{inside}", f"{view.root}/..{inside}", f"{view.root[:-1]}{inside}"):
                self._assert_hidden(backend, other)
        for path in view.forbidden:
            with pytest.raises((InvalidPathError, PathNotFoundError)):
                backend.load(path)
        if view.real is not None:
            secret = view.real.parent / "kit-secret.txt"
            secret.write_text("not part of any view", encoding="utf-8")
            for way in (
                f"{view.root}/../{secret.name}",
                f"{view.root}/{secret.as_posix()}",
                secret.as_posix(),
            ):
                self._assert_hidden(backend, way)

    def _assert_hidden(self, backend: VirtualBackend, path: str) -> None:
        with contextlib.suppress(InvalidPathError):  # that no such path can exist is an answer too
            assert not backend.exists(path), f"{path} is not part of the view"
        with pytest.raises((InvalidPathError, PathNotFoundError)):
            backend.load(path)

    def test_it_cannot_be_written(self, backend: VirtualBackend, view: ExpectedView) -> None:
        """Whatever would write is refused, and the real files are untouched by all of this."""
        before = snapshot(view.real) if view.real is not None else None
        path, data = next(iter(view.files.items()))
        for overwrite in (False, True):
            for target in (path, f"{view.root}/new.tif"):
                with pytest.raises(UnsupportedOperationError):
                    backend.save(data, target, overwrite=overwrite)
        with pytest.raises(UnsupportedOperationError):
            backend.save_batch([data], [f"{view.root}/new.tif"])
        assert not backend.exists(f"{view.root}/new.tif")
        assert_same(backend.load(path), data)
        if view.real is not None:
            assert snapshot(view.real) == before, "reading or refusing changed the real files"

    def test_another_process_sees_the_same(
        self, host: Any, backend: VirtualBackend, view: ExpectedView
    ) -> None:
        """The description taken after the view was prepared re-creates the view."""
        with type(host)(host.index) as other:
            twin = other.create(host.describe(backend))
            assert sorted(twin.list_files(view.root, recursive=True)) == sorted(view.files)
            path = next(iter(view.files))
            assert_same(twin.load(path), view.files[path], path)


def _directories(view: ExpectedView) -> set[str]:
    found = {view.root}
    for path in view.files:
        while (path := posixpath.dirname(path)) not in found:
            found.add(path)
    return found
