"""Values of documents as the kind they should be, or a ``PlateError`` that says where they are not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from openhcs_host.errors import PlateError
from openhcs_host.plates.wording import shown

__all__ = ["as_integer", "as_list", "as_object", "as_text", "integers", "numbers", "section"]

_NUMERIC: Final = frozenset((int, float))  # and not bool


def section(attributes: Mapping[str, Any], key: str) -> tuple[object, str | None]:
    """Return a part of NGFF metadata and its version, from where 0.5 or where 0.4 keeps it.

    Without such a part the first is ``None``. Versions that are no text count as unknown.
    """
    ome = attributes.get("ome")
    if isinstance(ome, dict) and key in ome:
        version = ome.get("version")
        return ome[key], version if isinstance(version, str) else None
    found = attributes.get(key)
    holder = found[0] if isinstance(found, list) and found else found
    version = holder.get("version") if isinstance(holder, dict) else None
    return found, version if isinstance(version, str) else None


def as_object(found: object, where: str) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(found, dict):
        raise PlateError(f"{where} is {shown(found)} and should be an object")
    return found


def as_list(found: object, where: str) -> list[Any]:
    """Return a JSON list."""
    if not isinstance(found, list):
        raise PlateError(f"{where} is {shown(found)} and should be a list")
    return found


def as_text(found: object, where: str) -> str | None:
    """Return a text, ``None`` if there is nothing."""
    if found is not None and not isinstance(found, str):
        raise PlateError(f"{where} is {shown(found)} and should be text")
    return found


def as_integer(found: object, where: str) -> int | None:
    """Return a whole number, ``None`` if there is nothing."""
    if found is not None and (isinstance(found, bool) or not isinstance(found, int)):
        raise PlateError(f"{where} is {shown(found)} and should be a whole number")
    return found


def integers(found: object, where: str, count: int | None = None) -> tuple[int, ...]:
    """Return a list of whole numbers, ``count`` of them if that is given."""
    items = as_list(found, where)
    if any(type(item) is not int for item in items) or (count is not None and len(items) != count):
        raise PlateError(f"{where} is {shown(found)} and should be {count or 'some'} whole numbers")
    return tuple(items)


def numbers(found: object, where: str, count: int) -> tuple[float, ...]:
    """Return a list of ``count`` finite numbers."""
    if isinstance(found, list) and len(found) == count and _NUMERIC.issuperset(map(type, found)):
        try:
            values = tuple(map(float, found))
        except OverflowError:  # an integer beyond every float
            values = (math.inf,)
        if all(map(math.isfinite, values)):
            return values
    raise PlateError(f"{where} is {shown(found)} and should be {count} numbers")
