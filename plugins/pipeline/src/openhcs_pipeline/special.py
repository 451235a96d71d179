"""Special outputs: what a function produces beside its image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import attrs

from openhcs_host import FileManager

__all__ = ["Declared", "Materializer", "SpecialOutput", "declared_outputs", "special_outputs"]

F = TypeVar("F", bound=Callable[..., Any])


@attrs.frozen
class SpecialOutput:
    """One value that a function returned, and the stack it came from.

    A component that was stacked is ``None``.
    """

    well: str
    site: int | None
    channel: int | None
    z_index: int | None
    timepoint: int | None
    value: Any


Materializer = Callable[[Sequence[SpecialOutput], str, FileManager, str], str]
"""Turns the special outputs of a plate into files: ``(data, path, filemanager, backend) -> path``."""


@attrs.frozen
class Declared:
    """A special output that a function declares."""

    name: str
    """Name in the results, and of the files."""
    materialize: Materializer | None = None
    """What makes files of it, once per plate; ``None`` keeps it in memory only."""


def special_outputs(*outputs: str | tuple[str, Materializer]) -> Callable[[F], F]:
    """Declare what a function returns after its image, in order.

    ::

        @special_outputs(("nuclei", counts_per_well))
        def count(stack):
            ...
            return stack, number
    """
    declared = tuple(Declared(*((output,) if isinstance(output, str) else output)) for output in outputs)

    def mark(function: F) -> F:
        function.__special_outputs__ = declared  # type: ignore[attr-defined]
        return function

    return mark


def declared_outputs(function: Callable[..., Any]) -> tuple[Declared, ...]:
    """Return the special outputs that a function declares."""
    found: tuple[Declared, ...] = getattr(function, "__special_outputs__", ())
    return found
