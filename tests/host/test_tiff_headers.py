"""Headers of TIFF files from anybody: size, type and the tags asked for, or an error that says why not."""

from __future__ import annotations

import os
import pickle
import random
import sys

import pytest

from openhcs_host.errors import FormatError, PluginLoadError
from openhcs_host.files.tiff_headers import HeaderError, read_headers, read_tiff_header


@pytest.fixture
def write(tmp_path):
    """Write a small TIFF and return its path."""
    tifffile = pytest.importorskip("tifffile", reason="headers are read with tifffile, which is not here")
    import numpy as np

    def make(name="a.tif", shape=(4, 6), dtype="u2", **options):
        path = tmp_path / name
        options = {"metadata": None, "photometric": "minisblack"} | options
        tifffile.imwrite(path, np.zeros(shape, dtype), **options)
        return str(path)

    return make


def test_size_type_and_the_tags_asked_for(write):
    text = b"<xml>\xc2\xb5</xml>"
    path = write(description="um and more", extratags=[(65500, 1, len(text), text, True)])
    header = read_tiff_header(path, [270, 65500, 65501])
    assert (header.kind, header.samples, header.pages, header.problem) == ("6 x 4 uint16", 1, 1, None)
    assert header.tags == {270: "um and more", 65500: text}
    assert read_tiff_header(path).tags == {}


def test_a_tag_that_is_no_text_is_left_out(write):
    assert read_tiff_header(write(), [256, 257]).tags == {}


def test_colour_and_a_second_page_are_seen(write):
    colour = read_tiff_header(write(shape=(4, 6, 3), dtype="u1", photometric="rgb"))
    assert (colour.kind, colour.samples) == ("6 x 4 uint8 with 3 values per pixel", 3)
    assert read_tiff_header(write(shape=(3, 4, 6))).pages == 2


@pytest.mark.parametrize("data", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"GIF89a" + b"\0" * 100])
def test_what_is_no_tiff_is_an_error_that_travels(write, tmp_path, data):
    path = tmp_path / "b.tif"
    path.write_bytes(data)
    with pytest.raises(HeaderError, match=r"b\.tif' cannot be read as TIFF: .") as caught:
        read_tiff_header(str(path))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.path) == (str(caught.value), str(path)) and isinstance(again, FormatError)


def test_a_missing_file_is_an_error(write, tmp_path):
    with pytest.raises(HeaderError, match="No such file"):
        read_tiff_header(str(tmp_path / "gone.tif"))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_without_all_of_its_pixels_is_an_error(write, compression):
    path = write(shape=(64, 64), compression=compression)
    os.truncate(path, os.path.getsize(path) - 1)
    with pytest.raises(HeaderError, match="its pixels end at byte"):
        read_tiff_header(path)


@pytest.mark.parametrize("tag", [270, 273])
def test_a_header_that_claims_gigabytes_is_refused_before_they_are_read(write, tag):
    path = write(description="some text")
    with open(path, "rb") as stream:
        content = bytearray(stream.read())
    entry = content.index(tag.to_bytes(2, "little"), 8)
    content[entry + 4 : entry + 12] = (1 << 28).to_bytes(4, "little") + (8).to_bytes(4, "little")
    with open(path, "wb") as stream:
        stream.write(content)
    os.truncate(path, 1 << 32)  # sparse: the file takes no space
    with pytest.raises(HeaderError, match="bytes at once"):
        read_tiff_header(path, [270])


def test_any_damage_is_an_error_or_a_header(write):
    path, chance, refused = write(description="text" * 20), random.Random(11), 0
    with open(path, "rb") as stream:
        whole = stream.read()
    for _ in range(600):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with open(path, "wb") as stream:
            stream.write(content[: chance.randint(1, len(content))] if chance.random() < 0.3 else content)
        try:
            header = read_tiff_header(path, [270])
        except HeaderError as error:
            assert error.reason and "\n" not in error.reason
            refused += 1
        else:
            assert header.pages in (1, 2) and header.tags.keys() <= {270}
    assert 100 < refused < 500


def test_many_are_read_in_order_each_with_its_key_or_its_error(write, tmp_path):
    for number in range(600):  # more than are read at once
        write(f"{number}.tif", shape=(2, number + 1))
    (tmp_path / "7.tif").write_bytes(b"no")
    images = ((number, f"{number}.tif") for number in range(600))
    found = list(read_headers(tmp_path, images, read_tiff_header))
    assert [(key, path) for key, path, _ in found] == [(n, f"{n}.tif") for n in range(600)]
    assert isinstance(found[7][2], HeaderError)
    assert all(header.width == key + 1 for key, _, header in found if key != 7)


def test_an_error_of_the_reader_itself_is_raised(tmp_path):
    with pytest.raises(ZeroDivisionError):
        list(read_headers(tmp_path, [(1, "a.tif")], lambda path: 1 // 0))


def test_without_tifffile_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tifffile", None)  # what an import finds where it is not installed
    with pytest.raises(PluginLoadError, match="pip install tifffile") as caught:
        read_tiff_header(str(tmp_path / "a.tif"))
    assert isinstance(caught.value, ImportError)
