"""Records read by their shape: the parser reads the same, or says the same is wrong."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import pytest

from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix.shapes import Record, Shapes
from openhcs_microscope_operaphenix.xmlrecords import records

INPUTS = int(os.environ.get("OPENHCS_FUZZ_INPUTS", "600"))
KINDS = {("Images", "Image"): "image", ("Plates", "Plate"): "plate"}
FIELDS = ("URL", "State", "Row", "Col", "FieldID", "ChannelName", "PositionX", "ExposureTime", "Name")


def shapes() -> Shapes:
    return Shapes("Image", "image", ("Row", "URL"))


def test_records_of_one_shape_are_read_one_after_the_other() -> None:
    found: list[Record] = []
    text = "".join(
        f'\n <Image Version="1">\n  <Row Unit="">{n}</Row><x>y</x><URL/></Image>' for n in (1, 2, 3)
    )
    assert shapes().read(f"{text}</Images>", 0, found) == len(text)
    assert [record.texts for record in found] == [{"Row": "1"}, {"Row": "2"}, {"Row": "3"}]
    assert found[0] == Record("image", {"Version": "1"}, {"Row": "1"}, {"Row": ""})


def test_shapes_that_alternate_are_all_known() -> None:
    found: list[Record] = []
    text = "<Image><Row>1</Row></Image><Image><Row>1</Row><URL>a</URL></Image>" * 4
    assert shapes().read(text, 0, found) == len(text)
    assert [len(record.texts) for record in found] == [1, 2] * 4


@pytest.mark.parametrize(
    "record",
    [
        "<Image><Row>1</Row><Row>2</Row></Image>",
        "<Image><Row>a&amp;b</Row></Image>",
        "<Image><Row><![CDATA[1]]></Row></Image>",
        "<Image><Row>1</Row><!-- c --></Image>",
        "<Image><Row>]]></Row></Image>",
        "<Image><Row>1\n</Row></Image>",
        "<Image><Row>1\ufffe</Row></Image>",
        "<Image><Row><x>1</x></Row></Image>",
        "<Image><Row>1</Col></Image>",
        "<Image><Row>1</Image>",
        "<Image>text<Row>1</Row></Image>",
        '<Image xmlns="u"><Row>1</Row></Image>',
        '<Image><Row xmlns="u">1</Row></Image>',
        '<Image><Row Unit="m" Unit="m">1</Row></Image>',
        "<Image><p:Row>1</p:Row></Image>",
        "<Image/>",
        "<!-- <Image><Row>1</Row></Image> -->",
        "",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(record: str) -> None:
    found: list[Record] = []
    assert (shapes().read(record, 0, found), found) == (0, [])


def test_a_file_of_many_shapes_makes_no_more_than_sixteen_expressions() -> None:
    found: list[Record] = []
    read = shapes()
    for number in range(100):
        read.read(f"<Image><Row>1</Row><x{number}>1</x{number}></Image>", 0, found)
    assert len(found) == 16


class _Pieces(io.RawIOBase):
    """A stream that returns pieces of the given sizes, then all that is left."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._stream, self._sizes = io.BytesIO(content), sizes

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(self._sizes.pop() if self._sizes else size)


def outcome(content: bytes, sizes: list[int], plain: bool) -> tuple[list[object], str | None]:
    """What is read by shapes, or by the parser alone, and what is said to be wrong."""
    found: list[object] = []
    repeated = ("Images", "Image") if plain else None
    try:
        for record in records(_Pieces(content, sizes), KINDS, FIELDS, lambda *_: None, repeated):  # type: ignore[arg-type]
            texts = {key: text for key, text in record.texts.items() if key}
            found.append((record.kind, dict(record.attributes), texts, dict(record.units)))
    except FormatError as error:
        return found, str(error)
    return found, None


