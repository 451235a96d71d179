"""The host of those who name none: one for the process."""

from __future__ import annotations

import threading

from openhcs_host.seam.host import Host

__all__ = ["default_host"]

_lock = threading.Lock()
_host: Host | None = None


def default_host() -> Host:
    """Return the host that functions use when they are given none.

    It is made when first asked for, with the policy that the site's files and the environment give, is
    shared by all threads, and lives as long as the process. What is installed and what was activated is
    all that it keeps; who wants another policy makes a ``Host`` and hands it over.
    """
    global _host
    if _host is None:
        with _lock:
            if _host is None:
                _host = Host()
    return _host
