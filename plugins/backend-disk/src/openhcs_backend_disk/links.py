"""Symbolic links: what a path is itself, and making one."""

from __future__ import annotations

import os
import stat

from openhcs_backend_disk.moving import entry, make_parent
from openhcs_backend_disk.oserrors import translated
from openhcs_host.contracts.storage import FileStat
from openhcs_host.errors import InvalidPathError, PathExistsError, PathNotFoundError
from openhcs_host.files.atomic import sync_directory, temporary_name

__all__ = ["create_symlink", "described"]


def create_symlink(target: str, link: str, *, overwrite: bool, power: bool) -> None:
    """Make ``link`` lead to ``target``, whose path is stored in full but otherwise as given."""
    try:
        folder = stat.S_ISDIR(os.stat(target).st_mode)
    except OSError as error:
        raise translated(error, f"link {link!r} to", target) from None
    text = os.path.join(os.getcwd(), target)
    link = link.rstrip("/") or "/"
    try:
        try:
            _make(text, link, folder, overwrite)
        except (FileNotFoundError, NotADirectoryError):  # the latter is told apart there
            make_parent(link, power=power)
            _make(text, link, folder, overwrite)
        if power:
            sync_directory(os.path.dirname(link))
    except OSError as error:
        raise translated(error, f"link to {target!r} from", link) from None


def described(path: str) -> FileStat:
    """Return what stands under a path; raises whatever the operating system says."""
    bare = path.rstrip("/") or "/"  # with a slash at its end, a link would be followed
    status = os.lstat(bare)
    if stat.S_ISLNK(status.st_mode):
        return FileStat("symlink", None, status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        return FileStat("directory", None, status.st_mtime)
    if path != bare:
        raise NotADirectoryError
    if not stat.S_ISREG(status.st_mode):
        raise PathNotFoundError(f"{path!r} is a device, pipe or socket: neither a file nor a directory")
    return FileStat("file", status.st_size, status.st_mtime)


def _make(text: str, link: str, folder: bool, overwrite: bool) -> None:
    try:
        os.symlink(text, link, target_is_directory=folder)
    except FileExistsError:
        _replace(text, link, folder, overwrite)


def _replace(text: str, link: str, folder: bool, overwrite: bool) -> None:
    if not os.path.islink(link):
        raise PathExistsError(
            f"cannot make a link at {link!r}: what stands there is no link and is not replaced"
        )
    if not overwrite:
        raise PathExistsError(f"{link!r} is a link already; pass overwrite=True to replace it")
    # Most paths have no link in them, which is cheaper to see than where each one leads.
    if os.path.realpath(text) != text and _leads_through(text, entry(link)):
        raise InvalidPathError(f"cannot link {link!r} to {text!r}: that path goes through this very link")
    temporary = temporary_name(os.path.dirname(link))
    os.symlink(text, temporary, target_is_directory=folder)
    try:
        os.replace(temporary, link)
    except BaseException:
        os.unlink(temporary)
        raise


def _leads_through(path: str, link: str) -> bool:
    """Whether the way to ``path`` goes through the link that stands at ``link``."""
    while True:
        if entry(path) == link:
            return True
        if os.path.islink(path) and _leads_through(
            os.path.join(os.path.dirname(path), os.readlink(path)), link
        ):
            return True
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
