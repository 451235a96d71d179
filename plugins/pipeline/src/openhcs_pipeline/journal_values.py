"""Special outputs written down so that another process reads the same values: JSON, and arrays beside it."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import Any, Final

import attrs
import numpy as np

from openhcs_host.errors import UnsupportedDataError

__all__ = ["packed", "unpacked"]

_PLAIN: Final = (str, bool, type(None), int)
_TAG: Final = "$"


def packed(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """Return what JSON can hold of a value; arrays go to ``arrays`` under new names.

    Holds numbers, text, lists, tuples, dicts, NumPy arrays and scalars, and instances of data classes and attrs
    classes of these. Raises ``UnsupportedDataError`` for anything else: code is never written down.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is float and math.isfinite(value)):
        return value
    if kind is float:
        return {_TAG: "float", "value": repr(value)}
    if kind is bytes:
        return {_TAG: "bytes", "value": value.hex()}
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        name = f"a{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {_TAG: "array" if isinstance(value, np.ndarray) else "scalar", "name": name}
    if kind is list:
        return [packed(item, arrays) for item in value]
    if kind is tuple:
        return {_TAG: "tuple", "items": [packed(item, arrays) for item in value]}
    if kind is dict:
        return {
            _TAG: "dict",
            "items": [[packed(key, arrays), packed(item, arrays)] for key, item in value.items()],
        }
    names = _fields(kind)
    if names is not None and "<" not in kind.__qualname__:
        fields = {name: packed(getattr(value, name), arrays) for name in names}
        return {_TAG: "object", "module": kind.__module__, "name": kind.__qualname__, "fields": fields}
    raise UnsupportedDataError(
        f"a {kind.__module__}.{kind.__qualname__} is neither numbers, text, arrays, lists or dicts, nor a data class "
        "of these"
    )


def unpacked(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    """Return the value that ``packed`` was given.

    Classes are looked up in modules that are imported already; one that is not there is an ``UnsupportedDataError``.
    """
    if isinstance(value, list):
        return [unpacked(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    match value[_TAG]:
        case "float":
            return float(value["value"])
        case "bytes":
            return bytes.fromhex(value["value"])
        case "array":
            return arrays[value["name"]]
        case "scalar":
            return arrays[value["name"]][()]
        case "tuple":
            return tuple(unpacked(item, arrays) for item in value["items"])
        case "dict":
            return {unpacked(key, arrays): unpacked(item, arrays) for key, item in value["items"]}
        case _:
            return _object(value, arrays)


def _object(value: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    found: Any = sys.modules.get(value["module"])
    for part in value["name"].split("."):
        found = getattr(found, part, None)
    names = _fields(found) if isinstance(found, type) else None
    if names is None or set(names) != value["fields"].keys():
        raise UnsupportedDataError(
            f"there is no class {value['module']}.{value['name']} with these fields any more"
        )
    made = object.__new__(found)
    for name in names:
        object.__setattr__(made, name, unpacked(value["fields"][name], arrays))
    return made


def _fields(kind: type) -> tuple[str, ...] | None:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    if attrs.has(kind):
        return tuple(field.name for field in attrs.fields(kind))
    return None
