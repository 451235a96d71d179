"""Natural order: total, locale-free, numbers as numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.files.natural import natural_key, natural_sorted

names = st.text(alphabet="ab_zZä٣0129.", max_size=12)


def test_numbers_compare_as_numbers():
    assert natural_sorted(["z10", "z2", "z1", "Z3"]) == ["Z3", "z1", "z2", "z10"]


def test_equal_numbers_written_differently_still_have_an_order():
    assert natural_sorted(["z2", "z02", "z002"]) == natural_sorted(["z002", "z2", "z02"])


@given(st.lists(names))
def test_order_does_not_depend_on_the_order_of_the_input(items):
    assert natural_sorted(items) == natural_sorted(reversed(items))


@given(names, names)
def test_only_equal_names_have_equal_keys(one, other):
    assert (natural_key(one) == natural_key(other)) == (one == other)


def test_a_name_of_ten_thousand_digits_can_be_sorted():
    assert natural_sorted(["9" * 10_000, "1"])[0] == "1"
