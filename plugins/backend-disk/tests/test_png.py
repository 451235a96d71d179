"""The format ``.png``."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from openhcs_backend_disk.png import PngFormat
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

PNG = PngFormat()
PLANE = np.arange(600, dtype=np.uint16).reshape(20, 30)


def written(array, **options):
    stream = io.BytesIO()
    PNG.write(array, stream, **options)
    return stream.getvalue()


def read(content):
    return PNG.read(io.BytesIO(content))


SIDES = st.integers(1, 9)
SHAPES = st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.sampled_from([3, 4]))


@given(hnp.arrays(st.sampled_from(["uint8", "uint16", ">u2"]), SHAPES))
def test_keeps_grey_rgb_and_rgba_of_8_and_16_bits(array):
    got = read(written(array))
    assert got.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(got, array, strict=False)
    assert got.shape == array.shape


def test_keeps_arrays_that_are_views():
    np.testing.assert_array_equal(read(written(PLANE[::-2, ::3])), PLANE[::-2, ::3])


@pytest.mark.parametrize("level", [0, 1, 9])
def test_keeps_everything_at_every_level_of_compression(level):
    np.testing.assert_array_equal(read(written(PLANE, level=level)), PLANE)


@pytest.mark.parametrize(
    "data",
    [
        PLANE.astype(np.float32), PLANE.astype(np.int16), PLANE.astype(np.uint32), PLANE > 3,
        PLANE[0], PLANE[..., np.newaxis], np.zeros((4, 5, 2), np.uint8), np.zeros((4, 5, 5), np.uint8),
        np.zeros((2, 4, 5, 3), np.uint8), np.zeros((0, 5), np.uint8), np.zeros((4, 0, 3), np.uint8),
        [[1, 2]], None, np.ma.masked_array(np.uint8([[1]]), [[True]]),
    ],
    ids=lambda data: f"{getattr(data, 'dtype', data)} {getattr(data, 'shape', '')}",
)  # fmt: skip
def test_refuses_everything_else_before_the_first_byte(data):
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError):
        PNG.write(data, stream)
    assert stream.getvalue() == b""


def test_refuses_levels_and_options_that_do_not_exist():
    with pytest.raises(ConfigurationError, match="0 to 9"):
        written(PLANE, level=10)
    with pytest.raises(TypeError, match="compression"):
        written(PLANE, compression="zlib")
    with pytest.raises(TypeError, match="raw"):
        PNG.read(io.BytesIO(written(PLANE)), raw=True)


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"II*\0 and more that is not PNG"])
def test_what_is_no_png_is_a_format_error(content):
    with pytest.raises(FormatError, match="not a PNG"):
        read(content)


def test_a_file_cut_off_anywhere_is_a_format_error():
    content = written(PLANE)
    for length in range(len(content)):
        with pytest.raises(FormatError):
            read(content[:length])


def test_a_changed_byte_is_a_format_error():
    content = written(PLANE)
    for place in range(8, len(content), 7):
        with pytest.raises(FormatError):
            read(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
