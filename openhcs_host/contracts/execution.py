"""The contracts of running: executors, function libraries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

import attrs

from openhcs_host.contracts.provided import Provided

__all__ = ["Executor", "FunctionEntry", "FunctionLibrary", "Outcome"]


@attrs.frozen
class Outcome:
    """How one task ended: with a value, or with the exception that it raised."""

    task: Any
    """The task as it was given."""
    value: Any = None
    """What the work returned."""
    error: Exception | None = None
    """What the work raised, traceback included; ``None`` when it returned."""


class Executor(Provided, ABC):
    """Runs one piece of work over many independent tasks; the unit of a plate is a well."""

    @abstractmethod
    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[Outcome, None, None]:
        """Yield one ``Outcome`` per task as each ends, in any order.

        An ``Exception`` of one task ends that task only. ``KeyboardInterrupt`` ends the run: tasks
        not begun are dropped, those begun are waited for. So does closing the generator.
        """


@attrs.frozen
class FunctionEntry:
    """What a catalogue says of a function before its library is imported."""

    name: str
    """Name within the library, ``gaussian``."""
    memory_type: str
    """Key of the memory type that it takes and returns."""
    summary: str
    """One sentence."""
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    """Parameter name to default."""


class FunctionLibrary(Provided, ABC):
    """A library of image functions that pipelines name as ``library:function``."""

    @abstractmethod
    def catalogue(self) -> Sequence[FunctionEntry]:
        """Return every function offered, without importing the library itself."""

    @abstractmethod
    def function(self, name: str) -> Callable[..., Any]:
        """Return the function, importing its library; ``LookupError`` if there is none."""
