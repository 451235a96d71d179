"""Which dtype holds every value of which: the arithmetic behind "values never change".

dtypes are NumPy's names in native byte order, and ``bfloat16``. Nothing here imports NumPy.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Final

__all__ = ["NUMBERS", "itemsize_of", "joined", "keeps_every_value", "name_of", "only_rounds"]

_INTEGERS: Final = {f"{sign}int{bits}": (sign == "u", bits) for bits in (8, 16, 32, 64) for sign in ("u", "")}
# Bits of the significand, the hidden one included, and the largest exponent (IEEE 754; bfloat16: TensorFlow's).
_FLOATS: Final = {"float16": (11, 15), "bfloat16": (8, 127), "float32": (24, 127), "float64": (53, 1023)}
_COMPLEX: Final = {"complex64": "float32", "complex128": "float64"}
_SIZES: Final = {
    "bool": 1,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}
NUMBERS: Final = frozenset((*_INTEGERS, *_SIZES))
"""Every dtype that is known here: bool, integers, floats with ``bfloat16``, complex numbers."""
# From narrow to wide; an integer before the float of its size.
_WIDENING: Final = (
    *("int16", "uint16", "int32", "uint32", "float32", "int64", "uint64"),
    *("float64", "complex64", "complex128"),
)


def itemsize_of(dtype: str) -> int | None:
    """Return the bytes of one element, ``None`` for a dtype that is no number."""
    if dtype in _INTEGERS:
        return _INTEGERS[dtype][1] // 8
    return _SIZES.get(dtype)


@functools.lru_cache(maxsize=256)
def name_of(dtype: Any) -> str:
    """Return the name of a NumPy dtype, which NumPy itself puts together anew each time it is asked."""
    name: str = dtype.name
    return name


def keeps_every_value(kept: str, given: str) -> bool:
    """Whether each value of ``given`` is also one of ``kept``."""
    if kept == given:
        return True
    if kept in _COMPLEX:
        return keeps_every_value(_COMPLEX[kept], _COMPLEX.get(given, given))
    if given == "bool":
        return kept in _INTEGERS or kept in _FLOATS
    if given in _INTEGERS:
        return _keeps_integers(kept, *_INTEGERS[given])
    if given in _FLOATS and kept in _FLOATS:
        return all(mine >= other for mine, other in zip(_FLOATS[kept], _FLOATS[given], strict=True))
    return False


def _keeps_integers(kept: str, unsigned: bool, bits: int) -> bool:
    digits = bits if unsigned else bits - 1
    if kept in _INTEGERS:
        kept_unsigned, kept_bits = _INTEGERS[kept]
        return kept_bits >= bits if unsigned == kept_unsigned else unsigned and kept_bits > bits
    if kept in _FLOATS:
        significand, exponent = _FLOATS[kept]
        return significand >= digits and exponent >= digits
    return False


def only_rounds(kept: str, given: str) -> bool:
    """Whether going from ``given`` to ``kept`` rounds a floating value, and does nothing worse."""
    if kept in _COMPLEX and given in _COMPLEX:
        return True
    return kept in (*_FLOATS, *_COMPLEX) and given in _FLOATS


def joined(dtypes: Iterable[str]) -> str | None:
    """Return the narrowest dtype that holds every value of all, ``None`` if there is none.

    One of them, if it does; ``uint8`` and ``int8`` meet in ``int16``; ``uint64`` and ``int64`` nowhere.
    """
    given = sorted(set(dtypes))
    for candidate in (*given, *_WIDENING):
        if all(keeps_every_value(candidate, each) for each in given):
            return candidate
    return None
