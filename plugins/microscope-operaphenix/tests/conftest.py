"""Real plates if they are there, and a writer of Index files in the two styles of Harmony."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pytest
import tifffile

from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

_DEFAULT = Path(__file__).parents[3] / ".." / "shared" / "data" / "plates"


@pytest.fixture(scope="session")
def plates() -> Path:
    folder = Path(os.environ.get("OPENHCS_PLATES", _DEFAULT)).resolve()
    if not folder.is_dir():
        pytest.skip(f"the real plates are not at {folder}; OPENHCS_PLATES names their folder")
    return folder


@pytest.fixture
def handler() -> OperaPhenixHandler:
    return OperaPhenixHandler()


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below a new folder, and return the folder."""

    def make(*paths: str) -> Path:
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        return tmp_path

    return make


@pytest.fixture
def tiff() -> Callable[..., Path]:
    """Write a small TIFF, with the text of tag 65500 if one is given."""

    def write(
        path: Path,
        shape: tuple[int, ...] = (4, 6),
        dtype: str = "u2",
        tag: str | None = None,
        compression: str | None = None,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (tag or "").encode()
        extra = [] if tag is None else [(65500, 1, len(content), content, True)]
        tifffile.imwrite(
            path,
            np.zeros(shape, dtype),
            metadata=None,
            photometric="minisblack",
            extratags=extra,
            compression=compression,
        )
        return path

    return write


def plane(**changes: Any) -> SimpleNamespace:
    """One plane of a plate; what is not named is as in a plate of one plane."""
    facts: dict[str, Any] = {
        "row": 1,
        "column": 1,
        "site": 1,
        "channel": 1,
        "z": 1,
        "t": 1,
        "x": 0.0,
        "y": 0.0,
        "height": 0.0,
        "absolute": 0.135,
        "url": None,
        "fields": {},
    }
    return SimpleNamespace(**(facts | changes))


def file_name(p: SimpleNamespace, version: int = 5) -> str:
    stem = f"r{p.row:02d}c{p.column:02d}f{p.site:02d}p{p.z:02d}"
    return (
        f"{stem}-ch{p.channel}sk{p.t}fk1fl1.tiff"
        if version < 6
        else f"{stem}-ch{p.channel:02d}t{p.t:02d}.tiff"
    )


def _element(name: str, value: object, unit: str | None = None) -> str:
    attribute = "" if unit is None else f' Unit="{unit}"'
    return f"<{name}{attribute}>{escape(str(value))}</{name}>"


def _channel(name: str, size: tuple[int, int], pixel_m: float) -> str:
    return (
        _element("ChannelName", name)
        + _element("ChannelType", "Fluorescence")
        + _element("ImageResolutionX", pixel_m, "m")
        + _element("ImageResolutionY", pixel_m, "m")
        + _element("ImageSizeX", size[0])
        + _element("ImageSizeY", size[1])
        + _element("MainExcitationWavelength", 405, "nm")
        + _element("MainEmissionWavelength", 456, "nm")
        + _element("ObjectiveMagnification", 20, "")
        + _element("ObjectiveNA", 0.8, "")
        + _element("ExposureTime", 0.1, "s")
    )


def index_xml(
    planes: Iterable[SimpleNamespace],
    *,
    version: int = 5,
    name: str = "Plate µ, 'one'",
    rows: object = 32,
    channels: dict[int, str] | None = None,
    size: tuple[int, int] = (6, 4),
    pixel_m: float = 5e-07,
    namespace: str | None = None,
    bom: bool = True,
    prolog: str = "",
) -> bytes:
    """Write an Index as Harmony does: to version 5 with channel data in every image, then in a map."""
    if namespace is None:
        namespace = (
            f"http://www.perkinelmer.com/PEHH/HarmonyV{version}"
            if version < 7
            else f"43B2A954-E3C3-47E1-B392-6635266B0DD3/HarmonyV{version}"
        )
    listed = list(planes)
    names = {p.channel: f"Channel {p.channel}" for p in listed} | (channels or {})
    head = "<Plates><Plate>" + _element("PlateID", "ID1") + _element("Name", name)
    head += (
        _element("PlateTypeName", "1536 Well") + _element("PlateRows", rows) + _element("PlateColumns", 48)
    )
    head += "</Plate></Plates>"
    wells = "".join(
        f'<Well><Row>{r}</Row><Col>{c}</Col><Image id="x" /></Well>'
        for r, c in {(p.row, p.column) for p in listed}
    )
    flat = "<FlatfieldProfile>{Version: 1}</FlatfieldProfile>"
    entries = "".join(f'<Entry ChannelID="{c}">{flat}</Entry>' for c in names)
    maps = f"<Map>{entries}</Map>"
    if version > 5:
        described = "".join(
            f'<Entry ChannelID="{c}">{_channel(text, size, pixel_m)}</Entry>' for c, text in names.items()
        )
        maps += f"<Map>{described}</Map>"
    images = "".join(_image(p, version, names[p.channel], size, pixel_m) for p in listed)
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n{prolog}<EvaluationInputData Version="1" xmlns="{namespace}">'
        f"<User>me</User><InstrumentType>Phenix</InstrumentType>{head}<Wells>{wells}</Wells><Maps>{maps}</Maps>"
        f"<Images>{images}</Images></EvaluationInputData>\n"
    )
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def _image(p: SimpleNamespace, version: int, name: str, size: tuple[int, int], pixel_m: float) -> str:
    url = file_name(p, version) if p.url is None else p.url
    fields = {
        "URL": _element("URL", url) if url else "<URL/>",
        "Row": _element("Row", p.row),
        "Col": _element("Col", p.column),
        "FieldID": _element("FieldID", p.site),
        "PlaneID": _element("PlaneID", p.z),
        "TimepointID": _element("TimepointID", p.t - 1 if version < 6 else p.t),
        "ChannelID": _element("ChannelID", p.channel),
        "channel": _channel(name, size, pixel_m) if version < 6 else "",
        "PositionX": _element("PositionX", p.x, "m"),
        "PositionY": _element("PositionY", p.y, "m"),
        "PositionZ": _element("PositionZ", p.height, "m"),
        "AbsPositionZ": _element("AbsPositionZ", p.absolute, "m"),
        "MeasurementTimeOffset": _element("MeasurementTimeOffset", (p.t - 1) * 60, "s"),
        "AbsTime": _element("AbsTime", f"2021-03-29T16:{p.t:02d}:28.987-04:00"),
    } | p.fields
    return '<Image Version="1"><id>x</id><State>Ok</State>' + "".join(fields.values()) + "</Image>"


@pytest.fixture
def plate(tmp_path: Path) -> Callable[..., Path]:
    """Write an Index and empty files for its planes into ``Images`` of a new plate; return the plate."""

    def make(
        planes: Iterable[SimpleNamespace],
        *,
        absent: Iterable[str] = (),
        folder: str = "Images",
        **options: Any,
    ) -> Path:
        version, absent = options.get("version", 5), set(absent)
        images = tmp_path / folder
        images.mkdir(parents=True, exist_ok=True)
        listed = list(planes)
        index = "Index.idx.xml" if version < 6 else "Index.xml"
        (images / index).write_bytes(index_xml(listed, **options))
        for p in listed:
            name = file_name(p, version) if p.url is None else p.url
            if name and name not in absent:
                (images / name).touch()
        return tmp_path

    return make


@pytest.fixture
def harmony() -> SimpleNamespace:
    """The writers by themselves."""
    return SimpleNamespace(plane=plane, file_name=file_name, index_xml=index_xml)
