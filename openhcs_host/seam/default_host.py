"""The host of those who name none: the one that was chosen for their thread, or one for the process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from openhcs_host.seam.host import Host

__all__ = ["default_host", "using_host"]

_chosen: Final[ContextVar[Host | None]] = ContextVar("openhcs_host", default=None)
_lock = threading.Lock()
_host: Host | None = None


@contextlib.contextmanager
def using_host(host: Host) -> Iterator[Host]:
    """Let everything inside that is given no host use ``host``: decorated functions, ``convert``, cleaning.

    For those who have a ``Host`` of their own, with a policy of its own, and call functions that know
    none. Holds for this thread, or this task; a thread that is started inside enters it for itself.
    """
    token = _chosen.set(host)
    try:
        yield host
    finally:
        _chosen.reset(token)


def default_host() -> Host:
    """Return the host that functions use when they are given none.

    Outside of ``using_host`` it is one for the process, made when first asked for with the policy that the
    site's files and the environment give, and shared by all threads. What is installed and what was
    activated is all that it keeps.
    """
    return _chosen.get() or _of_the_process()


def _of_the_process() -> Host:
    global _host
    if _host is None:
        with _lock:
            if _host is None:
                _host = Host()
    return _host
