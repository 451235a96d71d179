"""The format ``.npy``."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from openhcs_backend_disk.npy import NpyFormat
from openhcs_host.errors import FormatError, UnsupportedDataError

NPY = NpyFormat()
PLANE = np.arange(600, dtype=np.uint16).reshape(20, 30)
OBJECTS = np.array([{"a": 1}, None], dtype=object)


def written(array, **options):
    stream = io.BytesIO()
    NPY.write(array, stream, **options)
    return stream.getvalue()


def read(content, **options):
    return NPY.read(io.BytesIO(content), **options)


def saved_by_numpy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


DTYPES = (
    hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?")
    | hnp.complex_number_dtypes()
    | hnp.boolean_dtypes()
    | hnp.datetime64_dtypes()
    | hnp.timedelta64_dtypes()
    | hnp.byte_string_dtypes()
    | hnp.unicode_string_dtypes()
    | st.just(np.dtype([("a", "u1"), ("b", "<f8", (2,))]))
)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=5)))
def test_keeps_any_array_as_numpy_does(array):
    content = written(array)
    assert content == saved_by_numpy(array)
    got = read(content)
    assert got.dtype == array.dtype
    assert got.shape == array.shape
    assert got.tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "view", [PLANE.T, PLANE[::2, ::-1], np.asfortranarray(PLANE), np.broadcast_to(PLANE[0], (3, 30))]
)
def test_keeps_arrays_that_are_views(view):
    np.testing.assert_array_equal(read(written(view)), view)
    np.testing.assert_array_equal(np.load(io.BytesIO(written(view))), view)


def test_objects_are_refused_unless_pickles_are_allowed():
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError, match="allow_pickle=True"):
        NPY.write(OBJECTS, stream)
    assert stream.getvalue() == b""
    content = written(OBJECTS, allow_pickle=True)
    with pytest.raises(FormatError, match="allow_pickle"):
        read(content)
    assert read(content, allow_pickle=True).tolist() == OBJECTS.tolist()


@pytest.mark.parametrize("data", [[1, 2], 3, "text", None, {"a": PLANE}, np.ma.masked_array([1], [True])])
def test_what_is_no_plain_array_is_refused(data):
    with pytest.raises(UnsupportedDataError):
        written(data)


def test_options_that_are_unknown_are_refused():
    with pytest.raises(TypeError, match="allow_pickle"):
        written(PLANE, compression="zlib")
    with pytest.raises(TypeError, match="allow_pickle"):
        read(written(PLANE), mmap_mode="r")


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUM", b"not an array", b"PK\x03\x04" + bytes(30), b"\x80\x04N."]
)
def test_what_is_no_npy_is_a_format_error(content):
    with pytest.raises(FormatError):
        read(content)
    with pytest.raises(FormatError):
        read(content, allow_pickle=True)


@pytest.mark.parametrize("array", [PLANE, OBJECTS, np.zeros((), "U3")], ids=["plane", "objects", "scalar"])
def test_a_file_cut_off_anywhere_is_a_format_error(array):
    content = written(array, allow_pickle=True)
    for length in range(len(content)):
        with pytest.raises(FormatError):
            read(content[:length], allow_pickle=True)


def test_a_file_cut_off_on_disk_is_a_format_error(disk, folder):
    # NumPy reads real files by another way than streams.
    path = f"{folder}/plane.npy"
    disk.save(PLANE, path)
    with open(path, "r+b") as stream:
        stream.truncate(700)
    with pytest.raises(FormatError, match=r"plane\.npy"):
        disk.load(path)


def test_a_damaged_header_is_a_format_error():
    content = written(PLANE)
    for place in range(128):
        try:
            read(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        except FormatError:
            continue
        pytest.fail(f"byte {place} may be anything")


def test_what_follows_the_array_is_not_dropped(disk, folder):
    with pytest.raises(FormatError, match="goes on after the array"):
        read(written(PLANE) * 2)
    with open(f"{folder}/two.npy", "wb") as stream:
        stream.write(written(PLANE) * 2)
    with pytest.raises(FormatError, match=r"two\.npy.*goes on after the array"):
        disk.load(f"{folder}/two.npy")
