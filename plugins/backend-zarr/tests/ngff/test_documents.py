"""Metadata is read from inside the store, bounded, and refused with its place where it is none."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.ngff import documents
from openhcs_backend_zarr.ngff.documents import Documents, LocalReader, check_key, parse_json
from openhcs_host.errors import InvalidPathError, PlateError


@pytest.mark.parametrize(
    "key",
    [
        "..",
        "../x",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "",
        ".",
        "a/.",
        "a\\b",
        "C:/x",
        "a\0b",
        "a/",
        "a" * 256,
        "a/" * 2000 + "a",
        "\ud800",
    ],
)
def test_keys_that_lead_elsewhere_are_refused(tmp_path, key):
    with pytest.raises(InvalidPathError):
        check_key(key, "a document")
    with pytest.raises(InvalidPathError):
        LocalReader(tmp_path).read(key)


@given(st.text(max_size=40))
def test_no_key_reads_outside_the_store(tmp_path_factory, key):
    folder = tmp_path_factory.getbasetemp()
    root = folder / "inside"
    root.mkdir(exist_ok=True)
    (folder / "secret").write_text("outside")
    try:
        content = LocalReader(root).read(key)
    except (InvalidPathError, OSError):
        return
    assert content is None


def test_links_inside_are_followed_and_links_outside_refused(tmp_path):
    root, outside = tmp_path / "store", tmp_path / "outside"
    (root / "A").mkdir(parents=True)
    outside.mkdir()
    (outside / "zarr.json").write_text("{}")
    (root / "A" / "real.json").write_text("{}")
    (root / "A" / "linked.json").symlink_to("real.json")
    (root / "A" / "leak.json").symlink_to(outside / "zarr.json")
    (root / "B").symlink_to(root / "A")
    (root / "C").symlink_to(outside)
    reader = LocalReader(root)
    assert reader.read("A/linked.json") == reader.read("B/real.json") == b"{}"
    for key in ("A/leak.json", "C/zarr.json"):
        with pytest.raises(InvalidPathError, match="link out of the store"):
            reader.read(key)
    with pytest.raises(InvalidPathError):
        reader.list("C")


def test_what_is_no_file_is_nothing(tmp_path):
    (tmp_path / "zarr.json").mkdir()
    os.mkfifo(tmp_path / "pipe")
    reader = LocalReader(tmp_path)
    assert (
        reader.read("zarr.json")
        is reader.read("pipe")
        is reader.read("none")
        is reader.read("none/x")
        is None
    )
    assert reader.list("none") == []


def test_absurd_sizes_are_refused_before_they_are_read(tmp_path):
    with open(tmp_path / "zarr.json", "wb") as stream:
        stream.truncate(documents.LARGEST_DOCUMENT + 1)  # a hole: it takes no room
    with pytest.raises(PlateError, match="no metadata document is that large"):
        LocalReader(tmp_path).read("zarr.json")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[]", "no JSON object but a list"),
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": 1', "not JSON"),
    ],
)
def test_what_is_no_document_says_why(content, why):
    with pytest.raises(PlateError, match=why):
        parse_json(content, "B/02/zarr.json")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_plate_error(content):
    try:
        assert isinstance(parse_json(content, "here"), dict)
    except PlateError as error:
        assert "here" in str(error)


def test_groups_and_arrays_are_found_in_both_formats(make, tmp_path):
    for version, zarr_format in (("0.4", 2), ("0.5", 3)):
        store = make.Store(tmp_path / version, version)
        store.group("", {"a": 1})
        store.group("bare", {})
        store.array("x", (3, 4), "yx")
        found = Documents.open(LocalReader(store.root))
        assert found.zarr_format == zarr_format
        assert found.group("") == {"a": 1} and found.group("bare") == {} and found.group("none") is None
        assert found.array("x")["shape"] == [3, 4] and found.array("") is None
        assert found.array_attributes("x") == {}
    assert Documents.open(LocalReader(tmp_path)) is None


def test_truncation_anywhere_is_a_plate_error(ours):
    _, content, _ = ours.document("B/02/1")
    whole = json.dumps(content).encode()
    for length in range(len(whole)):
        with pytest.raises(PlateError):
            parse_json(whole[:length], "B/02/1")
