"""The contracts of storage: sinks, readable backends, storage, virtual and streaming backends.

::

    DataSink                 save, save_batch
    ├── StreamingBackend     sends to a viewer; nothing comes back
    └── ReadableBackend      + load, load_batch, exists, is_file, is_dir, is_symlink, stat, list_files, list_dir
        ├── StorageBackend   + ensure_directory, delete, copy, move, create_symlink
        └── VirtualBackend   + generate_filename; names come from metadata
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import attrs

from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.provided import Provided
from openhcs_host.errors import BatchError, PathExistsError, PathNotFoundError, UnsupportedOperationError

__all__ = [
    "Capability",
    "DataSink",
    "FileStat",
    "ReadableBackend",
    "StorageBackend",
    "StreamingBackend",
    "VirtualBackend",
    "check_batch",
    "refuse_options",
]


class Capability(enum.Flag):
    """What a backend can do. Kits test exactly what is declared."""

    WRITE = enum.auto()
    """``save`` and ``save_batch`` store."""
    READ = enum.auto()
    """``load`` gives back what was stored."""
    LIST = enum.auto()
    """Directories can be listed."""
    LINK = enum.auto()
    """Symbolic links exist."""
    STREAM = enum.auto()
    """Data goes to a live receiver."""
    REFERENCES = enum.auto()
    """``load`` hands out the very object that was saved, not a copy."""
    ANY_OBJECT = enum.auto()
    """Any Python object can be saved, whatever the extension of its path."""


@attrs.frozen
class FileStat:
    """What a backend knows of a path; ``None`` where it does not."""

    kind: Literal["file", "directory", "symlink"]
    """What stands there; a link is described itself, not what it leads to."""
    size: int | None = None
    """Bytes of a file as stored."""
    modified: float | None = None
    """Seconds since 1970 of the last change of content."""


class DataSink(Provided, ABC):
    """The smallest destination of data."""

    capabilities: ClassVar[Capability]
    """What this backend can do, on the class: known without an instance."""

    @abstractmethod
    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Store ``data`` under ``path``, making missing parent directories.

        ``image`` says what an image is; a backend writes it where its format has a place.
        Raises ``PathExistsError`` unless ``overwrite``, ``UnsupportedDataError`` when the data
        cannot be held without change. Whatever fails, what stood under ``path`` stands there still.
        """

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        **options: Any,
    ) -> None:
        """Store ``data[i]`` under ``paths[i]`` for all i, checked as a whole before any is stored."""
        check_batch(data, paths, images)
        for index, (item, path) in enumerate(zip(data, paths, strict=True)):
            image = images[index] if images is not None else None
            self.save(item, path, overwrite=overwrite, image=image, **options)


class StreamingBackend(DataSink):
    """A sink whose receiver is alive: a viewer. Saving sends, and nothing is kept."""


class ReadableBackend(DataSink):
    """A sink that also finds and gives back what it holds."""

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        **options: Any,
    ) -> None:
        """Store a batch; an existing path stops it before anything is stored, unless ``overwrite``."""
        check_batch(data, paths, images)
        if not overwrite:
            taken = next((path for path in paths if self.exists(path)), None)
            if taken is not None:
                raise PathExistsError(
                    f"{taken!r} exists already; pass overwrite=True to replace it. Nothing of the batch was saved"
                )
        super().save_batch(data, paths, overwrite=overwrite, images=images, **options)

    @abstractmethod
    def load(self, path: str, **options: Any) -> Any:
        """Return what is stored under ``path``, or raise ``PathNotFoundError``."""

    def load_batch(self, paths: Sequence[str], **options: Any) -> list[Any]:
        """Return what is stored under each path, in the order asked for."""
        return [self.load(path, **options) for path in paths]

    @abstractmethod
    def is_file(self, path: str) -> bool:
        """Whether something loadable stands under exactly this path."""

    @abstractmethod
    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory."""

    def exists(self, path: str) -> bool:
        """Whether the path is a file or a directory."""
        return self.is_file(path) or self.is_dir(path)

    @abstractmethod
    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the full paths of the files in ``directory``, in any order.

        Raises ``PathNotFoundError`` or ``PathNotDirectoryError``. Order is the file manager's work.
        """

    @abstractmethod
    def list_dir(self, directory: str) -> list[str]:
        """Return the names of the entries of ``directory``, in any order."""

    def is_symlink(self, path: str) -> bool:
        """Whether the path is itself a symbolic link; backends without links have none."""
        return False

    def stat(self, path: str) -> FileStat:
        """Return what is known of a file or directory; raise ``PathNotFoundError`` if there is none."""
        if self.is_file(path):
            return FileStat("file")
        if self.is_dir(path):
            return FileStat("directory")
        raise PathNotFoundError(f"the {self.key} backend has nothing at {path!r}")


class StorageBackend(ReadableBackend):
    """Storage with the operations of a file system."""

    @abstractmethod
    def ensure_directory(self, path: str) -> None:
        """Make the directory and its parents; an existing directory is fine."""

    @abstractmethod
    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Delete a file, an empty directory, or with ``recursive`` a directory and its content."""

    @abstractmethod
    def copy(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Copy a file; the destination appears whole or not at all."""

    @abstractmethod
    def move(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Move a file or directory; at no time is the content in neither place."""

    def create_symlink(self, target: str, link: str, *, overwrite: bool = False) -> None:
        """Make ``link`` a symbolic link to ``target``, which must exist.

        With ``overwrite`` an existing link is replaced, never a file or directory. Backends without
        ``Capability.LINK`` raise ``UnsupportedOperationError``.
        """
        raise UnsupportedOperationError(
            f"cannot link {link!r}: the {self.key} backend has no symbolic links. Copy the file instead."
        )


class VirtualBackend(ReadableBackend):
    """A read-only view whose names come from metadata rather than from a file system."""

    @abstractmethod
    def generate_filename(self, image: ImageMetadata, extension: str = ".tif") -> str:
        """Return the name under which this backend lists the image."""

    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Refuse: a virtual backend shows what lies elsewhere."""
        raise UnsupportedOperationError(
            f"cannot save {path!r}: the {self.key} backend is a read-only view. "
            "Save to 'disk', 'memory' or another writable backend."
        )


def check_batch(data: Sequence[Any], paths: Sequence[str], images: Sequence[ImageMetadata] | None) -> None:
    """Raise ``BatchError`` unless data, paths and images pair up and no path comes twice."""
    if len(data) != len(paths):
        raise BatchError(f"a batch of {len(data)} objects was given {len(paths)} paths; nothing was saved")
    if images is not None and len(images) != len(paths):
        raise BatchError(f"a batch of {len(paths)} paths was given {len(images)} image descriptions")
    if len(set(paths)) != len(paths):
        twice = next(path for index, path in enumerate(paths) if path in paths[:index])
        raise BatchError(f"the batch names {twice!r} twice; nothing was saved")


def refuse_options(key: str, options: Mapping[str, Any]) -> None:
    """Raise ``TypeError`` for options that the backend does not know; a misspelt one must not pass."""
    if options:
        raise TypeError(f"the {key} backend has no option {', '.join(map(repr, sorted(options)))}")