ODD = (
    b"<!-- c -->",
    b"<![CDATA[x]]>",
    b"&amp;",
    b"&#65;",
    b"&undefined;",
    b"</Image>",
    b'<Image Version="1">',
    b"<!-- </Image> -->",
    b"<!--",
    b"-->",
    b"<?pi x?>",
    b"<a:b/>",
    b' x="1"',
    b' xmlns="u"',
    b"\xff",
    b"\xc2\xb5",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbf",
    b"\0",
    b"\r",
    b"]]>",
    b">",
    b"<",
    b"<Image/>",
    b"<Row>7</Row>",
    b"<Row/>",
    b"<Row> </Row>",
    b"</Images>",
    b"</Images><Images>",
    b'</Images><Images a="1">',
    b'</Images><x xmlns="u"><Images><Image><Row>1</Row></Image></Images></x><Images>',
    b'</Images><p:Images xmlns:p="http://www.perkinelmer.com/PEHH/HarmonyV5">',
    b"<!DOCTYPE a>",
)


def changed(content: bytes, chance: random.Random) -> bytes:
    """Repeat the images, then break, cut, copy or adorn the document in a few places."""
    start, end = content.index(b"<Images>") + 8, content.rindex(b"</Images>")
    changing = bytearray(content[:end] + content[start:end] * chance.randint(0, 4) + content[end:])
    for _ in range(chance.choice((0, 1, 1, 1, 2, 4))):
        at = chance.randrange(start if chance.random() < 0.9 else 0, len(changing))
        kind = chance.random()
        if kind < 0.4:
            at = changing.find(b">", at) + 1  # between two tags, or before a text
            changing[at:at] = chance.choice(ODD)
        elif kind < 0.6:
            changing[at:at] = chance.choice(ODD)
        elif kind < 0.7:
            changing[at] = chance.randrange(256)
        elif kind < 0.8:
            del changing[at : at + chance.randint(1, 30)]
        elif kind < 0.95:
            other = chance.randrange(len(changing))
            changing[at:at] = changing[other : other + chance.randint(1, 200)]
        else:
            del changing[max(at, start) :]
        if len(changing) <= start:
            break
    return bytes(changing)


def test_shapes_and_the_parser_read_the_same_of_any_damaged_index(plates: Path) -> None:
    """Same records before an error, and the same error at the same byte, however the bytes arrive."""
    chance = random.Random(20260101)
    contents = [path.read_bytes() for path in sorted(plates.glob("pe-*/**/Index*.xml"))]
    assert len(contents) == 3
    sound = 0
    for number in range(INPUTS):
        content = changed(contents[number % 3], chance)
        sizes = [chance.randint(1, chance.choice((50, 3000, 40000))) for _ in range(chance.randint(1, 20))]
        expected = outcome(content, [], plain=False)
        assert outcome(content, sizes, plain=True) == expected, f"input {number}"
        sound += expected[1] is None
    assert INPUTS // 10 < sound < INPUTS


def test_the_namespace_is_that_of_the_names_without_prefix() -> None:
    record = b"<Image><Row>1</Row></Image>"
    head = b'<?xml version="1.0" encoding="utf-8"?>'
    for begin, end, images in (
        (b'<p:r xmlns:p="u"><p:Images>', b"</p:Images></p:r>", 0),
        (b'<r xmlns="u"><Images xmlns="v">', b"</Images></r>", 0),
        (b'<p:r xmlns:p="u" xmlns="v"><Images>', b"</Images></p:r>", 0),
        (b'<r xmlns="u"><Images>', b"</Images></r>", 4),
        (b'<p:r xmlns:p="u" xmlns="u"><Images>', b"</Images></p:r>", 4),
    ):
        content = head + begin + record * 4 + end
        read = outcome(content, [len(record)] * 3 + [len(head + begin)], plain=True)
        assert read == outcome(content, [], plain=False)
        assert len(read[0]) == images


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "ascii"])
def test_other_encodings_are_left_to_the_parser(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><r><Images>' + "<Image><Row>~</Row></Image>" * 9
    content = (text + "</Images></r>").replace("~", "~" if encoding == "ascii" else "µ").encode(encoding)
    for size in (40, 80, 130):
        assert outcome(content, [size] * 4, plain=True) == outcome(content, [], plain=False)
