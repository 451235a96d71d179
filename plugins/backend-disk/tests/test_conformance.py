"""The disk backend and every format of this distribution keep the contracts, as the host's kits check them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from openhcs_host.testing import FormatKit, StorageKit
from openhcs_host.testing.equality import sample_arrays

ARRAYS = sample_arrays()
PLANES = [array for array in ARRAYS if array.ndim >= 2 and array.size]
ROWS = [{"well": "A01", "nuclei": "12"}, {"well": "B,02", "nuclei": 'a "quoted"\nvalue'}]
DATA = {
    "wells": ["A01", "µ"],
    "grid": [2, 3],
    "size": 0.65,
    "main": True,
    "results": None,
    "nested": {"a": []},
}
TEXT = "first line\r\nµ 平板\n\n last"
BYTES = bytes(range(256))

NO_END = "{}: any part of it is a file of its own kind; there is no mark of the end (formats.md: verbatim)"


def plane(dtype: str, *shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) * 37 % 251).astype(dtype).reshape(shape)


class TestDisk(StorageKit):
    key = "disk"
    examples: ClassVar = {
        ".npy": ARRAYS,
        ".tif": PLANES,
        ".tiff": PLANES,
        ".png": [plane("u1", 3, 4), plane("u2", 3, 4), plane("u2", 3, 4, 3), plane("u1", 5, 4, 4)],
        ".npz": [{"a": ARRAYS[0], "b": ARRAYS[1]}, {"c": ARRAYS[2]}],
        ".json": [DATA, [1, 2], {}],
        ".csv": [ROWS, ROWS[:1]],
        ".txt": [TEXT, "", "other"],
        ".bin": [BYTES, b""],
        ".zip": [BYTES],
    }


class TestTif(FormatKit):
    key = ".tif"
    examples = PLANES
    refused = (np.zeros((3, 4), "M8[s]"), np.arange(3), np.zeros((0, 3)), "text", np.array([["a"]]))


class TestTiff(TestTif):
    key = ".tiff"


class TestPng(FormatKit):
    key = ".png"
    examples = (plane("u1", 3, 4), plane("u2", 30, 41), plane("u2", 3, 4, 3), plane("u1", 5, 4, 4))
    refused = (plane("i2", 3, 4), plane("f4", 3, 4), plane("u1", 3), plane("u1", 3, 4, 5), "text")


class TestNpy(FormatKit):
    key = ".npy"
    examples = ARRAYS
    refused = (np.array([object()]), np.ma.masked_array([1, 2], [True, False]), [1, 2], "text")


class TestNpz(FormatKit):
    key = ".npz"
    examples = ({"a": ARRAYS[0], "b": ARRAYS[1]}, {"only": ARRAYS[9]})
    refused = (ARRAYS[0], [ARRAYS[0]], {"a": [1, 2]}, {1: ARRAYS[0]}, {"a": np.array([object()])})


class TestJpg(FormatKit):
    key = ".jpg"
    lossy = True
    tolerance = 4.0
    examples = (
        np.add.outer(np.arange(32), np.arange(48)).astype("u1"),
        np.repeat(np.add.outer(np.arange(32), np.arange(48)).astype("u1")[..., None], 3, axis=2),
    )
    refused = (plane("u2", 3, 4), plane("u1", 3), plane("u1", 3, 4, 5), "text")


class TestJpeg(TestJpg):
    key = ".jpeg"


class TestJson(FormatKit):
    key = ".json"
    examples = (DATA, [], [1, -2.5e300, "text", None, False], {"µ": "\U0001f52c"})
    conversions = (('{"verbatim":\n 1}', {"verbatim": 1}),)
    refused = ((1, 2), {1: 2}, {"a": float("nan")}, b"bytes", {"a": {1}}, np.zeros(2))


class TestCsv(FormatKit):
    key = ".csv"
    examples = (ROWS, ROWS[:1], [])
    conversions = (
        ([{"n": 1, "x": 0.1, "none": None}], [{"n": "1", "x": "0.1", "none": ""}]),
        ("a,b\n1,2\n", [{"a": "1", "b": "2"}]),
    )
    refused = ([{"a": 1}, {"b": 2}], [1, 2], {"a": 1}, b"bytes", [{"a": [1]}])
    expected_failures: ClassVar = {"test_cut_off_bytes_are_never_wrong_data": NO_END.format("text")}


class TestTxt(FormatKit):
    key = ".txt"
    examples = (TEXT, "", "\ufeffmark", "\x00")
    refused = (b"bytes", 1, None, "\ud800")
    expected_failures: ClassVar = {"test_cut_off_bytes_are_never_wrong_data": NO_END.format("text")}


class TestBin(FormatKit):
    key = ".bin"
    examples = (BYTES, b"", b"\r\n\x1a")
    refused = ("text", 1, None, np.zeros(3))
    expected_failures: ClassVar = {
        "test_cut_off_bytes_are_never_wrong_data": NO_END.format("bytes"),
        "test_foreign_bytes_are_a_format_error": "any bytes are a file of bytes",
    }


class TestZip(TestBin):
    key = ".zip"
