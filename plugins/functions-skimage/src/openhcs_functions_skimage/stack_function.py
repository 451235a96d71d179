"""A library's function on stacks [Z, Y, X], plane by plane or as a volume."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from openhcs_functions_skimage.forms import FORMS, TAKES, library_function
from openhcs_functions_skimage.table import Row, rows
from openhcs_host.errors import ArrayError

__all__ = ["StackFunction"]

Array = np.ndarray[Any, Any]


@attrs.frozen
class StackFunction:
    """The function of this name in the catalogue; pickled as its name.

    Called with a NumPy stack and the keywords of its entry. Keywords that are arrays of the shape of the stack are
    cut into planes with it, others handed over whole. What the library does not change may be a view of the stack.
    Raises ``ArrayError`` for what is no stack, ``TypeError`` for a keyword that the entry does not have, and
    whatever the library raises.
    """

    name: str
    """As in the catalogue."""

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, stack: Array, /, *, volume: bool = False, **keywords: Any) -> Any:
        """Return the stack that the function makes; with a table, a tuple of the stack given and the table."""
        row = rows()[self.name]
        _check_stack(self.name, stack)
        _check_keywords(row, keywords, volume)
        take = TAKES[row.takes]
        work = functools.partial(FORMS[row.form], library_function(row.entry.path))
        words = {**row.given, **keywords}
        if volume:
            made = [work(take(stack), words)]
        else:
            made = [work(take(plane), _cut(words, stack.shape, z)) for z, plane in enumerate(stack)]
        if row.form == "table":
            return stack, made[0] if volume else _joined(made)
        return made[0] if volume else np.stack(made)


def _cut(words: Mapping[str, Any], shape: tuple[int, ...], z: int) -> dict[str, Any]:
    return {
        name: value[z] if isinstance(value, np.ndarray) and value.shape == shape else value
        for name, value in words.items()
    }


def _joined(tables: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"plane": z, **row} for z, table in enumerate(tables) for row in table]


def _check_stack(name: str, stack: object) -> None:
    if not isinstance(stack, np.ndarray) or stack.ndim != 3 or not stack.shape[0]:
        found = f"an array of shape {stack.shape}" if isinstance(stack, np.ndarray) else type(stack).__name__
        raise ArrayError(
            f"{name} takes a NumPy stack [Z, Y, X] with at least one plane and was given {found}; "
            "make a single image a stack of one plane: image[None]"
        )


def _check_keywords(row: Row, keywords: Mapping[str, Any], volume: bool) -> None:
    entry = row.entry
    if volume and entry.scope != "either":
        raise TypeError(f"{entry.name} works plane by plane only: {entry.path} knows no volumes")
    known = [parameter.name for parameter in entry.parameters]
    unknown = sorted(set(keywords) - set(known))
    if unknown:
        raise TypeError(
            f"{entry.name} has no parameter {', '.join(map(repr, unknown))}; it has {', '.join(known) or 'none'}"
        )
    if isinstance(keywords.get("output"), np.ndarray):
        raise ArrayError(
            f"{entry.name}: output names the dtype of the result, for example 'float32'; an array is not written to"
        )
