"""Imports go one way: errors, contracts, seam, files and arrays, decorators and plates, command line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import openhcs_host

ROOT = Path(openhcs_host.__file__).parent
LAYERS = {
    "errors": 0,
    "contracts": 1,
    "seam": 2,
    "files": 3,
    "arrays": 3,
    "decorators": 4,
    "plates": 4,
    "cli": 5,
    "testing": 6,
}
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in LAYERS)


def layer(name: str) -> int:
    return LAYERS[name.split(".")[1]]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_its_own_layer_or_a_lower_one(path):
    own = LAYERS[path.relative_to(ROOT).with_suffix("").parts[0]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("openhcs_host."):
            assert layer(node.module) <= own, f"{path.name} imports {node.module}, which stands above it"


def test_no_module_of_the_host_names_a_plugin():
    for path in MODULES:
        assert "openhcs_backend_" not in path.read_text(encoding="utf-8")


def test_modules_stay_short():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert max(lengths.values()) <= 400, max(lengths, key=lengths.get)
