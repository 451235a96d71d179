"""The guard of the kits: a test of a kit cannot get lost when an author makes a subclass of it."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["check_subclass", "check_unchanged", "kit_parts"]

_OURS: Final = __name__.rpartition(".")[0]


def check_subclass(cls: type, *, abstract: bool) -> None:
    """Raise ``TypeError`` if an author's subclass would not run a test of its kit.

    ``abstract`` says that the class is only the base of others and not to be run.
    """
    if _is_ours(cls):
        return
    _check_name(cls, abstract)
    _check_collected(cls)
    check_unchanged(cls)
    _check_spelling(cls, vars(cls))
    _check_expected_failures(cls)
    _check_marks(cls, vars(cls).get("pytestmark", []))


def kit_parts(cls: type) -> dict[str, Any]:
    """Return the tests and the private parts that the kits of ``cls`` have, by name."""
    parts: dict[str, Any] = {}
    for base in cls.__mro__:
        if _is_ours(base):
            for name, value in vars(base).items():
                if name.startswith("test_") or (name.startswith("_") and not name.startswith("__")):
                    parts.setdefault(name, value)
    return parts


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(f"{_OURS}.")


def _check_name(cls: type, abstract: bool) -> None:
    if not abstract and not cls.__name__.startswith("Test"):
        raise TypeError(
            f"pytest would run nothing of {cls.__name__!r}: begin its name with 'Test', or, if it is the base "
            f"of others, say class {cls.__name__}(…, abstract=True)"
        )
    module = sys.modules.get(cls.__module__)
    if module is not None and cls.__qualname__ in vars(module):
        raise TypeError(f"{cls.__module__} has two classes {cls.__qualname__!r}: the first would not be run")


def _check_collected(cls: type) -> None:
    for base in cls.__mro__[:-1]:
        for name in {"__init__", "__new__"} & vars(base).keys():
            raise TypeError(f"pytest collects no test of {cls.__name__!r}, for it has {name}: use a fixture")
    if getattr(cls, "__test__", True) is not True:
        raise TypeError(f"__test__ of {cls.__name__!r} hides all tests of the kit: take it out")


def check_unchanged(cls: type) -> None:
    """Raise ``TypeError`` if a part of the kit is not the kit's own in ``cls``."""
    for name, part in kit_parts(cls).items():
        if inspect.getattr_static(cls, name, None) is not part:
            raise TypeError(_changed(cls, name))


def _changed(cls: type, name: str) -> str:
    what = "test" if name.startswith("test_") else "private part"
    return (
        f"{cls.__name__} replaces or drops {name!r}, a {what} of its kit. Give yours another name; a test that "
        f"the plugin is known to fail is declared: expected_failures = {{'test_…': 'the reason'}}"
    )


def _check_spelling(cls: type, namespace: Mapping[str, Any]) -> None:
    known = [name for name in dir(cls) if name[0] != "_" and name[:5] != "test_" and name not in namespace]
    for name in namespace:
        if name[0] == "_" or name.startswith("test_") or any(name in vars(base) for base in cls.__mro__[1:]):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            raise TypeError(f"{cls.__name__}.{name} means nothing to its kit; did you mean {near[0]!r}?")


def _check_expected_failures(cls: type) -> None:
    declared: Mapping[str, str] = getattr(cls, "expected_failures", {})
    tests = [name for name in kit_parts(cls) if name.startswith("test_")]
    for name, reason in declared.items():
        if name not in tests:
            near = difflib.get_close_matches(name, tests, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{cls.__name__}.expected_failures names {name!r}, no test of its kit.{guess}")
        if name == "test_the_kit_is_whole":
            raise TypeError(f"{cls.__name__}.expected_failures cannot name the guard itself, {name!r}")
        if not isinstance(reason, str) or not reason.strip():
            raise TypeError(f"{cls.__name__}.expected_failures[{name!r}] needs a reason, as a sentence")


def _check_marks(cls: type, marks: Any) -> None:
    for mark in marks if isinstance(marks, (list, tuple)) else [marks]:
        if mark.name in ("skip", "xfail"):
            raise TypeError(
                f"the mark {mark.name!r} on {cls.__name__} would hide every test of its kit: declare single "
                "tests in expected_failures; where the plugin cannot run at all, use skipif with a reason"
            )
