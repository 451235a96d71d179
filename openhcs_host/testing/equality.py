"""Whether what came back is what was given: values, dtype, shape, types, all the way down."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Unholdable", "assert_same", "difference", "sample_arrays", "spoil"]


class Unholdable:
    """An object that no file can hold: it refuses to be pickled."""

    def __reduce_ex__(self, protocol: Any) -> str:
        raise TypeError("this object cannot be stored")


def assert_same(found: Any, expected: Any, where: str = "what was loaded") -> None:
    """Fail, saying how they differ, unless ``found`` equals ``expected``."""
    how = difference(found, expected)
    assert how is None, f"{where}: {how}"


def difference(found: Any, expected: Any) -> str | None:
    """Return how ``found`` differs from ``expected``, or ``None``.

    Arrays are equal when shape, dtype and every bit of every value are; in which order the bytes of a
    value lie is no part of its meaning.
    """
    if isinstance(expected, (np.ndarray, np.generic)):
        return _array_difference(found, expected)
    if type(found) is not type(expected):
        return f"{type(found).__name__} instead of {type(expected).__name__}"
    if isinstance(expected, dict):
        if list(found) != list(expected):
            return f"keys {list(found)!r} instead of {list(expected)!r}"
        return next((how for key in expected if (how := difference(found[key], expected[key]))), None)
    if isinstance(expected, (list, tuple)):
        if len(found) != len(expected):
            return f"{len(found)} items instead of {len(expected)}"
        return next((how for a, b in zip(found, expected, strict=True) if (how := difference(a, b))), None)
    if found == expected or (found != found and expected != expected):  # NaN differs from itself
        return None
    return f"{found!r} instead of {expected!r}"


def _array_difference(found: Any, expected: np.ndarray[Any, Any] | np.generic) -> str | None:
    kind = np.ndarray if isinstance(expected, np.ndarray) else np.generic
    if not isinstance(found, kind):
        return f"{type(found).__name__} instead of a NumPy {kind.__name__}"
    if found.shape != expected.shape:
        return f"shape {found.shape} instead of {expected.shape}"
    native = expected.dtype.newbyteorder("=")
    if found.dtype.newbyteorder("=") != native:
        return f"dtype {found.dtype} instead of {expected.dtype}"
    if native.hasobject:
        return None if found.tolist() == expected.tolist() else "other objects in the array"
    if np.ascontiguousarray(found, native).tobytes() == np.ascontiguousarray(expected, native).tobytes():
        return None
    return f"values {found!r} instead of {expected!r}"


def spoil(value: Any) -> bool:
    """Change an object in place, and return whether that was possible."""
    if isinstance(value, np.ndarray):
        if not value.flags.writeable or value.size == 0:
            return False
        value[...] = np.zeros_like(value) if value.any() else np.ones_like(value)
        return True
    if isinstance(value, (dict, list, set, bytearray)) and value:
        value.clear()
        return True
    return False


def sample_arrays() -> tuple[np.ndarray[Any, Any], ...]:
    """Return arrays of many dtypes and shapes, with the extreme values of each dtype; no two are equal."""
    planes = [_sample(dtype, (3, 4)) for dtype in ("u2", "u1", "i2", "u4", "i4", "f4", "f8", "?", "c8")]
    shapes = ((1, 3, 4), (3, 4, 1), (1, 1), (2, 1, 3, 5), (7,), (), (0, 3))
    return (*planes, *(_sample("u2", shape) for shape in shapes))


def _sample(dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    array = np.asarray(np.arange(5, 5 + np.prod(shape, dtype=int)) * 37 % 101).astype(dtype).reshape(shape)
    if array.size > 3:
        flat = array.reshape(-1)
        if array.dtype.kind in "iu":
            flat[:2] = np.iinfo(array.dtype).max, np.iinfo(array.dtype).min
        elif array.dtype.kind == "f":
            flat[:3] = np.nan, -np.inf, -0.0
        elif array.dtype.kind == "b":
            flat[:] = [number % 3 == 0 for number in range(flat.size)]
    return array
