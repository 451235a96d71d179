"""Plates of ours as runs leave them: a record, images below it, tables beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_host import Host
from openhcs_host.contracts.microscopes import MicroscopeHandler
from openhcs_host.plates.metadata import update_metadata


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def handler(host) -> MicroscopeHandler:
    return host.microscope("openhcsdata")


@pytest.fixture
def described(tmp_path) -> Callable[..., Path]:
    """Write a plate whose record lists ``names``; those in ``absent`` get no file."""

    def write(*names: str, absent: tuple[str, ...] = (), root: Path | None = None, **fields) -> Path:
        root = root or tmp_path / "P1_openhcs"
        for name in names:
            if name not in absent:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(b"pixels")
        record = {
            "microscope_handler_name": "openhcsdata",
            "available_backends": {"disk": True},
            "image_files": list(names),
            "main": True,
            **fields,
        }
        update_metadata(root, "images", record)
        return root

    return write
