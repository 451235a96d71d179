"""Tables of objects: rows that functions return stack by stack, as one table of the plate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline.special import SpecialOutput

__all__ = ["object_table"]


def object_table(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write the rows of all stacks as ``<path>.csv``, in plate order; return its path.

    Each value is a list of rows, dictionaries of the same keys. In front of them stand the components of the stack
    that was measured; those that were stacked are left out.
    """
    rows: list[dict[str, Any]] = []
    for output in data:
        if not isinstance(output.value, list) or not all(isinstance(row, Mapping) for row in output.value):
            raise PipelineError(
                f"a table is a list of rows (dictionaries); well {output.well} has a {type(output.value).__name__}"
            )
        named = ("well", "site", "channel", "z_index", "timepoint")
        place = {name: getattr(output, name) for name in named if getattr(output, name) is not None}
        rows += [{**place, **row} for row in output.value]
    filemanager.save(rows, f"{path}.csv", backend)
    return f"{path}.csv"
