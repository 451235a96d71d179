"""One writer at a time, of all processes, for a well or for the document of a plate."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Final

from openhcs_host.errors import PathNotFoundError

__all__ = ["LockedError", "locked"]

_PAUSE_S: Final = 0.002


class LockedError(Exception):
    """Somebody else holds the lock and the caller would not wait."""


@contextlib.contextmanager
def locked(path: str, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of the file ``path`` while the block runs; the file is there only as long as that.

    Locks exclude threads as well as processes, and end with the process that holds them. With ``wait=False`` a
    lock that is held is a ``LockedError`` at once.
    """
    if os.name == "nt":
        with _locked_on_windows(path, wait):
            yield
        return
    import fcntl

    descriptor = _open(path)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    raise LockedError(path) from None
                time.sleep(_PAUSE_S)
                continue
            if _is_at(descriptor, path):
                break
            # Its last holder has removed the file that we had opened: the lock is now another file.
            os.close(descriptor)
            descriptor = _open(path)
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):  # deleted together with the plate
                os.unlink(path)
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except (FileNotFoundError, NotADirectoryError):
        raise PathNotFoundError(f"{os.path.dirname(path)!r} is no directory any more") from None


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked_on_windows(path: str, wait: bool) -> Iterator[None]:
    import filelock

    try:
        with filelock.FileLock(path, timeout=-1 if wait else 0, poll_interval=_PAUSE_S):
            yield
    except filelock.Timeout:
        raise LockedError(path) from None
