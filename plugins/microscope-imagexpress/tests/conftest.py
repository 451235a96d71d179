"""Real plates if they are there, and builders of small ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
import tifffile

from openhcs_microscope_imagexpress.handler import ImageXpressHandler

_DEFAULT = Path(__file__).parents[3] / ".." / "shared" / "data" / "plates"


@pytest.fixture(scope="session")
def plates() -> Path:
    folder = Path(os.environ.get("OPENHCS_PLATES", _DEFAULT)).resolve()
    if not folder.is_dir():
        pytest.skip(f"the real plates are not at {folder}; OPENHCS_PLATES names their folder")
    return folder


@pytest.fixture(scope="session")
def listings(plates: Path) -> Path:
    folder = plates.parent / "listings"
    if not folder.is_dir():
        pytest.skip(f"the real listings are not at {folder}, beside the plates")
    return folder


@pytest.fixture
def handler() -> ImageXpressHandler:
    return ImageXpressHandler()


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below a new folder, and return the folder."""

    def make(*paths: str) -> Path:
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        return tmp_path

    return make


def metaseries_xml(properties: Mapping[str, object]) -> str:
    lines = [
        f'<prop id={quoteattr(key)} type="string" value={quoteattr(str(value), {chr(10): "&#10;"})}/>'
        for key, value in properties.items()
    ]
    return "<MetaData>\n<PlaneInfo>\n" + "\n".join(lines) + "\n</PlaneInfo>\n</MetaData>"


@pytest.fixture
def xml() -> Callable[[Mapping[str, object]], str]:
    """Write MetaSeries XML from the id and value of its properties."""
    return metaseries_xml


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., Path]:
    """Write a small image with a MetaSeries header below ``tmp_path``."""

    def write(
        path: str,
        properties: Mapping[str, object] | None = None,
        *,
        shape: tuple[int, ...] = (4, 6),
        dtype: str = "u2",
    ) -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        description = None if properties is None else metaseries_xml(properties)
        tifffile.imwrite(
            target, np.zeros(shape, dtype), description=description, metadata=None, photometric="minisblack"
        )
        return target

    return write


@pytest.fixture
def htd() -> Callable[..., bytes]:
    """Write an HTD file from its keys; text is quoted, lists are joined."""

    def write(**lines: object) -> bytes:
        def value(given: object) -> str:
            if isinstance(given, bool):
                return str(given).upper()
            if isinstance(given, list):
                return ", ".join(value(part) for part in given)
            return f'"{given}"' if isinstance(given, str) else str(given)

        body = "".join(f'"{key}", {value(given)}\r\n' for key, given in lines.items())
        return ('"HTSInfoFile", Version 1.0\r\n' + body + '"EndFile"\r\n').encode()

    return write
