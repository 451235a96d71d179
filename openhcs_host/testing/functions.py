"""The kit of function libraries."""

from __future__ import annotations

import ast
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
import pytest

from openhcs_host.arrays.conversion import convert
from openhcs_host.contracts.execution import FunctionEntry, FunctionLibrary
from openhcs_host.seam.host import Host
from openhcs_host.testing.backends import HostedKit

__all__ = ["FunctionsKit"]

Array = np.ndarray[Any, Any]

_LISTING: Final = """
import json, sys
from openhcs_host import Host
key, config = sys.argv[1], json.loads(sys.argv[2])
with Host() as host:
    library = host.functions(key, **config)
    names = [entry.name for entry in library.catalogue()]
    library.versions()
print(json.dumps([names, sorted(sys.modules)]))
"""


class FunctionsKit(HostedKit):
    """Certifies a function library; the memory types of its functions must be installed.

    ::

        class TestSkimage(FunctionsKit):
            key = "skimage"
            libraries = ("skimage", "scipy")
            keywords = {"gaussian_filter": {"sigma": 2.0}}
    """

    libraries: ClassVar[tuple[str, ...]]
    """Modules that a catalogue must not import, ``()`` if there is nothing behind the library."""
    keywords: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    """Keywords by function, for those that cannot be called without."""

    @pytest.fixture
    def library(self, host: Host) -> FunctionLibrary:
        """Return the library as the host hands it out."""
        return host.functions(self.key, **self.config)

    def stack_for(self, entry: FunctionEntry) -> Array:
        """Return a stack [Z, Y, X] on which a function can work: bright blobs of uint16 unless overridden."""
        y, x = np.mgrid[0:24, 0:30]
        blobs = [(5, 6, 900), (15, 20, 4000), (9, 24, 2000)]
        planes = [
            100 + 7 * z + sum(h * np.exp(-((y - cy - z) ** 2 + (x - cx) ** 2) / 8) for cy, cx, h in blobs)
            for z in range(3)
        ]
        return np.stack(planes).astype(np.uint16)

    def _calls(self, host: Host, library: FunctionLibrary) -> Iterator[tuple[FunctionEntry, Any]]:
        """Yield each function's entry, and what calls it with NumPy in and out."""
        for entry in library.catalogue():
            function = library.function(entry.name)
            yield entry, _Caller(host, entry, function, dict(self.keywords.get(entry.name, {})))

    def test_the_catalogue_can_be_used(self, host: Host, library: FunctionLibrary) -> None:
        """Names are unique, every function is described, parameters and defaults are Python."""
        entries = list(library.catalogue())
        assert entries and entries == list(library.catalogue())
        names = [entry.name for entry in entries]
        assert len(set(names)) == len(names), f"names stand twice: {names}"
        for entry in entries:
            assert isinstance(entry, FunctionEntry)
            assert not set(entry.name) & set(": \t\n") and entry.name, f"{entry.name!r} cannot be named"
            assert entry.memory_type in host.index.keys("memory"), f"{entry.name}: {entry.memory_type}"
            assert entry.summary.strip().endswith("."), f"{entry.name}: its summary is no sentence"
            assert entry.scope in ("slice", "volume", "either"), entry.name
            kinds = (*entry.outputs[1:], entry.outputs[0])
            assert set(kinds[:-1]) <= {"table"} and kinds[-1] in ("image", "labels"), (
                f"{entry.name}: {entry.outputs}"
            )
            words = [parameter.name for parameter in entry.parameters]
            assert len(set(words)) == len(words) and all(map(str.isidentifier, words)), (
                f"{entry.name}: {words}"
            )
            assert ("volume" in words) == (entry.scope == "either"), (
                f"{entry.name}: {entry.scope} and {words}"
            )
            for parameter in entry.parameters:
                if parameter.default is not None:
                    ast.parse(parameter.default, mode="eval")

    def test_the_catalogue_imports_no_library(self, library: FunctionLibrary) -> None:
        """Listing, in a new process, leaves the libraries behind it unimported."""
        done = subprocess.run(
            [sys.executable, "-c", _LISTING, self.key, json.dumps(dict(self.config))],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert done.returncode == 0, done.stderr
        names, modules = json.loads(done.stdout.splitlines()[-1])
        assert names == [entry.name for entry in library.catalogue()]
        assert not set(self.libraries) & set(modules)

    def test_every_name_is_a_function_and_no_other(self, library: FunctionLibrary) -> None:
        """``function`` hands out what the catalogue lists, and raises ``LookupError`` for anything else."""
        for entry in library.catalogue():
            assert callable(library.function(entry.name)), entry.name
        for name in ("no_such_function", "", "__class__", "catalogue"):
            with pytest.raises(LookupError):
                library.function(name)

    def test_results_are_what_the_entry_says(self, host: Host, library: FunctionLibrary) -> None:
        """A stack of planes, then the tables, each a list of rows with the same keys."""
        for entry, call in self._calls(host, library):
            image, tables = call(self.stack_for(entry))
            assert image.ndim == 3 and len(image), f"{entry.name} returned shape {image.shape}"
            assert len(tables) == len(entry.outputs) - 1, f"{entry.name} returned {len(tables)} tables"
            if entry.outputs[0] == "labels":
                assert image.dtype.kind in "iu", f"{entry.name}: labels of {image.dtype}"
            for table in tables:
                assert isinstance(table, list) and all(isinstance(row, dict) for row in table), entry.name
                assert len({tuple(row) for row in table}) <= 1, f"{entry.name}: rows of different keys"

    def test_what_is_given_stays_as_it_is(self, host: Host, library: FunctionLibrary) -> None:
        """No function writes into its stack."""
        for entry, call in self._calls(host, library):
            given = self.stack_for(entry)
            own = convert(given.copy(), entry.memory_type, copy=True, host=host)
            call.function(own, **call.keywords)
            assert np.array_equal(convert(own, "numpy", host=host), given), f"{entry.name} changed its stack"

    def test_planes_are_worked_on_as_the_scope_says(self, host: Host, library: FunctionLibrary) -> None:
        """Plane by plane, each result depends on its plane alone; as a volume, the stack is taken whole."""
        for entry, call in self._calls(host, library):
            stack = self.stack_for(entry)
            if entry.scope != "volume":
                whole, _ = call(stack)
                for z in range(len(stack)):
                    alone, _ = call(stack[z : z + 1])
                    assert np.array_equal(alone[0], whole[z], equal_nan=whole.dtype.kind == "f"), entry.name
            if entry.scope == "either":
                assert call(stack, volume=True)[0].ndim == 3, entry.name

    def test_defaults_are_those_of_the_catalogue(self, host: Host, library: FunctionLibrary) -> None:
        """A default given in so many words changes nothing; what must be given is missed."""
        for entry, call in self._calls(host, library):
            stack = self.stack_for(entry)
            words = {p.name: _value(p.default) for p in entry.parameters if p.default is not None}
            spelt = {name: value for name, value in words.items() if value is not _UNREADABLE}
            _assert_same(call(stack, **{**spelt, **call.keywords}), call(stack), entry.name)
            for parameter in entry.parameters:
                if parameter.default is None:
                    less = {name: value for name, value in call.keywords.items() if name != parameter.name}
                    with pytest.raises(TypeError):
                        call.function(call.given(stack), **less)

    def test_unknown_keywords_are_refused(self, host: Host, library: FunctionLibrary) -> None:
        """A misspelt keyword is a ``TypeError``, never ignored."""
        for entry, call in self._calls(host, library):
            with pytest.raises(TypeError):
                call(self.stack_for(entry), no_such_keyword=1)

    def test_the_same_gives_the_same(self, host: Host, library: FunctionLibrary) -> None:
        """Called again, and pickled and back, a function makes the same."""
        for entry, call in self._calls(host, library):
            stack = self.stack_for(entry)
            first = call(stack)
            _assert_same(call(stack), first, entry.name)
            other = pickle.loads(pickle.dumps(call.function))
            _assert_same(_Caller(host, entry, other, call.keywords)(stack), first, f"{entry.name}, pickled")


_UNREADABLE: Final = object()


def _value(default: str) -> Any:
    try:
        return ast.literal_eval(default)
    except ValueError:
        return _UNREADABLE  # an expression, for example a dtype: only the library can read it


class _Caller:
    """Calls a function with a NumPy stack, and returns its image as NumPy with its tables."""

    def __init__(self, host: Host, entry: FunctionEntry, function: Any, keywords: dict[str, Any]) -> None:
        self.host, self.entry, self.function, self.keywords = host, entry, function, keywords

    def given(self, stack: Array) -> Any:
        return convert(stack.copy(), self.entry.memory_type, host=self.host)

    def __call__(self, stack: Array, **keywords: Any) -> tuple[Array, tuple[Any, ...]]:
        returned = self.function(self.given(stack), **{**self.keywords, **keywords})
        image, *tables = returned if isinstance(returned, tuple) else (returned,)
        memory = self.host.memory(self.entry.memory_type)
        assert memory.owns(image), f"{self.entry.name} returned a {type(image).__name__}"
        return convert(image, "numpy", source=self.entry.memory_type, host=self.host), tuple(tables)


def _assert_same(
    made: tuple[Array, tuple[Any, ...]], expected: tuple[Array, tuple[Any, ...]], what: str
) -> None:
    floating = expected[0].dtype.kind == "f"
    assert made[0].dtype == expected[0].dtype, what
    assert np.array_equal(made[0], expected[0], equal_nan=floating), what
    assert repr(made[1]) == repr(expected[1]), f"{what}: another table"
