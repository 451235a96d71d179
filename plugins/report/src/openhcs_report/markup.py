"""Building HTML and SVG as a tree, so that no text can become markup."""

from __future__ import annotations

import re
from typing import Final, TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["Content", "document", "element", "open_when", "table", "text"]

Content: TypeAlias = Element | str | None
"""What stands in an element; ``None`` is nothing."""

# Controls are no characters of HTML, and half a surrogate pair is no character of UTF-8.
_NO_CHARACTERS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def text(value: object) -> str:
    """Return a value as text that HTML and UTF-8 can hold; what they cannot becomes ``�``."""
    return _NO_CHARACTERS.sub("�", str(value))


def element(tag: str, /, *content: Content, **attributes: object) -> Element:
    """Return an element; an attribute that is ``None`` is left out.

    ``class_`` stands for ``class``, and other underscores in names for hyphens.
    """
    made = Element(
        tag,
        {
            name.rstrip("_").replace("_", "-"): text(value)
            for name, value in attributes.items()
            if value is not None
        },
    )
    last: Element | None = None
    for part in content:
        if isinstance(part, Element):
            made.append(part)
            last = part
        elif part is not None and last is None:
            made.text = (made.text or "") + text(part)
        elif part is not None and last is not None:
            last.tail = (last.tail or "") + text(part)
    return made


def open_when(condition: bool, summary: Content, *content: Content, class_: str | None = None) -> Element:
    """Return a part that people can fold, unfolded at first if ``condition`` holds."""
    opened = "" if condition else None
    return element("details", element("summary", summary), *content, open=opened, class_=class_)


def table(headings: list[str], rows: list[list[Content]], *, caption: str, class_: str = "") -> Element:
    """Return a table whose first column names its rows; it scrolls by itself where it is too wide."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = [
        element("tr", element("th", cells[0], scope="row"), *(element("td", cell) for cell in cells[1:]))
        for cells in rows
    ]
    made = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *body),
        class_=class_ or None,
    )
    return element("div", made, class_="wide")


def document(root: Element) -> str:
    """Return the whole document as HTML."""
    return f"<!doctype html>\n{ElementTree.tostring(root, encoding='unicode', method='html')}\n"
