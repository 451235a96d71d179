"""The kits let a correct plugin pass and catch every wrong one."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("kind", "module", "at_least"),
    [
        ("backend", "memory_mutants", 40),
        ("backend", "folder_mutants", 20),
        ("backend", "sink_mutants", 5),
        ("backend", "streaming_mutants", 5),
        ("backend", "virtual_mutants", 8),
        ("format", "format_mutants", 12),
        ("format", "lossy_mutants", 4),
        ("microscope", "microscope_mutants", 14),
        ("memory", "array_mutants", 40),
        ("converter", "converter_mutants", 12),
        ("functions", "functions_mutants", 20),
    ],
)
def test_every_mutant_is_caught(score, kind, module, at_least):
    score(kind, module, at_least)
