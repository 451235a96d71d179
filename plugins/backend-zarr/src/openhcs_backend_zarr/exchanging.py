"""Putting a finished folder in its place in one step, whether something stands there or not."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["exchange", "rename_new"]

_AT_FDCWD: Final = -100
_NOREPLACE: Final = 1
_EXCHANGE: Final = 2
_UNKNOWN: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)


def rename_new(source: str, destination: str) -> None:
    """Rename; raise ``FileExistsError`` if anything has the name ``destination``."""
    if _renameat2(source, destination, _NOREPLACE):
        return
    if os.path.lexists(destination):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), destination)
    try:
        os.rename(source, destination)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # made since we looked
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), destination) from None
        raise


def exchange(one: str, other: str) -> bool:
    """Let two existing names change places in one step; return false where the system cannot."""
    return _renameat2(one, other, _EXCHANGE)


def _renameat2(source: str, destination: str, flag: int) -> bool:
    call = _system_call()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(destination), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNKNOWN:
        return False  # the kernel or the file system does not know the flag
    raise OSError(code, os.strerror(code), source, None, destination)


@functools.cache
def _system_call() -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)  # glibc since 2.28, musl since 1.2.5
    if call is None:
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    call.restype = ctypes.c_int
    return lambda *arguments: int(call(*arguments))
