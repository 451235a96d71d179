"""The format ``.json``."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.json_document import JsonFormat
from openhcs_host.errors import FormatError, UnsupportedDataError

JSON = JsonFormat()


def written(data, **options):
    stream = io.BytesIO()
    JSON.write(data, stream, **options)
    return stream.getvalue()


def read(content, **options):
    return JSON.read(io.BytesIO(content), **options)


TEXT = st.text(st.characters(exclude_categories=("Cs",)))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
).filter(lambda data: not isinstance(data, str))

LOOP: list = []
LOOP.append(LOOP)
DEEP: list = []
for _ in range(100_000):
    DEEP = [DEEP]


class TestData:
    @given(PLAIN)
    def test_comes_back(self, data):
        assert read(written(data)) == data

    def test_is_indented_and_readable(self):
        assert written({"name": "µ", "sizes": [1, 2.5]}).decode() == (
            '{\n  "name": "µ",\n  "sizes": [\n    1,\n    2.5\n  ]\n}\n'
        )

    def test_of_numpy_scalars_is_that_of_the_numbers(self):
        data = {"i": np.uint16(3), "f": np.float32(0.5), "b": np.bool_(True), "s": np.str_("x")}
        assert read(written(data)) == {"i": 3, "f": 0.5, "b": True, "s": "x"}

    @pytest.mark.parametrize(
        "data",
        [
            float("nan"), [float("inf")], np.float32("nan"), {1: 2}, {"a": {None: 2}}, {"a": {1, 2}}, (1, 2),
            {"a": [(1, 2)]}, object(), {"a": Path("x")}, np.zeros(2), np.datetime64("2020-01-01"), 1j,
            np.complex64(1), b"bytes", {"a": "\ud800"}, LOOP, DEEP, np.longdouble(1),
        ],
        ids=lambda data: type(data).__name__,
    )  # fmt: skip
    def test_that_would_change_is_refused_before_the_first_byte(self, data):
        stream = io.BytesIO()
        with pytest.raises(UnsupportedDataError):
            JSON.write(data, stream)
        assert stream.getvalue() == b""

    def test_that_is_refused_is_named(self):
        with pytest.raises(UnsupportedDataError, match=r"'grid'.*list"):
            written({"grid": (2, 3)})
        with pytest.raises(UnsupportedDataError, match=r"channels.*key 1"):
            written({"channels": {1: "DAPI"}})


class TestText:
    @given(TEXT)
    def test_is_kept_verbatim(self, text):
        assert read(written(text), raw=True) == text
        assert written(text) == text.encode()

    def test_is_read_as_data(self):
        assert read(b'\xef\xbb\xbf{"a": [1, null]}') == {"a": [1, None]}

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "line 1, column 1"),
            (b'{\n  "a": [1, 2\n', "line 3, column 1"),
            (b"{'a': 1}", "line 1, column 2"),
            (b"\xff{}", "byte 0"),
            (b'{"a": 1, "b": 2, "a": 3}', "'a' twice"),
            (b"[" * 100_000, "cannot be read"),
            (b"1" * 10_000, "cannot be read"),
        ],
    )
    def test_that_is_no_document_is_a_format_error(self, content, said):
        with pytest.raises(FormatError, match=said):
            read(content)

    def test_cut_off_anywhere_is_a_format_error(self):
        content = written({"a": [1, 2.5, "text", None], "b": {"c": True}}).rstrip()
        for length in range(len(content)):
            with pytest.raises(FormatError):
                read(content[:length])
        assert json.loads(content)


def test_options_that_are_unknown_are_refused():
    with pytest.raises(TypeError, match="indent"):
        written({}, indent=4)
    with pytest.raises(TypeError, match="its options: raw"):
        read(b"{}", strict=False)
