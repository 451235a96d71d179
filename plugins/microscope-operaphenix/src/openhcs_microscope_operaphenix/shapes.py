"""Records of one shape, each read by one regular expression.

An Index is one record a million times over: the same elements in the same order. Once the shape of a record is
known, an expression made for it reads the next ones several times faster than a parser that calls back for every
element. An expression matches nothing but a narrow part of XML: ASCII names without prefix, at most the one
attribute ``Unit``, texts without markup, references and control characters. All else is no match, and the caller
gives it to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

__all__ = ["Record", "Shapes"]

# What no text and no attribute of a match holds: markup, references, line breaks (which XML rewrites) and
# characters that XML forbids.
_NOT: Final = r"<>&\x00-\x1f\ufffe\uffff"
_SPACE: Final = r"[ \t\r\n]{0,256}"
_TEXT: Final = rf"[^{_NOT}]{{1,4096}}"
_CHILD: Final = (
    rf"(?P<space>{_SPACE})<(?P<name>[A-Za-z_][A-Za-z0-9_]{{0,63}})(?: Unit=\"(?P<unit>[^\"{_NOT}]{{0,16}})\")?"
    rf"(?: ?/>|>(?P<text>{_TEXT})?</(?P=name)>)"
)
_MOST_CHILDREN: Final = 100
# A file of more shapes than this is no plate's, and making an expression takes time.
_MOST_SHAPES: Final = 16


class Record(NamedTuple):
    """One element of a document and the texts of its children."""

    kind: str
    """What the caller calls this sort of element."""
    attributes: Mapping[str, str]
    """Its attributes."""
    texts: dict[str, str]
    """Child to text, for the children asked for that have one; of equal children the first counts.
    ``""`` is its own, up to its first child."""
    units: Mapping[str, str]
    """Child to its attribute ``Unit``, for the children asked for that have attributes."""


class _Shape(NamedTuple):
    """The elements of a record in order, and what is equal in all records that match."""

    expression: re.Pattern[str]
    names: tuple[str, ...]
    attributes: Mapping[str, str]
    units: Mapping[str, str]


class Shapes:
    """Reads records of one element name by the shapes that were seen so far."""

    def __init__(self, name: str, kind: str, fields: Iterable[str]) -> None:
        self._name = name
        self._kind = kind
        self._fields = frozenset(fields)
        self._shapes: list[_Shape] = []
        self._child = re.compile(_CHILD)
        # Within the repetition the groups have no names, and an element is closed by its own name.
        child = re.sub(r"\?P<(?:space|unit|text)>", "?:", _CHILD)
        self._record = re.compile(
            rf"(?P<before>{_SPACE})<{name}(?: Version=\"(?P<version>[0-9.]{{1,8}})\")?>"
            rf"(?P<children>(?:{child}){{1,{_MOST_CHILDREN}}})(?P<after>{_SPACE})</{name}>"
        )

    def read(self, text: str, start: int, found: list[Record]) -> int:
        """Append the records that begin at ``start``, one after the other; return where the first other begins."""
        kind, shape = self._kind, self._shape_at(text, start)
        while shape is not None:
            expression, names, attributes, units = shape
            match = expression.match(text, start)
            while match is not None:  # this runs for every plane of the plate
                found.append(Record(kind, attributes, dict(zip(names, match.groups(), strict=True)), units))
                start = match.end()
                match = expression.match(text, start)
            shape = self._shape_at(text, start)
        return start

    def _shape_at(self, text: str, start: int) -> _Shape | None:
        for number, known in enumerate(self._shapes):
            if known.expression.match(text, start):
                self._shapes.insert(0, self._shapes.pop(number))  # neighbours are mostly alike
                return known
        match = self._record.match(text, start) if len(self._shapes) < _MOST_SHAPES else None
        shape = None if match is None else self._shape(match)
        if shape is not None:
            self._shapes.insert(0, shape)
        return shape

    def _shape(self, record: re.Match[str]) -> _Shape | None:
        """Return the shape of a record; ``None`` if it names a child twice, of which the first would count."""
        children = list(self._child.finditer(record["children"]))
        seen = {child["name"] for child in children}
        if len(seen) < len(children):
            return None
        version = record["version"]
        opening = self._name if version is None else f'{self._name} Version="{version}"'
        parts = [
            f"{re.escape(record['before'])}<{re.escape(opening)}>",
            *map(self._part, children),
            f"{re.escape(record['after'])}</{self._name}>",
        ]
        wanted = [child for child in children if child["name"] in self._fields]
        return _Shape(
            re.compile("".join(parts)),
            tuple(child["name"] for child in wanted if child["text"] is not None),
            {} if version is None else {"Version": version},
            {child["name"]: child["unit"] for child in wanted if child["unit"] is not None},
        )

    def _part(self, child: re.Match[str]) -> str:
        """Return the expression of one child: everything as it is, except its text."""
        if child["text"] is None:
            return re.escape(child[0])
        opening, closing = re.escape(child[0][: child.start("text") - child.start()]), f"</{child['name']}>"
        return (
            f"{opening}({_TEXT}){closing}" if child["name"] in self._fields else f"{opening}{_TEXT}{closing}"
        )
