"""The catalogue as it is shipped: data, read without the libraries."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from openhcs_host.contracts.execution import FunctionEntry, FunctionParameter

__all__ = ["Row", "rows"]

_FILE: Final = Path(__file__).with_name("catalogue.json")


@attrs.frozen
class Row:
    """One function of the catalogue, with what is done around the library's own."""

    entry: FunctionEntry
    """What everybody sees of it."""
    form: str
    """What becomes of the library's result, a key of ``forms.FORMS``."""
    takes: str
    """How planes are handed over, a key of ``forms.TAKES``."""
    given: Mapping[str, Any]
    """Arguments that the library gets unless the caller gives others."""


@functools.cache
def rows() -> Mapping[str, Row]:
    """Return the functions by name, in order of the catalogue."""
    made = json.loads(_FILE.read_text(encoding="utf-8"))
    return {row["name"]: _row(row) for row in made}


def _row(row: Mapping[str, Any]) -> Row:
    entry = FunctionEntry(
        name=row["name"],
        memory_type="numpy",
        summary=row["summary"],
        path=row["path"],
        call=_expression(row),
        scope=row["scope"],
        parameters=tuple(FunctionParameter(**parameter) for parameter in row["parameters"]),
        outputs=tuple(row["outputs"]),
    )
    return Row(entry, row["form"], row["takes"], row["given"])


_PLANES: Final = {"as_is": "plane", "float": "float(plane)", "bool": "plane != 0"}
_FORMS: Final = {
    "result": "{}",
    "threshold": "plane > {}",
    "classes": "numpy.digitize(plane, {})",
    "first": "{}[0]",
    "table": "{}",
}


def _expression(row: Mapping[str, Any]) -> str:
    if row["form"] == "distance":
        return (
            "d = scipy.ndimage.distance_transform_edt(plane); seeds = skimage.measure.label of "
            "skimage.feature.peak_local_max(d, min_distance, labels=skimage.measure.label(plane != 0)); "
            "skimage.segmentation.watershed(-d, seeds, mask=plane != 0, …)"
        )
    given = "".join(f", {name}={value!r}" for name, value in row["given"].items())
    return _FORMS[row["form"]].format(f"{row['path']}({_PLANES[row['takes']]}, …{given})")
