"""Ready-made materializers: from the special outputs of a plate to files that people use."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline.special import SpecialOutput

__all__ = ["counts_per_well", "json_table"]


def counts_per_well(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write counts as ``<path>.csv`` and ``<path>.json``; return the path of the CSV.

    The CSV has one row per well, and per channel and time point where there are any: the number of
    sites counted and the sum of their counts. The JSON also has the count of every site. Each value
    must be a whole number.
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for output in data:
        if not isinstance(output.value, numbers.Integral):
            raise PipelineError(f"a count must be a whole number; well {output.well} has {output.value!r}")
        key = (output.well, output.channel, output.timepoint)
        labels = zip(("well", "channel", "timepoint"), key, strict=True)
        row = rows.setdefault(
            key, {name: label for name, label in labels if label is not None} | {"sites": {}}
        )
        site = str(output.site)
        row["sites"][site] = row["sites"].get(site, 0) + int(output.value)
    table = [
        {
            **{name: row[name] for name in row if name != "sites"},
            "sites": len(row["sites"]),
            "count": _total(row),
        }
        for row in rows.values()
    ]
    filemanager.save(table, f"{path}.csv", backend)
    details = [{**row, "count": _total(row)} for row in rows.values()]
    filemanager.save({"total": sum(map(_total, rows.values())), "wells": details}, f"{path}.json", backend)
    return f"{path}.csv"


def json_table(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write the values of all stacks as ``<path>.json``, in plate order; return its path.

    A list with one object per stack: the components that were not stacked, and ``value``, which is anything that
    JSON holds. ``object_table`` makes a CSV of values that are rows.
    """
    names = ("well", "site", "channel", "z_index", "timepoint")
    document = [
        {**{n: getattr(o, n) for n in names if getattr(o, n) is not None}, "value": o.value} for o in data
    ]
    filemanager.save(document, f"{path}.json", backend)
    return f"{path}.json"


def _total(row: dict[str, Any]) -> int:
    return sum(row["sites"].values())
