"""The formats ``.bin`` and ``.zip``."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.verbatim import BytesFormat
from openhcs_host.errors import UnsupportedDataError

BIN = BytesFormat(".bin")


@given(st.binary() | st.binary().map(bytearray))
def test_every_byte_comes_back(content):
    stream = io.BytesIO()
    BIN.write(content, stream)
    stream.seek(0)
    loaded = BIN.read(stream)
    assert type(loaded) is bytes
    assert loaded == content


@pytest.mark.parametrize("data", ["text", 3, None, [1], memoryview(b"x")])
def test_what_is_no_bytes_is_refused_before_the_first_byte(data):
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError, match=type(data).__name__):
        BIN.write(data, stream)
    assert stream.getvalue() == b""


@pytest.mark.parametrize("name", ["a.bin", "a.zip", "A.BIN", "A.Zip"])
def test_a_file_holds_the_bytes_and_nothing_else(disk, tmp_path, name):
    disk.save(b"PK\x03\x04 or not", (tmp_path / name).as_posix())
    assert (tmp_path / name).read_bytes() == b"PK\x03\x04 or not"
    assert disk.load((tmp_path / name).as_posix()) == b"PK\x03\x04 or not"


def test_options_that_are_unknown_are_refused():
    with pytest.raises(TypeError, match="raw"):
        BIN.write(b"", io.BytesIO(), raw=True)
    with pytest.raises(TypeError, match="raw"):
        BIN.read(io.BytesIO(), raw=True)
