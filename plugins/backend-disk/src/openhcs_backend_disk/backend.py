"""The storage backend ``disk``: files of the operating system, in whatever format their extension names."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat as modes
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

import attrs

from openhcs_backend_disk.batches import check_workers, in_threads
from openhcs_backend_disk.links import create_symlink, described
from openhcs_backend_disk.moving import copy_file, move
from openhcs_backend_disk.oserrors import check_path, translated
from openhcs_host import Host, hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import Capability, FileStat, StorageBackend, check_batch
from openhcs_host.errors import (
    FormatError,
    PathExistsError,
    PluginNotFoundError,
    UnsupportedDataError,
)
from openhcs_host.files.atomic import atomic_write, is_temporary, make_directories

__all__ = ["DiskBackend", "DiskConfig"]

OPENHCS_API = 1

Durability = Literal["process", "power"]
_DURABILITIES: Final = ("process", "power")


@attrs.frozen
class DiskConfig:
    """Configuration of the backend ``disk``."""

    durability: Durability = attrs.field(default="process", validator=attrs.validators.in_(_DURABILITIES))
    """``process``: no crash of a program leaves a torn file. ``power``: nor does a loss of power."""


class DiskBackend(StorageBackend):
    """Files on disk, written atomically; the extension of a path chooses the format.

    Safe to use from several threads and processes. A symbolic link under the destination of ``save``, ``copy``
    or ``move`` is itself replaced; what it points to stays as it is.
    """

    key = "disk"
    capabilities: ClassVar[Capability] = (
        Capability.WRITE | Capability.READ | Capability.LIST | Capability.LINK
    )

    def __init__(self, host: Host, config: DiskConfig | None = None) -> None:
        self._host = host
        self._config = config or DiskConfig()
        self._formats: dict[str, Format] = {}

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration as plain values."""
        return attrs.asdict(self._config)

    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        durability: Durability | None = None,
        **options: Any,
    ) -> None:
        """Write a file in the format of its extension; ``options`` go to the format."""
        power = self._is_power(durability)
        form = self._format_of(path, "save", UnsupportedDataError)
        try:
            if overwrite and os.path.isdir(path):  # a link to a directory would be replaced
                raise IsADirectoryError
            if not os.path.isdir(os.path.dirname(path) or "."):
                _probe(form, data, image, options)
            with atomic_write(path, overwrite=overwrite, power=power) as stream:
                form.write(data, stream, image=image, **options)
        except UnsupportedDataError as error:
            raise UnsupportedDataError(f"cannot save {path!r}: {error}") from error
        except FileExistsError as error:
            if os.path.isdir(path):
                raise translated(IsADirectoryError(), "save", path) from None
            raise translated(error, "save", path) from None
        except OSError as error:
            raise translated(error, "save", path) from None

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        workers: int = 1,
        **options: Any,
    ) -> None:
        """Write a batch by ``workers`` threads, after checking it as a whole.

        A path spelt in two ways is still one path. The first error stops the batch; what is being written
        then is finished.
        """
        check_batch(data, [os.path.normpath(path) for path in paths], images)
        check_workers(workers)
        for path in paths:
            self._format_of(path, "save", UnsupportedDataError)
            if not overwrite and os.path.lexists(path):
                raise PathExistsError(
                    f"{path!r} exists already; pass overwrite=True to replace it. Nothing of the batch was saved"
                )

        def save(number: int) -> None:
            image = images[number] if images is not None else None
            self.save(data[number], paths[number], overwrite=overwrite, image=image, **options)

        in_threads(save, len(paths), workers)

    def load(self, path: str, **options: Any) -> Any:
        """Read a file in the format of its extension; ``options`` go to the format."""
        check_path(path)
        try:
            stream = open(path, "rb")  # noqa: SIM115 - what the format raises must not be translated
        except OSError as error:
            raise translated(error, "load", path) from None
        with stream:
            form = self._format_of(path, "load", FormatError)
            try:
                return form.read(stream, **options)
            except FormatError as error:
                raise FormatError(f"cannot load {path!r}: {error}") from error

    def load_batch(self, paths: Sequence[str], *, workers: int = 1, **options: Any) -> list[Any]:
        """Read a batch by ``workers`` threads, in the order asked for; the first error stops it."""
        check_workers(workers)
        return in_threads(lambda number: self.load(paths[number], **options), len(paths), workers)

    def is_file(self, path: str) -> bool:
        """Whether a file, or a link to one, has this path."""
        return os.path.isfile(path)

    def is_dir(self, path: str) -> bool:
        """Whether a directory, or a link to one, has this path."""
        return os.path.isdir(path)

    def is_symlink(self, path: str) -> bool:
        """Whether the path is itself a link, to whatever or to nothing."""
        return os.path.islink(path.rstrip("/"))

    def stat(self, path: str) -> FileStat:
        """Return kind, size of a file, and time; a link is described itself."""
        check_path(path)
        try:
            return described(path)
        except OSError as error:
            raise translated(error, "describe", path) from None

    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the paths of the files; links to files are files, links to directories are not entered."""
        check_path(directory)
        found: list[str] = []
        try:
            below = _scan(directory, found)
        except OSError as error:
            raise translated(error, "list", directory) from None
        while recursive and below:
            folder = below.pop()
            with contextlib.suppress(FileNotFoundError):  # deleted since its parent was read
                below += _scan(folder, found)
        return found

    def list_dir(self, directory: str) -> list[str]:
        """Return the names of everything in the directory."""
        check_path(directory)
        try:
            return [name for name in os.listdir(directory) if not is_temporary(name)]
        except OSError as error:
            raise translated(error, "list", directory) from None

    def ensure_directory(self, path: str) -> None:
        """Make the directory and its parents."""
        check_path(path)
        try:
            make_directories(path, power=self._is_power(None))
        except OSError as error:
            raise translated(error, "make directory", path) from None

    def delete(self, path: str, *, recursive: bool = False) -> None:
        """Delete a file, a link, or a directory; what a link points to is never touched."""
        check_path(path)
        bare = path.rstrip("/") or "/"  # with a slash at its end, a link would be followed
        try:
            if not modes.S_ISDIR(os.lstat(bare).st_mode):
                os.unlink(bare)
            elif recursive:
                shutil.rmtree(bare)
            else:
                os.rmdir(bare)
        except OSError as error:
            raise translated(error, "delete", path) from None

    def copy(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Copy the bytes of a file; the destination appears whole or not at all."""
        check_path(source)
        check_path(destination)
        copy_file(source, destination, overwrite=overwrite, power=self._is_power(None))

    def move(self, source: str, destination: str, *, overwrite: bool = False) -> None:
        """Move a file, a link or a directory, within a file system or to another one."""
        check_path(source)
        check_path(destination)
        move(source, destination, overwrite=overwrite, power=self._is_power(None))

    def create_symlink(self, target: str, link: str, *, overwrite: bool = False) -> None:
        """Make a link to a file or directory; it holds the full path, so it may be moved but its target not."""
        check_path(target)
        check_path(link)
        create_symlink(target, link, overwrite=overwrite, power=self._is_power(None))

    def _is_power(self, durability: str | None) -> bool:
        if durability is None:
            durability = self._config.durability
        elif durability not in _DURABILITIES:
            configured(DiskConfig, {"durability": durability}, "backend 'disk'")
        return durability == "power"

    def _format_of(self, path: str, doing: str, refusal: type[Exception]) -> Format:
        extension = os.path.splitext(path)[1].lower()
        found = self._formats.get(extension)
        if found is not None:
            return found
        check_path(path)
        try:
            if not extension:
                raise PluginNotFoundError("without an extension")
            found = self._formats[extension] = self._host.format(extension)
        except PluginNotFoundError as error:
            what = f"no installed format is for {extension!r}" if extension else "it has no extension"
            known = ", ".join(self._host.index.keys("format"))
            raise refusal(
                f"cannot {doing} {path!r}: {what}. Installed formats: {known}. "
                "Use one of these extensions, or install the distribution that offers the format."
            ) from error
        return found


class _FirstByteError(Exception):
    """The format has accepted the data and begins to write."""


class _Probe(io.BytesIO):
    def write(self, buffer: Any, /) -> int:
        raise _FirstByteError


def _probe(form: Format, data: Any, image: ImageMetadata | None, options: Mapping[str, Any]) -> None:
    # Formats refuse data before their first byte. Going that far before the parents of a path are made
    # leaves nothing behind when they do.
    with contextlib.suppress(_FirstByteError):
        form.write(data, _Probe(), image=image, **options)


def _scan(directory: str, found: list[str]) -> list[str]:
    """Add the files in ``directory`` to ``found``, and return the directories in it."""
    below = []
    with os.scandir(directory) as entries:
        for entry in entries:
            # In the order of how common it is: this runs for every file of a plate.
            if entry.name[0] == "." and is_temporary(entry.name):
                continue
            if entry.is_file(follow_symlinks=False) or (entry.is_symlink() and os.path.isfile(entry.path)):
                found.append(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
    return below


@hookimpl
def openhcs_create_backend(config: Mapping[str, Any], host: Host) -> DiskBackend:
    """Create the disk backend."""
    return DiskBackend(host, configured(DiskConfig, config, "backend 'disk'"))
