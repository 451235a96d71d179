"""The contracts of running: executors, function libraries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import attrs

from openhcs_host.contracts.provided import Provided

__all__ = [
    "Executor",
    "FunctionEntry",
    "FunctionLibrary",
    "FunctionOutput",
    "FunctionParameter",
    "FunctionScope",
    "Outcome",
]

FunctionOutput: TypeAlias = Literal["image", "labels", "table"]
FunctionScope: TypeAlias = Literal["slice", "volume", "either"]


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

    shares_memory: ClassVar[bool] = True
    """Whether work is called in this process. If not, work, tasks and values travel by cloudpickle, and
    what tasks keep in memory is gone with their process."""

    @abstractmethod
    def run(self, work: Callable[[Any], Any], tasks: Iterable[Any]) -> Generator[Outcome, None, None]:
        """Yield one ``Outcome`` per task as each ends, in any order.

        An ``Exception`` of one task ends that task only; so does the death of its process, where it has
        one. ``KeyboardInterrupt`` ends the run: tasks not begun are dropped, those begun are waited for. So
        does closing the generator.
        """


@attrs.frozen
class FunctionParameter:
    """One keyword of a function, as a catalogue lists it."""

    name: str
    """As it is given."""
    type: str = ""
    """What it takes, for people: ``scalar or sequence of scalars``."""
    default: str | None = None
    """As Python writes it, ``2.0`` or ``'reflect'``; ``None`` if it must be given."""


@attrs.frozen
class FunctionEntry:
    """What a catalogue says of a function before its library is imported."""

    name: str
    """Name within the library, ``gaussian``."""
    memory_type: str
    """Key of the memory type that it takes and returns."""
    summary: str
    """One sentence."""
    path: str = ""
    """Where the library itself has it, ``skimage.filters.gaussian``."""
    call: str = ""
    """What is called on a plane or on the stack, as an expression; empty where there is no more to say."""
    scope: FunctionScope = "slice"
    """Whether planes are worked on one by one, or the stack as a volume; ``either`` has a keyword ``volume``."""
    parameters: tuple[FunctionParameter, ...] = ()
    """Its keywords, in order; the stack, which comes first, is not among them."""
    outputs: tuple[FunctionOutput, ...] = ("image",)
    """What it returns: an image or labels, then tables, each a list of rows (dictionaries)."""


class FunctionLibrary(Provided, ABC):
    """A library of image functions that pipelines name as ``library:function``.

    A function takes a stack [Z, Y, X] of its memory type and keywords, and returns a stack, or a tuple of a stack and
    tables if its entry says so. It does not change what it is given, and it can be pickled.
    """

    @abstractmethod
    def catalogue(self) -> Sequence[FunctionEntry]:
        """Return every function offered, without importing the library itself."""

    @abstractmethod
    def function(self, name: str) -> Callable[..., Any]:
        """Return the function, importing its library; ``LookupError`` if there is none."""

    def versions(self) -> Mapping[str, str]:
        """Return the distributions whose code the functions run, with their versions, importing none of them."""
        return {}
