"""Fake installed distributions, and a clean process to look at them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openhcs_host import Host
from openhcs_host.seam.default_host import using_host

PLUGIN = """
from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink

OPENHCS_API = 1


class Sink(DataSink):
    key = {key!r}
    capabilities = Capability.WRITE

    def __init__(self):
        self.saved, self.closed = [], False

    def save(self, data, path, *, overwrite=False, image=None, **options):
        self.saved.append(path)

    def close(self):
        self.closed = True


@hookimpl
def openhcs_create_backend(key):
    return Sink()
"""


class SitePackages:
    """A folder on the import path into which distributions are 'installed' as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self,
        name: str,
        entry_points: dict[str, dict[str, str]],
        modules: dict[str, str] | None = None,
        version: str = "1.0",
    ) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        sections = [
            f"[{group}]\n" + "\n".join(f"{key} = {target}" for key, target in points.items())
            for group, points in entry_points.items()
        ]
        (info / "entry_points.txt").write_text("\n\n".join(sections) + "\n")
        for module, source in (modules or {}).items():
            (self.folder / f"{module}.py").write_text(textwrap.dedent(source))

    def backend(self, key: str, source: str = PLUGIN, distribution: str | None = None) -> None:
        """Install a distribution that offers the backend ``key`` from a module of its own."""
        distribution = distribution or f"fake-{key}"
        module = distribution.replace("-", "_")
        points = {"openhcs.backend": {key: module}}
        # Sources with braces of their own come ready.
        text = source.format(key=key) if source is PLUGIN else source
        self.install(distribution, points, {module: text})

    def python(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run code in a new process that sees these distributions first."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(self.folder), **environment},
        )

    def openhcs(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a new process that sees these distributions first."""
        code = f"import sys; sys.argv = ['openhcs', *{list(arguments)!r}]; "
        return self.python(code + "from openhcs_host.cli.root import main; main()", **environment)


@pytest.fixture
def site(tmp_path: Path) -> SitePackages:
    folder = tmp_path / "site"
    folder.mkdir()
    return SitePackages(folder)


@pytest.fixture
def card(site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Install the memory type of ``card_memory.py``, for every function that is given no host."""
    source = Path(__file__).with_name("card_memory.py").read_text()
    points = {"openhcs.memory": {"card": "card_memory"}, "openhcs.array": {"card_memory": "card"}}
    site.install("openhcs-mem-card", points, {"card_memory": source})
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host, using_host(host):
        yield importlib.import_module("card_memory")
    del sys.modules["card_memory"]
