"""Records out of a large XML document, one after the other, in bounded memory.

A record is an element with flat children, such as ``<Image><Row>1</Row>…</Image>``. A document may come
from anybody: a document type is refused, so no entity is ever expanded, and no name, attribute, text or
nesting can be made to fill the memory. ``iterparse`` would build an element for each of thirty children of
a million images, keep an emptied one for each image, and cannot refuse a document type; the parser below
it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple, TypeAlias
from xml.parsers import expat

from openhcs_host.errors import FormatError

__all__ = ["Path", "Record", "records"]

_PIECE: Final = 1 << 16
_LONGEST_TOKEN: Final = 1 << 20
_LONGEST_TEXT: Final = 1 << 16
_DEEPEST: Final = 32


class Record(NamedTuple):
    """One element of a document and the texts of its children."""

    kind: str
    """What the caller calls this sort of element."""
    attributes: dict[str, str]
    """Its attributes."""
    texts: dict[str, str]
    """Child to text, for the children asked for; of equal children the first counts. ``""`` is its own."""
    units: dict[str, str]
    """Child to its attribute ``Unit``, for children that have attributes."""


Path: TypeAlias = tuple[str, ...]
"""Names of the elements below the root that lead to a record."""


def records(
    stream: BinaryIO, kinds: Mapping[Path, str], fields: Iterable[str], root: Callable[[str, str], None]
) -> Iterator[Record]:
    """Yield the records of ``kinds`` in order; ``root`` is given namespace and name of the root, and may raise.

    Raises ``FormatError`` where the document breaks off or breaks a bound; what came before was yielded.
    """
    found: list[Record] = []
    parser, fed = expat.ParserCreate(namespace_separator="}"), 0
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    _Handlers(parser, found, kinds, tuple(fields), root)
    while True:
        piece = stream.read(_PIECE)
        fed += len(piece)
        failure: Exception | None = None
        try:
            parser.Parse(piece, not piece)
        except (FormatError, expat.ExpatError, LookupError, ValueError) as error:
            failure = error  # the latter two are strange encodings
        yield from found
        found.clear()
        if isinstance(failure, FormatError):
            raise failure
        if failure is not None:
            raise FormatError(f"broken XML ({failure})") from failure
        if not piece:
            return
        if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
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
    ) -> None:
        self._parser = parser
        self._kinds = kinds
        self._fields = fields
        self._root = root
        self._namespace = ""
        self._path: list[str] = []
        self._wanted: dict[str, str] = {}
        self._inside = self._children(found)
        self._outside()

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

        # These three run for every child of every image of the plate.
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
            elif attributes:
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
