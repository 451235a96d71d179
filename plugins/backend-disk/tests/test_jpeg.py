"""The formats ``.jpg`` and ``.jpeg``."""

import io

import imagecodecs
import numpy as np
import pytest

from openhcs_backend_disk.jpeg import JpegFormat
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

JPG = JpegFormat(".jpg")
RAMP = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
COLOUR = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def written(array, **options):
    stream = io.BytesIO()
    JPG.write(array, stream, **{"lossy": True, **options})
    return stream.getvalue()


def read(content, **options):
    return JPG.read(io.BytesIO(content), **options)


@pytest.mark.parametrize("extension", [".jpg", ".jpeg", ".JPG"])
def test_is_written_only_when_told_that_pixels_may_change(disk, folder, everything, extension):
    path = f"{folder}/new/a{extension}"
    for options in ({}, {"lossy": False}, {"lossy": 1}):
        with pytest.raises(UnsupportedDataError, match=r"new/a.*alters pixels.*lossy=True"):
            disk.save(RAMP, path, **options)
    assert everything() == []
    disk.save(RAMP, path, lossy=True)
    assert disk.load(path).shape == RAMP.shape


@pytest.mark.parametrize("array", [RAMP, COLOUR, RAMP[::-2, ::3], COLOUR[:1, :1]])
def test_keeps_shape_dtype_and_nearly_the_values(array):
    got = read(written(array))
    assert got.shape == array.shape
    assert got.dtype == np.uint8
    assert np.abs(got.astype(int) - array).max() < 20


def test_loads_exactly_what_the_decoder_gives():
    content = imagecodecs.jpeg8_encode(COLOUR, level=50)
    np.testing.assert_array_equal(read(content), imagecodecs.jpeg8_decode(content))


def test_the_same_image_gives_the_same_bytes_and_less_quality_fewer():
    assert written(COLOUR) == written(COLOUR)
    assert len(written(COLOUR, quality=20)) < len(written(COLOUR, quality=95))


@pytest.mark.parametrize(
    "data",
    [
        RAMP.astype(np.uint16), RAMP.astype(float), RAMP > 3, RAMP[0], RAMP[..., np.newaxis],
        np.zeros((4, 5, 4), np.uint8), np.zeros((0, 5), np.uint8), np.zeros((1, 65501), np.uint8),
        [[1, 2]], None, np.ma.masked_array(RAMP, RAMP > 3),
    ],
    ids=lambda data: f"{getattr(data, 'dtype', data)} {getattr(data, 'shape', '')}",
)  # fmt: skip
def test_refuses_everything_else_before_the_first_byte(data):
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError):
        JPG.write(data, stream, lossy=True)
    assert stream.getvalue() == b""


def test_refuses_qualities_and_options_that_do_not_exist():
    for quality in (0, 101, True, "high"):
        with pytest.raises(ConfigurationError, match="1 to 100"):
            written(RAMP, quality=quality)
    with pytest.raises(TypeError, match="level"):
        written(RAMP, level=5)
    with pytest.raises(TypeError, match="lossy"):
        read(written(RAMP), lossy=True)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\x89PNG", b"II*\0 and more that is not JPEG"])
def test_what_is_no_jpeg_is_a_format_error(content):
    with pytest.raises(FormatError, match="not a JPEG"):
        read(content)


@pytest.mark.parametrize("array", [RAMP, COLOUR])
def test_a_file_cut_off_anywhere_is_a_format_error(array):
    content = written(array)
    for length in range(len(content)):
        with pytest.raises(FormatError):
            read(content[:length])


def test_the_end_of_a_picture_within_the_picture_is_not_taken_for_its_own():
    inner, outer = written(RAMP[:8, :8]), written(RAMP)
    segment = b"\xff\xe1" + (len(inner) + 2).to_bytes(2, "big") + inner
    content = outer[:2] + segment + outer[2:]
    np.testing.assert_array_equal(read(content), read(outer))
    with pytest.raises(FormatError, match="cut off"):
        read(content[:-2])


def test_a_damaged_head_is_a_format_error_or_another_image_and_nothing_else():
    content = written(RAMP)
    for place in range(len(content) // 2):
        damaged = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        try:
            assert read(damaged).dtype == np.uint8
        except FormatError:
            continue


def test_colours_for_printing_are_not_taken_for_rgba():
    content = imagecodecs.jpeg8_encode(np.dstack([COLOUR, RAMP]), colorspace="CMYK", outcolorspace="CMYK")
    with pytest.raises(FormatError, match="4 colours"):
        read(content)
