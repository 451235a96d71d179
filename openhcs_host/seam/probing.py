"""Trying one plugin in a process of its own, so that nothing it does can harm the one that asks.

``python -m openhcs_host.seam.probing KIND KEY DISTRIBUTION`` is that process: it prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

import attrs

from openhcs_host.contracts.memory import Availability
from openhcs_host.contracts.provided import InstanceSpec
from openhcs_host.errors import OpenHCSError
from openhcs_host.seam.activation import check_host_requirement
from openhcs_host.seam.host import Host
from openhcs_host.seam.index import Provider
from openhcs_host.seam.policy import Policy

__all__ = ["Probe", "probe"]

_MARK: Final = "openhcs-probe:"


@attrs.frozen
class Probe:
    """What became of a plugin that was tried."""

    provider: Provider
    """The plugin."""
    seconds: float | None = None
    """Time to import and create it; ``None`` if that did not end well."""
    libraries: tuple[str, ...] = ()
    """Packages beside the standard library and ours that it imported, sorted."""
    error: str | None = None
    """What is wrong, for people."""
    availability: Availability | None = None
    """What a memory type says of its library and its devices; ``None`` for other kinds."""


def probe(provider: Provider, timeout: float) -> Probe:
    """Import and create the plugin in a new process; kill it after ``timeout`` seconds."""
    command = [sys.executable, "-m", __name__, provider.kind, provider.key, provider.distribution]
    # The plugin finds its libraries as we do, also those on a path set up by hand.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Probe(provider, error=f"it did not end within {timeout:g} s of being imported; it was stopped")
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            facts = json.loads(line.removeprefix(_MARK))
            said = facts["availability"]
            return Probe(
                provider,
                facts["seconds"],
                tuple(facts["libraries"]),
                facts["error"],
                Availability(**said) if said else None,
            )
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
    last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
    return Probe(provider, error=f"it ended the process that imported it ({how}): {last[0]}")


def _try(kind: str, key: str, distribution: str) -> dict[str, Any]:
    pin = Policy.of(pin={f"{kind}:{key}": distribution}, origin="doctor")
    error = said = None
    before: set[str] = set()
    start = time.perf_counter()
    with Host(policy=pin) as host:
        try:
            check_host_requirement(host.resolve(kind, key).provider)
            before = set(sys.modules)  # what the check itself imports is not the plugin's doing
            start = time.perf_counter()
            if kind == "observer":
                host.enable_observers([key])
            else:
                host.create(InstanceSpec(kind, key))
        except OpenHCSError as caught:
            error = str(caught)
        seconds = time.perf_counter() - start
        new = {name.partition(".")[0] for name in set(sys.modules) - before}
        if kind == "memory" and error is None:
            said = attrs.asdict(host.memory(key).availability())
    foreign = {
        name for name in new if name not in sys.stdlib_module_names and not name.startswith(("openhcs", "_"))
    }
    return {
        "seconds": None if error else seconds,
        "libraries": sorted(foreign),
        "error": error,
        "availability": said,
    }


if __name__ == "__main__":
    outcome = _try(*sys.argv[1:])
    print(f"\n{_MARK}{json.dumps(outcome)}", flush=True)  # noqa: T201 - the answer to whoever started us
