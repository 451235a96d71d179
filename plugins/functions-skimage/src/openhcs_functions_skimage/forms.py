"""What stands around a library's function: how it is given a plane, and what becomes of its result."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from openhcs_host.errors import ArrayError

__all__ = ["FORMS", "TAKES", "library_function"]

Array = np.ndarray[Any, Any]


def library_function(path: str) -> Callable[..., Any]:
    """Import and return a library's function, ``skimage.filters.gaussian``."""
    module, _, name = path.rpartition(".")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _as_is(plane: Array) -> Array:
    return plane


def _as_float(plane: Array) -> Array:
    """Return floating-point pixels of the same value, for scikit-image would scale integers to 0 … 1."""
    if plane.dtype.kind == "f":
        return plane
    converted = plane.astype(np.float64)
    if plane.dtype.itemsize == 8 and np.abs(converted).max(initial=0) > 2.0**53:
        raise ArrayError(
            f"an image of {plane.dtype} has values beyond 2**53, which floating-point pixels cannot hold exactly; "
            "bring it to a smaller range first"
        )
    return converted


def _as_bool(plane: Array) -> Array:
    mask: Array = plane != 0
    return mask


def _result(function: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> Any:
    return function(plane, **keywords)


def _threshold(function: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> Any:
    return plane > function(plane, **keywords)


def _classes(function: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> Any:
    return np.digitize(plane, function(plane, **keywords))


def _first(function: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> Any:
    return function(plane, **keywords)[0]


def _table(function: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = {name: values.tolist() for name, values in function(plane, **keywords).items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _distance(watershed: Callable[..., Any], plane: Array, keywords: Mapping[str, Any]) -> Any:
    from scipy.ndimage import distance_transform_edt
    from skimage.feature import peak_local_max
    from skimage.measure import label

    words = dict(keywords)
    apart, mask = words.pop("min_distance"), plane != 0
    distance = distance_transform_edt(mask)
    # Peaks are looked for object by object, so that none remains without a seed.
    peaks = peak_local_max(distance, min_distance=apart, labels=label(mask), exclude_border=False)
    seeds = np.zeros(mask.shape, bool)
    seeds[tuple(peaks.T)] = True
    return watershed(-distance, label(seeds), mask=mask, **words)


TAKES: Final[Mapping[str, Callable[[Array], Array]]] = {
    "as_is": _as_is,
    "float": _as_float,
    "bool": _as_bool,
}
"""How planes are handed over."""

FORMS: Final[Mapping[str, Callable[..., Any]]] = {
    "result": _result,
    "threshold": _threshold,
    "classes": _classes,
    "first": _first,
    "table": _table,
    "distance": _distance,
}
"""What becomes of a result: ``form(function, plane, keywords)``."""
