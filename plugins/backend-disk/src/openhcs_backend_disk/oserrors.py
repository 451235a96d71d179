"""What the operating system says, in the words of the host's error tree."""

from __future__ import annotations

import errno
import os

from openhcs_host.errors import (
    DirectoryNotEmptyError,
    InvalidPathError,
    OpenHCSError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)

__all__ = ["check_path", "translated"]


def check_path(path: str) -> None:
    """Raise ``InvalidPathError`` for what the operating system would not even look up."""
    if not path or "\0" in path:
        raise InvalidPathError(f"{path!r} cannot be a path on disk; give one such as '/run/A01.tif'")


def translated(error: OSError, doing: str, path: str) -> Exception:
    """Return the error of the tree that says the same, or ``error`` itself where there is none.

    ``doing`` and ``path`` make the sentence: ``cannot load '/run/A01.tif': …``.
    """
    if isinstance(error, OpenHCSError):
        return error
    what = f"cannot {doing} {path!r}: "
    if isinstance(error, FileNotFoundError):
        return PathNotFoundError(
            what + "there is nothing on disk under this path; check its spelling and case"
        )
    if isinstance(error, FileExistsError):
        return PathExistsError(what + "it exists already; pass overwrite=True to replace it")
    if isinstance(error, IsADirectoryError):
        return PathIsDirectoryError(what + "it is a directory; give the path of a file")
    if isinstance(error, NotADirectoryError):
        if os.path.lexists(path):
            return PathNotDirectoryError(what + "it is a file; give the path of a directory")
        return PathNotFoundError(what + "a part of this path is a file, so nothing can be below it")
    if error.errno == errno.ENOTEMPTY:
        return DirectoryNotEmptyError(what + "the directory is not empty; pass recursive=True")
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return InvalidPathError(what + f"{os.strerror(error.errno).lower()}; give another path")
    return error
