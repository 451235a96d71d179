"""Output folders of runs, written as a run writes them, and a reader of pages."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading
from openhcs_host.plates import prepare_workspace
from openhcs_host.plates.metadata import update_metadata

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """The elements of a page, each as (tag, attributes, text), and whether all were closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()
        assert self._open == [], "elements were left open"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data):
        for number in self._open:
            self.elements[number][2].append(data)

    def texts(self, tag: str) -> list[str]:
        return ["".join(text) for name, _, text in self.elements if name == tag]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def section(self, anchor: str) -> str:
        return next(
            "".join(text) for name, said, text in self.elements if name == "section" and said["id"] == anchor
        )


@pytest.fixture
def host():
    with Host() as host:
        yield host


def _picture(address: str) -> np.ndarray:
    """Decode a data URI with the PNG format of the host, which is another implementation than ours."""
    head, _, content = address.partition(",")
    assert head == "data:image/png;base64"
    with Host() as host:
        return host.format(".png").read(io.BytesIO(base64.b64decode(content, validate=True)))


def _wells_of(rows: int, columns: int) -> list[str]:
    return [f"{chr(65 + row)}{column + 1:02d}" for row in range(rows) for column in range(columns)]


def _write_run(
    folder: Path,
    wells: Sequence[str],
    image: Callable[[str, int], np.ndarray],
    *,
    channels: Mapping[int, Channel] | None = None,
    tables: Mapping[str, list[dict[str, Any]]] | None = None,
    raw: bool = False,
    failures: Mapping[str, dict[str, str]] | None = None,
    shape: tuple[int, int] | None = None,
    **fields: Any,
) -> Path:
    """Write the output of a run of ``wells``; with ``raw`` the images are the input plate's as well."""
    channels, failures = channels or {1: Channel(name="DAPI")}, failures or {}
    out, plate = folder / "out", folder / "plate"
    done = [well for well in wells if well not in failures]
    with Host() as host:
        files = FileManager(host)
        files.ensure_directory(plate, "disk")
        names: list[str] = []
        for well in wells:
            for channel in channels:
                name = image_name(Coordinates(well, 1, channel))
                if raw:
                    files.save(image(well, channel), plate / name, "disk")
                if well in done:
                    names.append(f"images/{name}")
                    files.save(image(well, channel), out / "images" / name, "disk")
        for name, rows in (tables or {}).items():
            files.save(rows, out / "images_results" / f"{name}.csv", "disk")
    places = [Coordinates(well, 1, channel) for well in wells for channel in channels]
    reading = PlateReading(
        microscope="imagexpress",
        root=plate,
        plate_name="P1",
        planes=[Plane(where, image_name(where)) for where in places],
        channels=channels,
        plate_shape=shape,
    )
    prepare_workspace(reading, out / "workspace")
    update_metadata(
        out,
        "images",
        {
            "microscope_handler_name": "openhcsdata",
            "available_backends": {"disk": True},
            "image_files": names,
            "channels": {str(number): channel.name for number, channel in channels.items()},
            "plate_shape": shape,
            "main": True,
            "results_dir": "images_results",
        },
    )
    record = {
        "plate": str(plate),
        "plate_name": "P1",
        "microscope": "imagexpress",
        "seconds": 1.5,
        "wells": {well: {"finished": well in done, "images": 1, "seconds": 0.25} for well in wells},
        "failures": failures,
        **fields,
    }
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return out


def _flat(well: str, channel: int) -> np.ndarray:
    """Return an image whose left half is brighter the further the well is down and right."""
    image = np.full((40, 60), 100, np.uint16)
    image[:, :30] = 100 + 10 * (ord(well[0]) - 64) * int(well[1:])
    return image


# Tests are imported without a place of their own, so what they share comes as fixtures.
@pytest.fixture(scope="session")
def parse_page():
    return Page


@pytest.fixture(scope="session")
def picture():
    return _picture


@pytest.fixture(scope="session")
def wells_of():
    return _wells_of


@pytest.fixture(scope="session")
def write_run():
    return _write_run


@pytest.fixture(scope="session")
def flat():
    return _flat
