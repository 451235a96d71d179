"""Records out of a large XML document, one after the other, in bounded memory.

A record is an element with flat children, such as ``<Image><Row>1</Row>…</Image>``. A document may come
from anybody: a document type is refused, so no entity is ever expanded, and no name, attribute, text or
nesting can be made to fill the memory. ``iterparse`` would build an element for each of thirty children of
a million images, keep an emptied one for each image, and cannot refuse a document type; the parser below
it can. What is repeated most is kept from that parser as well, where it is plain: see ``shapes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, Final, TypeAlias
from xml.parsers import expat

from openhcs_host.errors import FormatError
from openhcs_microscope_operaphenix.shapes import Record, Shapes

__all__ = ["Path", "Record", "records"]

_PIECE: Final = 1 << 16
_LONGEST_TOKEN: Final = 1 << 20
_LONGEST_TEXT: Final = 1 << 16
_DEEPEST: Final = 32

Path: TypeAlias = tuple[str, ...]
"""Names of the elements below the root that lead to a record."""


def records(
    stream: BinaryIO,
    kinds: Mapping[Path, str],
    fields: Iterable[str],
    root: Callable[[str, str], None],
    repeated: Path | None = None,
) -> Iterator[Record]:
    """Yield the records of ``kinds`` in order; ``root`` is given namespace and name of the root, and may raise.

    ``repeated`` is the one of ``kinds`` that there are many of. Raises ``FormatError`` where the document
    breaks off or breaks a bound; what came before was yielded.
    """
    reader = _Reader(kinds, tuple(fields), root, repeated)
    found, last = reader.found, False
    while not last:
        piece = stream.read(_PIECE)
        last = not piece
        failure: FormatError | None = None
        try:
            reader.take(piece)
        except FormatError as error:
            failure = error
        yield from found
        found.clear()
        if failure is not None:
            raise failure


class _Reader:
    """Divides a document between the parser and, for plain records, their shapes."""

    def __init__(
        self,
        kinds: Mapping[Path, str],
        fields: tuple[str, ...],
        root: Callable[[str, str], None],
        repeated: Path | None,
    ) -> None:
        self.found: list[Record] = []
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._parser.EntityDeclHandler = _refuse
        self._handlers = _Handlers(self._parser, self.found, kinds, fields, root, repeated)
        self._shapes = Shapes(repeated[-1], kinds[repeated], fields) if repeated else None
        self._end = f"</{repeated[-1]}>" if repeated else ""
        self._rest = b""
        self._fed = self._spared = 0

    def take(self, piece: bytes) -> None:
        """Take the next bytes of the document, none at its end."""
        content, self._rest = self._rest + piece, b""
        if self._shapes and piece:
            cut = content.rfind(self._end.encode()) + len(self._end)
            if cut >= len(self._end):
                content, self._rest = content[:cut], content[cut:]
        if self._shapes and self._between_records():
            self._take_shapes(self._shapes, content)
        else:
            self._feed(content)
        if not piece:
            self._feed(b"", last=True)

    def _between_records(self) -> bool:
        """Whether the parser has consumed all it was fed, and what follows are records or their parent's end."""
        return self._handlers.among_plain_records and self._parser.CurrentByteIndex == self._fed

    def _take_shapes(self, shapes: Shapes, content: bytes) -> None:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self._feed(content)  # the parser says what is wrong, where it is
            return
        start = 0
        while start < len(text):
            stop = shapes.read(text, start, self.found)
            self._spared += len(text[start:stop].encode())
            start = stop
            stop = text.find(self._end, start) + len(self._end)
            if stop < len(self._end) or not self._between_records():
                stop = len(text)
            self._feed(text[start:stop].encode())
            start = stop
            if not self._between_records():
                break
        self._feed(text[start:].encode())

    def _feed(self, content: bytes, last: bool = False) -> None:
        self._fed += len(content)
        try:
            self._parser.Parse(content, last)
        except FormatError:
            raise
        except expat.ExpatError as error:
            at = self._spared + self._parser.ErrorByteIndex
            raise FormatError(f"broken XML ({expat.ErrorString(error.code)}, at byte {at})") from error
        except (LookupError, ValueError) as error:  # strange encodings
            raise FormatError(f"broken XML ({error})") from error
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TOKEN:
            raise FormatError(f"broken XML (a tag of more than {_LONGEST_TOKEN} bytes)")


