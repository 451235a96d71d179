"""The format ``.txt``."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.text import TextFormat
from openhcs_host.errors import FormatError, UnsupportedDataError

TXT = TextFormat()


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_every_character_comes_back(text):
    stream = io.BytesIO()
    TXT.write(text, stream)
    stream.seek(0)
    assert TXT.read(stream) == text


@pytest.mark.parametrize("data", [b"bytes", 3, None, ["a"], "\ud800"])
def test_what_is_no_text_is_refused_before_the_first_byte(data):
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError):
        TXT.write(data, stream)
    assert stream.getvalue() == b""


def test_other_encodings_are_a_format_error():
    with pytest.raises(FormatError, match=r"byte 1 \(0xb5\)"):
        TXT.read(io.BytesIO(b"1\xb5m"))
