"""Natural order: total, locale-free, numbers as numbers."""

from __future__ import annotations

import functools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.files.natural import natural_sorted

names = st.lists(st.text(alphabet="ab_z-.~Zä٣01239", max_size=12))


def compare(one: str, other: str) -> int:
    """Say the order again in the plainest way: character by character, a run of digits as its number."""
    pieces = [re.findall(r"[0-9]+|[^0-9]", name) for name in (one, other)]
    for a, b in zip(*pieces, strict=False):
        if a[0] in "0123456789" and b[0] in "0123456789":
            if int(a) != int(b):
                return -1 if int(a) < int(b) else 1
        elif a[0] != b[0]:
            return -1 if a[0] < b[0] else 1
    if len(pieces[0]) != len(pieces[1]):
        return -1 if len(pieces[0]) < len(pieces[1]) else 1
    return (one > other) - (one < other)


def test_numbers_compare_as_numbers():
    assert natural_sorted(["z10", "z2", "z1", "Z3"]) == ["Z3", "z1", "z2", "z10"]


@given(names)
def test_it_is_the_order_said_plainly(items):
    assert natural_sorted(items) == sorted(items, key=functools.cmp_to_key(compare))


@given(names)
def test_order_does_not_depend_on_the_order_of_the_input(items):
    assert natural_sorted(items) == natural_sorted(reversed(items))


@given(names, names)
def test_order_of_two_names_does_not_depend_on_what_else_is_listed(items, others):
    among = natural_sorted([*items, *others])
    assert [name for name in among if name in items and name not in others] == [
        name for name in natural_sorted(items) if name not in others
    ]


@pytest.mark.parametrize("end", ["", "-1B4E28BA.tif", "\0"])
def test_a_whole_directory_in_any_shape_is_in_order(end):
    # Long lists of few shapes, of many shapes, and of names that hold what stands between names go their own ways.
    paths = [
        f"/p.10/x{row}/P_s{s}_w{w}{end.replace('1', str(s * 7919), 1)}"
        for row in (1, 10, 2)
        for s in range(40)
        for w in (1, 10)
    ]
    random.Random(0).shuffle(paths)
    assert natural_sorted(paths) == sorted(paths, key=functools.cmp_to_key(compare))


def test_a_common_beginning_that_ends_within_a_number_changes_nothing():
    assert natural_sorted(["/a/100", "/a/19", "/a/1"]) == ["/a/1", "/a/19", "/a/100"]


def test_a_name_of_ten_thousand_digits_can_be_sorted():
    assert natural_sorted(["9" * 10_000, "1"])[0] == "1"
