"""The format ``.csv``."""

import enum
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_disk.csv_table import CsvFormat
from openhcs_host.errors import FormatError, UnsupportedDataError

CSV = CsvFormat()


def written(data, **options):
    stream = io.BytesIO()
    CSV.write(data, stream, **options)
    return stream.getvalue()


def read(content, **options):
    return CSV.read(io.BytesIO(content), **options)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NAMES = TEXT.filter(lambda name: not name.startswith("\ufeff"))
TABLES = st.lists(NAMES, min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, TEXT)), max_size=5)
)


class TestRows:
    @given(TABLES)
    def test_of_strings_come_back(self, rows):
        assert read(written(rows)) == rows

    def test_are_written_under_one_header_with_plain_line_ends(self):
        rows = [{"well": "A01", "count": 3}, {"well": "B,02", "count": 4}]
        assert written(rows) == b'well,count\nA01,3\n"B,02",4\n'

    def test_keep_the_order_of_the_columns_of_the_first(self):
        assert written([{"b": 1, "a": 2}, {"a": 4, "b": 3}]) == b"b,a\n1,2\n3,4\n"

    def test_hold_numbers_booleans_and_none_as_text(self):
        rows = [{"i": 1, "f": 0.1, "b": True, "n": None, "x": np.float32(0.1), "e": enum.StrEnum("E", "a").a}]
        (row,) = read(written(rows))
        assert row == {"i": "1", "f": "0.1", "b": "True", "n": "", "x": "0.10000000149011612", "e": "a"}
        assert np.float32(row["x"]) == np.float32(0.1)

    @given(st.floats() | st.integers())
    def test_hold_numbers_exactly(self, number):
        (row,) = read(written([{"x": number}]))
        assert repr(type(number)(row["x"])) == repr(number)

    def test_may_be_none_at_all(self):
        assert read(written([])) == []

    @pytest.mark.parametrize(
        "data",
        [
            [{"a": 1}, {"b": 1}], [{"a": 1}, {"a": 1, "b": 2}], [{"a": 1, "b": 2}, {"a": 1}], [{}], [{1: 2}],
            [{"a": [1]}], [{"a": 1j}], [{"a": b"bytes"}], [["a", "b"]], {"a": [1]}, None, 3, np.zeros(3),
            [{"a": "x" * 200_000}], [{"a": "\ud800"}], [{"\ufeffa": 1}],
        ],
        ids=lambda data: repr(data)[:30],
    )  # fmt: skip
    def test_that_do_not_fit_are_refused_before_the_first_byte(self, data):
        stream = io.BytesIO()
        with pytest.raises(UnsupportedDataError):
            CSV.write(data, stream)
        assert stream.getvalue() == b""


class TestText:
    @given(st.text(st.characters(exclude_categories=("Cs",))))
    def test_is_kept_verbatim(self, text):
        assert read(written(text), raw=True) == text
        assert written(text) == text.encode()

    def test_of_others_is_read_with_any_line_end_and_byte_order_mark(self):
        assert read(b'\xef\xbb\xbfa,b\r\n1,"x\r\ny"\r\n\r\n') == [{"a": "1", "b": "x\r\ny"}]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"a,b\n1\n", "line 2 has 1 values"),
            (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 values"),
            (b"a,a\n1,2\n", "twice"),
            (b'a,b\n1,"cut off', "line 2"),
            (b"a,b\n\xff,2\n", "byte 4"),
        ],
    )
    def test_that_is_no_table_is_a_format_error(self, content, said):
        with pytest.raises(FormatError, match=said):
            read(content)

    def test_that_is_no_table_can_still_be_had_raw(self):
        assert read(b"a,b\n1\n", raw=True) == "a,b\n1\n"


def test_options_that_are_unknown_are_refused():
    with pytest.raises(TypeError, match="delimiter"):
        written([{"a": 1}], delimiter=";")
    with pytest.raises(TypeError, match="its options: raw"):
        read(b"a\n", delimiter=";")
