"""What a module says it offers is what it offers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import openhcs_host

MODULES = [name for _, name, _ in pkgutil.walk_packages(openhcs_host.__path__, "openhcs_host.")]


@pytest.mark.parametrize("name", ["openhcs_host", *MODULES])
def test_all_is_sorted_and_complete(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])
    assert list(offered) == sorted(
        offered, key=lambda word: (not word.isupper(), not word[0].isupper(), word)
    )
    own = {
        word
        for word, value in vars(module).items()
        if not word.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == name
        and not word.startswith("openhcs_")
    }
    if offered:
        assert own <= set(offered), f"{own - set(offered)} should be private or in __all__"
