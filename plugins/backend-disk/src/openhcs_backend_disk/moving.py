"""Copying and moving, within one file system and across two, with no moment of loss."""

from __future__ import annotations

import errno
import os
import shutil
import stat

from openhcs_backend_disk.oserrors import translated
from openhcs_host.errors import InvalidPathError, PathExistsError, PathIsDirectoryError
from openhcs_host.files.atomic import (
    atomic_write,
    make_directories,
    replace_or_refuse,
    sync_directory,
    temporary_name,
)

__all__ = ["copy_file", "entry", "make_parent", "move"]

_CHUNK = 1 << 20


def copy_file(source: str, destination: str, *, overwrite: bool, power: bool) -> None:
    """Copy the bytes of a file; onto itself, do nothing."""
    try:
        stream = open(source, "rb")  # noqa: SIM115 - errors of the two files are told apart
    except OSError as error:
        raise translated(error, "copy", source) from None
    with stream:
        if entry(source) == entry(destination):
            return
        _refuse_directory("copy", source, destination)
        try:
            with atomic_write(destination, overwrite=overwrite, power=power) as out:
                shutil.copyfileobj(stream, out, _CHUNK)
        except OSError as error:
            raise translated(error, f"copy {source!r} to", destination) from None


def move(source: str, destination: str, *, overwrite: bool, power: bool) -> None:
    """Move a file, a link or a directory; onto itself, do nothing."""
    source, destination = source.rstrip("/") or "/", destination.rstrip("/") or "/"
    try:
        status = os.lstat(source)
    except OSError as error:
        raise translated(error, "move", source) from None
    if entry(source) == entry(destination):
        return
    try:
        if stat.S_ISDIR(status.st_mode):
            _move_directory(source, destination, power)
        else:
            _move_file(source, destination, status, overwrite, power)
        if power:
            sync_directory(os.path.dirname(destination))
            sync_directory(os.path.dirname(source))
    except OSError as error:
        raise translated(error, f"move {source!r} to", destination) from None


def make_parent(path: str, *, power: bool) -> None:
    """Make the directory of a path, if its name says one."""
    directory = os.path.dirname(path)
    if directory:
        make_directories(directory, power=power)


def entry(path: str) -> str:
    """Return where a name itself stands: links are followed on the way to it, not at its end."""
    directory, name = os.path.split(path.rstrip("/") or "/")
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(directory or "."), name)


def _move_file(source: str, destination: str, status: os.stat_result, overwrite: bool, power: bool) -> None:
    _refuse_directory("move", source, destination)
    make_parent(destination, power=power)
    if overwrite and _is_twin(status, destination):
        os.unlink(source)  # two names of one file: a rename would leave both
        return
    try:
        replace_or_refuse(source, destination, overwrite=overwrite)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_file_across(source, destination, status, overwrite)


def _move_file_across(source: str, destination: str, status: os.stat_result, overwrite: bool) -> None:
    if stat.S_ISLNK(status.st_mode):
        temporary = temporary_name(os.path.dirname(destination))
        os.symlink(os.readlink(source), temporary)
        try:
            replace_or_refuse(temporary, destination, overwrite=overwrite)
        except BaseException:
            os.unlink(temporary)
            raise
    else:
        with (
            open(source, "rb") as stream,
            atomic_write(destination, overwrite=overwrite, power=True) as out,
        ):
            shutil.copyfileobj(stream, out, _CHUNK)
            out.flush()  # a later write would change the times again
            os.utime(out.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
            os.chmod(out.fileno(), stat.S_IMODE(status.st_mode))
    os.unlink(source)


def _move_directory(source: str, destination: str, power: bool) -> None:
    if os.path.join(entry(destination), "").startswith(os.path.join(entry(source), "")):
        raise InvalidPathError(f"cannot move directory {source!r} into itself ({destination!r})")
    taken = (
        f"{destination!r} exists already; a directory is not moved over it. Delete it or choose another name"
    )
    if os.path.lexists(destination):
        raise PathExistsError(taken)
    make_parent(destination, power=power)
    try:
        os.rename(source, destination)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise PathExistsError(taken) from None  # made by somebody else since we looked
        if error.errno != errno.EXDEV:
            raise
        _move_directory_across(source, destination)


def _move_directory_across(source: str, destination: str) -> None:
    temporary = temporary_name(os.path.dirname(destination))
    try:
        _copy_tree(source, temporary)
        os.rename(temporary, destination)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # what went wrong before is what matters
        raise
    sync_directory(os.path.dirname(destination))
    shutil.rmtree(source)


def _copy_tree(source: str, target: str) -> None:
    """Copy a directory and flush all of it; the first error ends it, as the system says it."""
    os.mkdir(target)
    with os.scandir(source) as entries:
        for item in entries:
            copy = os.path.join(target, item.name)
            if item.is_symlink():
                os.symlink(os.readlink(item.path), copy)
                shutil.copystat(item.path, copy, follow_symlinks=False)
            elif item.is_dir():
                _copy_tree(item.path, copy)
            elif item.is_file():
                shutil.copy2(item.path, copy)
                _flush(copy)
            else:
                raise OSError(errno.EINVAL, "a device, pipe or socket cannot be copied", item.path)
    shutil.copystat(source, target)
    sync_directory(target)


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_directory(doing: str, source: str, destination: str) -> None:
    if os.path.isdir(destination) and not os.path.islink(destination):  # a link is itself replaced
        raise PathIsDirectoryError(
            f"cannot {doing} {source!r} to {destination!r}: that is a directory; give the full path of the file"
        )


def _is_twin(status: os.stat_result, destination: str) -> bool:
    try:
        other = os.lstat(destination)
    except FileNotFoundError:
        return False
    # With one link there is one name, however it is spelt; deleting it would delete the file.
    return status.st_nlink > 1 and os.path.samestat(status, other)
