"""Writing a file so that its name shows the old content or the new, never a part of it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import BinaryIO, Final

from openhcs_host.errors import PathExistsError, PathIsDirectoryError, PathNotDirectoryError

__all__ = [
    "atomic_write",
    "is_temporary",
    "make_directories",
    "replace_or_refuse",
    "sync_directory",
    "temporary_name",
]

_SUFFIX: Final = ".openhcs-part"
_NO_HARD_LINKS: Final = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def is_temporary(name: str) -> bool:
    """Whether a file name is that of an unfinished write; listings leave these out."""
    return name.endswith(_SUFFIX) and name.startswith(".")


def temporary_name(directory: str) -> str:
    """Return a new name in ``directory`` for an unfinished write; no listing shows it."""
    return os.path.join(directory, f".{os.urandom(8).hex()}{_SUFFIX}")


@contextlib.contextmanager
def atomic_write(path: str, *, overwrite: bool = False, power: bool = False) -> Iterator[BinaryIO]:
    """Open a stream whose content appears under ``path`` when the block ends without an error.

    Missing parent directories are made. With ``power`` file and directory are flushed to the
    medium. If the block raises, nothing has happened. Raises ``PathExistsError`` unless
    ``overwrite``; this is decided when the content is put in place, so two writers of one new name
    cannot both succeed.
    """
    directory = os.path.dirname(path)
    if not overwrite and os.path.lexists(path):
        raise _taken(path)
    temporary = temporary_name(directory)
    stream = _create(temporary, directory, power)
    try:
        with stream:
            yield stream
            if power:
                stream.flush()
                os.fsync(stream.fileno())
        replace_or_refuse(temporary, path, overwrite=overwrite)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if power:
        sync_directory(directory)


def replace_or_refuse(source: str, destination: str, *, overwrite: bool) -> None:
    """Move the file ``source`` to ``destination`` in one step, on one file system."""
    if overwrite:
        try:
            os.replace(source, destination)
        except IsADirectoryError:
            raise PathIsDirectoryError(f"cannot write {destination!r}: it is a directory") from None
        return
    try:
        # A hard link fails if the name is taken, which a rename does not.
        os.link(source, destination, follow_symlinks=False)
    except FileExistsError:
        raise _taken(destination) from None
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _rename_into_reserved(source, destination)
    else:
        os.unlink(source)


def sync_directory(directory: str) -> None:
    """Flush a directory, so that names made in it survive a loss of power."""
    if os.name == "nt":
        return  # Windows cannot open directories; it journals names itself
    descriptor = os.open(directory or ".", os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(temporary: str, directory: str, power: bool) -> BinaryIO:
    try:
        return open(temporary, "x+b")
    except FileNotFoundError:
        make_directories(directory, power=power)
        return open(temporary, "x+b")
    except NotADirectoryError:
        raise PathNotDirectoryError(f"cannot write into {directory!r}: a part of it is a file") from None


def make_directories(directory: str, *, power: bool = False) -> None:
    """Make a directory and its parents; raise ``PathNotDirectoryError`` if one of them is a file.

    With ``power`` the names of those that were missing are flushed to the medium.
    """
    missing = []
    parent = directory
    while power and parent and not os.path.lexists(parent):
        parent = os.path.dirname(parent)
        missing.append(parent)
    try:
        os.makedirs(directory, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise PathNotDirectoryError(f"cannot make {directory!r}: a part of it is a file") from None
    for parent in missing:
        sync_directory(parent)


def _rename_into_reserved(source: str, destination: str) -> None:
    # Without hard links, reserve the name first: only one writer can create it. A crash between the
    # two steps leaves an empty file under a name that did not exist before.
    try:
        os.close(os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        raise _taken(destination) from None
    try:
        os.replace(source, destination)
    except BaseException:
        os.unlink(destination)
        raise


def _taken(path: str) -> PathExistsError | PathIsDirectoryError:
    if os.path.isdir(path) and not os.path.islink(path):
        return PathIsDirectoryError(f"cannot write {path!r}: it is a directory")
    return PathExistsError(f"{path!r} exists already; pass overwrite=True to replace it")
