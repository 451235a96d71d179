"""Records out of a document, and the bounds that no document breaks."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix.xmlrecords import Record, records

KINDS = {("List", "Item"): "item", ("Title",): "title"}


def read(document: bytes | str, fields: tuple[str, ...] = ("A", "B")) -> list[Record]:
    content = document.encode() if isinstance(document, str) else document
    return list(records(io.BytesIO(content), KINDS, fields, lambda namespace, name: None))


def texts(document: bytes | str) -> list[dict[str, str]]:
    return [{key: text for key, text in record.texts.items() if key} for record in read(document)]


def test_children_become_texts_and_units() -> None:
    (record,) = read('<r><List><Item id="7"> <A Unit="m">1</A><B/><C>no</C></Item></List></r>')
    assert (record.kind, record.attributes, record.units) == ("item", {"id": "7"}, {"A": "m"})
    assert record.texts["A"] == "1"
    assert record.texts.keys() <= {"", "A"}


def test_only_the_path_counts() -> None:
    assert texts(
        "<r><Item><A>1</A></Item><List><x><Item><A>2</A></Item></x><Item><A>3</A></Item></List></r>"
    ) == [{"A": "3"}]


def test_a_record_may_be_a_text() -> None:
    (record,) = read("<r><Title>some &amp; text</Title><A>1</A></r>")
    assert (record.kind, record.texts) == ("title", {"": "some & text"})


def test_nested_and_repeated_children_do_not_mix_in() -> None:
    document = "<r><List><Item><x><A>1</A></x><A>2</A><A>3</A><B>4<A>5</A>6</B></Item></List></r>"
    assert texts(document) == [{"A": "2", "B": "4"}]


def test_the_namespace_of_the_root_counts() -> None:
    document = '<r xmlns="u" xmlns:o="other"><List><Item><A>1</A><o:B>2</o:B></Item></List></r>'
    assert texts(document) == [{"A": "1"}]
    assert texts('<p:r xmlns:p="u"><p:List><p:Item><p:A>1</p:A></p:Item></p:List></p:r>') == [{"A": "1"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    document = f'<?xml version="1.0" encoding="{declared}"?><r><List><Item><A>µ</A></Item></List></r>'
    assert texts(document.encode(encoding)) == [{"A": "µ"}]


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "prolog",
    [
        f'<!DOCTYPE r [<!ENTITY e0 "x">{BOMB}]>',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE r>",
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_document_type_is_refused(prolog: str) -> None:
    with pytest.raises(FormatError, match="document type"):
        read(f"{prolog}<r><List><Item><A>&e9;</A></Item></List></r>")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<r>",
        "text",
        "<r></q>",
        b"\xff\xfe\x00",
        "<r>&unknown;</r>",
        '<?xml version="1.0" encoding="no-such"?><r/>',
        '<?xml version="1.0" encoding="utf-7"?><r/>',
        "<r><List><Item>" + "<x>" * 100,
        "<r>" * 100,
        "<r><List><Item><A>" + "1" * 100_000,
        "<r x='" + "y" * 3_000_000,
        "<r><!--" + "y" * 3_000_000,
    ],
)
def test_what_is_broken_or_too_large_is_an_error(document: bytes | str) -> None:
    with pytest.raises(FormatError):
        read(document)


def test_what_came_before_the_break_is_given() -> None:
    found = []
    with pytest.raises(FormatError, match="broken XML"):
        for record in records(
            io.BytesIO(b"<r><List><Item><A>1</A></Item><Item><A>2"), KINDS, ("A",), lambda *_: None
        ):
            found.append(record.texts["A"])
    assert found == ["1"]


class _Endless(io.RawIOBase):
    def __init__(self, item: bytes, times: int) -> None:
        self._pieces: Iterator[bytes] = iter([b"<r><List>", *[item * 100] * times, b"</List></r>"])

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


@pytest.mark.parametrize("item", [b"<Item><A>1</A></Item>", b"<x><B>text</B></x>", b"<y/>", b"just text "])
def test_memory_does_not_grow_with_the_document(item: bytes) -> None:
    tracemalloc.start()
    try:
        for _ in records(_Endless(item, 1000), KINDS, ("A",), lambda *_: None):  # type: ignore[arg-type]
            pass
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_an_error(content: bytes) -> None:
    with contextlib.suppress(FormatError):
        read(content)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30))
def test_any_text_comes_back(text: str) -> None:
    from xml.sax.saxutils import escape

    assert texts(f"<r><List><Item><A>{escape(text)}</A></Item></List></r>") == [{"A": text}]
