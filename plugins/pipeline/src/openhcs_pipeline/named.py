"""Functions by name: ``skimage:gaussian``, or ``gaussian`` where one installed library has it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from openhcs_host import Host
from openhcs_host.contracts.execution import FunctionEntry, FunctionLibrary
from openhcs_host.decorators import memory
from openhcs_host.errors import PipelineError, PluginBlockedError, PluginConflictError, PluginError
from openhcs_pipeline.object_tables import object_table
from openhcs_pipeline.special import Declared

__all__ = ["FunctionName", "NamedFunction", "Offers", "find_function", "offers"]


@attrs.frozen
class FunctionName:
    """A function that is yet to be found among the installed libraries."""

    name: str
    """Name within the library."""
    library: str | None = None
    """Key of the library; ``None`` leaves it open."""

    @classmethod
    def parse(cls, text: str) -> FunctionName:
        """Read ``library:name`` or ``name``; ``PipelineError`` for anything else."""
        library, colon, name = text.rpartition(":")
        words = (library, name) if colon else (name,)
        if not all(word and ":" not in word and not any(map(str.isspace, word)) for word in words):
            raise PipelineError(
                f"{text!r} is no name of a function; write 'library:name', for example 'skimage:gaussian', or 'name'"
            )
        return cls(name, library if colon else None)

    def __str__(self) -> str:
        return self.name if self.library is None else f"{self.library}:{self.name}"

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Refuse: a name is no function; raises ``PipelineError``."""
        raise PipelineError(f"{str(self)!r} has not been looked up; compile the pipeline, and run the plan")


@attrs.frozen
class NamedFunction:
    """A library's function that was found by its name. Calling it calls the function."""

    library: str
    """Key of the library."""
    entry: FunctionEntry
    """What its catalogue says of it."""
    function: Callable[..., Any] = attrs.field(repr=False)
    """Takes stacks of every installed memory type."""
    versions: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """The library's distribution and those behind it, with their versions."""
    table: str = ""
    """Name of the first table that it returns beside its image; its own name if empty."""

    @property
    def __name__(self) -> str:
        return f"{self.library}:{self.entry.name}"

    @property
    def openhcs_memory(self) -> Any:
        """The memory contract of the function."""
        return self.function.openhcs_memory  # type: ignore[attr-defined]

    @property
    def __special_outputs__(self) -> tuple[Declared, ...]:
        name = self.table or self.entry.name
        tables = range(1, len(self.entry.outputs))
        return tuple(Declared(name if n == 1 else f"{name}_{n}", object_table) for n in tables)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function."""
        return self.function(*arguments, **keywords)


@attrs.frozen
class Offers:
    """What the installed function libraries offer, by their catalogues."""

    entries: tuple[tuple[str, FunctionEntry], ...]
    """Key of the library and entry, the libraries in order of their keys."""
    troubles: tuple[str, ...] = ()
    """Libraries that cannot be asked because they are broken, one sentence each."""
    conflicts: tuple[str, ...] = ()
    """Libraries that several distributions offer while the site says nothing."""

    def named(self, name: str) -> tuple[str, ...]:
        """Return the full names of the functions of this name."""
        return tuple(f"{library}:{entry.name}" for library, entry in self.entries if entry.name == name)

    def like(self, name: str, library: str | None = None) -> tuple[str, ...]:
        """Return up to five full names that are nearest to this one, the nearest first."""
        known: dict[str, list[str]] = {}
        for key, entry in self.entries:
            if library in (None, key):
                known.setdefault(entry.name, []).append(f"{key}:{entry.name}")
        near = [word for word in known if name in word]
        near.sort(key=lambda word: (len(word), word))
        near += difflib.get_close_matches(name, known, n=5)
        return tuple(full for word in dict.fromkeys(near) for full in known[word])[:5]


def offers(host: Host) -> Offers:
    """Ask every function library that policy lets be used for its catalogue; array libraries stay unimported."""
    entries: list[tuple[str, FunctionEntry]] = []
    troubles: list[str] = []
    conflicts: list[str] = []
    for key in host.index.keys("functions"):
        try:
            library = host.functions(key)
        except PluginBlockedError:
            continue  # the site, or a process without accelerators, does without it
        except PluginConflictError as error:
            conflicts.append(str(error))
        except PluginError as error:
            troubles.append(str(error))
        else:
            try:
                entries += [(key, entry) for entry in library.catalogue()]
            except Exception as error:  # noqa: BLE001 - one library's broken catalogue must not hide the others
                troubles.append(
                    f"the catalogue of function library {key!r} fails: {type(error).__name__}: {error}"
                )
    return Offers(tuple(entries), tuple(troubles), tuple(conflicts))


def find_function(host: Host, name: FunctionName, keywords: Mapping[str, Any]) -> NamedFunction:
    """Return the one function of this name, its library imported, after checking the keywords.

    Raises ``PipelineError`` if there is none, or several, or for keywords that it does not have or lacks; what the
    host raises for a library that was named passes.
    """
    key = name.library if name.library is not None else _only_library(offers(host), name.name)
    library = host.functions(key)
    entry = next((entry for entry in library.catalogue() if entry.name == name.name), None)
    if entry is None:
        raise PipelineError(
            f"function library {key!r} has no function {name.name!r}{_guess(host, name, key)}"
        )
    _check_keywords(f"{key}:{entry.name}", entry, keywords)
    try:
        function = library.function(entry.name)
    except (ImportError, LookupError) as error:
        raise PipelineError(
            f"{key}:{entry.name} is in the catalogue and cannot be had: {type(error).__name__}: {error}. "
            f"Reinstall {host.resolve('functions', key).provider.distribution} with its dependencies."
        ) from error
    if not hasattr(function, "openhcs_memory"):
        function = memory(entry.memory_type)(function)
    return NamedFunction(key, entry, function, _versions(host, library))


def _only_library(found: Offers, name: str) -> str:
    candidates = found.named(name)
    if found.conflicts:
        raise PipelineError(f"{name!r} cannot be looked up. " + " ".join(found.conflicts))
    if len(candidates) == 1:
        return candidates[0].partition(":")[0]
    if candidates:
        raise PipelineError(f"{name!r} is offered by several libraries; write {_either(candidates)}")
    near = found.like(name)
    guess = f" Did you mean {_either(near)}?" if near else ""
    broken = " ".join(("", *found.troubles))
    raise PipelineError(
        f"no function library that may be used here offers {name!r}.{guess} `openhcs functions` lists all.{broken}"
    )


def _guess(host: Host, name: FunctionName, key: str) -> str:
    near = offers(host).like(name.name, key)
    return f"; did you mean {_either(near)}?" if near else f"; `openhcs functions` lists those of {key!r}"


def _check_keywords(full: str, entry: FunctionEntry, keywords: Mapping[str, Any]) -> None:
    known = {parameter.name: parameter for parameter in entry.parameters}
    unknown = sorted(keywords.keys() - known.keys())
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise PipelineError(
            f"{full} has no parameter {', '.join(map(repr, unknown))}; it has {', '.join(known) or 'none'}.{guess}"
        )
    lacking = [p.name for p in entry.parameters if p.default is None and p.name not in keywords]
    if lacking:
        raise PipelineError(f"{full} needs {', '.join(lacking)}; give it with the step, {lacking[0]}=…")


def _versions(host: Host, library: FunctionLibrary) -> dict[str, str]:
    provider = host.resolve("functions", library.key).provider
    return {provider.distribution: provider.version, **library.versions()}


def _either(names: Iterable[str]) -> str:
    return " or ".join(map(repr, names))