class _Handlers:
    """What the parser calls: one pair of functions on the way to a record, one for its children."""

    def __init__(
        self,
        parser: expat.XMLParserType,
        found: list[Record],
        kinds: Mapping[Path, str],
        fields: tuple[str, ...],
        root: Callable[[str, str], None],
        repeated: Path | None,
    ) -> None:
        self._parser = parser
        self._kinds = kinds
        self._fields = fields
        self._root = root
        self._parent = list(repeated[:-1]) if repeated else None
        self._namespace = ""
        self._path: list[str] = []
        self._wanted: dict[str, str] = {}
        self._utf8 = self._plain = False
        self._inside = self._children(found)
        parser.XmlDeclHandler = self._declaration
        self._outside()

    @property
    def among_plain_records(self) -> bool:
        """Whether the children of the element that was begun last are the repeated records, in plain names."""
        return self._plain and self._path[1:] == self._parent

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self._utf8 = (encoding or "").lower() == "utf-8"

    def _outside(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition("}")
        path = self._path
        path.append(name)
        if len(path) == 1:
            self._root(namespace, name)
            self._namespace = namespace
            prefix = f"{namespace}}}" if namespace else ""
            self._wanted.update((prefix + field, field) for field in self._fields)
        elif len(path) > _DEEPEST:
            raise FormatError(f"more than {_DEEPEST} levels of elements")
        if path[1:] == self._parent:
            # A tag without prefix and without attributes: names without prefix below it are in its namespace.
            tag_here = (self._parser.GetInputContext() or b"").startswith(f"<{name}>".encode())
            self._plain = self._utf8 and namespace == self._namespace and tag_here
        kind = self._kinds.get(tuple(path[1:]))
        if kind is not None and namespace == self._namespace:
            self._inside(kind, attributes)

    def _end(self, tag: str) -> None:
        self._path.pop()

    def _children(self, found: list[Record]) -> Callable[[str, dict[str, str]], None]:
        """Return the function that takes over until the end of a record."""
        parser, wanted = self._parser, self._wanted.get
        record: Record
        texts: dict[str, str]
        units: dict[str, str]
        level, key = 0, _NONE

        # These three run for every child of every record that has no known shape.
        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal level, key
            level += 1
            if level > 1:  # no value, but a structure of its own
                key = _NONE
                if level > _DEEPEST:
                    raise FormatError(f"more than {_DEEPEST} levels of elements")
                return
            key = wanted(tag, _NONE)
            if key in texts:
                key = _NONE
            elif attributes and key is not _NONE:
                units[key] = attributes.get("Unit", "")

        def end(tag: str) -> None:
            nonlocal level, key
            key = _NONE
            level -= 1
            if level < 0:
                found.append(record)
                self._path.pop()
                self._outside()

        def data(text: str) -> None:
            if key is _NONE:
                return
            if key in texts:  # a long text comes in pieces
                text = texts[key] + text
                if len(text) > _LONGEST_TEXT:
                    raise FormatError(f"a value of more than {_LONGEST_TEXT} characters")
            texts[key] = text

        def inside(kind: str, attributes: dict[str, str]) -> None:
            nonlocal record, texts, units, level, key
            texts, units, level, key = {}, {}, 0, ""
            record = Record(kind, attributes, texts, units)
            parser.StartElementHandler = start
            parser.EndElementHandler = end
            parser.CharacterDataHandler = data

        return inside


_NONE: Final = "\0"  # no element has this name


def _refuse(*_: object) -> None:
    raise FormatError("it holds a document type, which Harmony never writes")
