"""What is written down for a resumed run comes back as the same values of the same types, or is refused."""

from __future__ import annotations

import dataclasses
import json
import math

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.errors import UnsupportedDataError
from openhcs_pipeline.journal_values import packed, unpacked


@dataclasses.dataclass(frozen=True)
class Count:
    cells: int
    where: tuple[float, float]


@attrs.frozen
class Shape:
    points: np.ndarray


def there_and_back(value):
    arrays = {}
    return unpacked(json.loads(json.dumps(packed(value, arrays), allow_nan=False)), arrays)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=4)
        | st.builds(Count, inner, st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)))
    ),
    max_leaves=12,
)


def same(first, second):
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Count):
        return same(first.cells, second.cells) and same(first.where, second.where)
    return first == second and (first != 0 or math.copysign(1, first) == math.copysign(1, second))


@given(values)
def test_values_come_back_with_their_types_and_order(value):
    assert same(there_and_back(value), value)


@pytest.mark.parametrize(
    "value", [math.nan, np.float32(0.1), np.int64(3), np.bool_(True), np.datetime64("2020-01-01")]
)
def test_scalars_keep_their_type(value):
    back = there_and_back(value)
    assert type(back) is type(value) and (back == value or value != value)


@pytest.mark.parametrize("dtype", ["u2", ">u2", "f4", "c8", "?", "U3"])
def test_arrays_keep_shape_dtype_and_values(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    back = there_and_back({"a": Shape(array), "b": [array[0]]})
    assert type(back["a"]) is Shape and back["a"].points.dtype == array.dtype
    assert np.array_equal(back["a"].points, array) and np.array_equal(back["b"][0], array[0])


class Named(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value", [{1}, object(), lambda: 0, [object()], np.array([object()]), Named("x"), range(3), print]
)
def test_everything_else_is_refused(value):
    with pytest.raises(UnsupportedDataError, match="neither numbers, text, arrays"):
        there_and_back(value)


def test_a_class_that_is_gone_or_has_other_fields_is_refused():
    document = packed(Count(1, (0.0, 0.0)), {})
    with pytest.raises(UnsupportedDataError, match="there is no class"):
        unpacked({**document, "name": "Gone"}, {})
    with pytest.raises(UnsupportedDataError, match="with these fields"):
        unpacked({**document, "fields": {"cells": 1}}, {})
    with pytest.raises(UnsupportedDataError):
        unpacked({**document, "module": "os", "name": "system"}, {})


def test_dicts_that_look_like_ours_are_data():
    assert there_and_back({"$": "object", "module": "os"}) == {"$": "object", "module": "os"}
