"""The Index: which files are one, and its records."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest

from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix.collector import Collector
from openhcs_microscope_operaphenix.index import IndexFile


def write(tmp_path: Path, content: bytes) -> IndexFile:
    (tmp_path / "Index.xml").write_bytes(content)
    return IndexFile(str(tmp_path / "Index.xml"))


@pytest.mark.parametrize(
    ("namespace", "version"),
    [
        ("http://www.perkinelmer.com/PEHH/HarmonyV4", 4),
        ("http://www.perkinelmer.com/PEHH/HarmonyV5", 5),
        ("43B2A954-E3C3-47E1-B392-6635266B0DD3/HarmonyV7", 7),
        ("https://www.revvity.com/HarmonyV6", 6),
        ("HarmonyV7", 7),
    ],
)
@pytest.mark.parametrize("bom", [True, False])
def test_the_namespace_counts_by_its_ending(
    tmp_path: Path, harmony: SimpleNamespace, namespace: str, version: int, bom: bool
) -> None:
    index = write(tmp_path, harmony.index_xml([harmony.plane()], namespace=namespace, bom=bom))
    assert index.refusal() is None
    kinds = [record.kind for record in index.records()]
    assert (index.version, kinds[0], kinds[-1]) == (version, "instrument", "image")


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "no element found"),
        (b"<EvaluationInputData/>", "no namespace"),
        (b'<EvaluationInputData xmlns="http://www.perkinelmer.com/Columbus"/>', "Columbus"),
        (b'<OME xmlns="http://www.perkinelmer.com/PEHH/HarmonyV5"/>', "its root is 'OME'"),
        (b'<!DOCTYPE a><EvaluationInputData xmlns="HarmonyV5"/>', "document type"),
        (b"\x89PNG", "broken XML"),
    ],
)
def test_other_files_are_refused_with_a_reason(tmp_path: Path, content: bytes, because: str) -> None:
    index = write(tmp_path, content)
    assert because in (index.refusal() or "")
    with pytest.raises(FormatError, match=r"^[^\n]+$"):
        list(index.records())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert IndexFile(str(tmp_path / "none.xml")).refusal() == "No such file or directory"


def test_references_of_wells_are_no_images(tmp_path: Path, harmony: SimpleNamespace) -> None:
    index = write(tmp_path, harmony.index_xml([harmony.plane(), harmony.plane(site=2)]))
    assert [record.kind for record in index.records()].count("image") == 2


@pytest.mark.parametrize("version", [5, 7])
def test_twenty_thousand_planes_fill_no_memory(
    tmp_path: Path, harmony: SimpleNamespace, version: int
) -> None:
    one = harmony.index_xml([harmony.plane(x=1e-4, y=-1e-4)], version=version)
    start, end = one.index(b'<Image Version="1">'), one.index(b"</Images>")
    index = write(tmp_path, one[:start] + one[start:end] * 20_000 + one[end:])
    collector, images = Collector(), 0
    tracemalloc.start()
    try:
        for record in index.records():
            collector.take(record)
            images += record.kind == "image"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert images == 20_000
    assert peak < 2_000_000
    assert collector.acquisition(version).channels[1].name == "Channel 1"
