"""Numbering fields by where they lie."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.configuration import configured
from openhcs_host.errors import ConfigurationError, PlateConflictError
from openhcs_microscope_operaphenix.numbering import OperaPhenixConfig, by_stage, renumbered


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0, 4), st.randoms(use_true_random=False))
def test_sites_count_in_reading_order_whatever_the_jitter(
    rows: int, columns: int, jitter: float, chance: random.Random
) -> None:
    cells = [(row, column) for row in range(rows) for column in range(columns)]
    vendor = list(range(1, len(cells) + 1))
    chance.shuffle(vendor)
    positions = {
        site: (column * 450 + chance.uniform(0, jitter), row * 450 + chance.uniform(0, jitter))
        for site, (row, column) in zip(vendor, cells, strict=True)
    }
    numbers, _ = by_stage(positions, vendor, 5.0)
    assert numbers == {site: number for number, site in enumerate(vendor, 1)}


def test_a_field_far_from_the_others_has_its_turn_by_place() -> None:
    numbers, problems = by_stage({1: (0, 0), 2: (0, 9000), 3: (0, -9000)}, [1, 2, 3], 5.0)
    assert numbers == {3: 1, 1: 2, 2: 3}
    assert problems == [
        "fields are numbered by their place, as configured: 1 is now 2, 2 is now 3, 3 is now 1"
    ]


def test_a_field_without_position_keeps_its_number_and_no_other_gets_it() -> None:
    numbers, problems = by_stage({7: (0, 0), 1: (100, 0), 3: (200, 0)}, [1, 2, 3, 7], 5.0)
    assert numbers == {7: 1, 1: 3, 3: 4, 2: 2}
    assert problems[1] == "field 2 has no position and keeps its number"
    assert by_stage({}, [4, 9], 5.0) == (
        {4: 4, 9: 9},
        ["fields 4, 9 have no position and keep theirs"],
    )


@given(st.sets(st.integers(0, 12)), st.sets(st.integers(0, 12)))
def test_no_two_fields_ever_get_one_number(placed: set[int], others: set[int]) -> None:
    numbers, _ = by_stage({site: (site * -100.0, 0.0) for site in placed}, others, 5.0)
    assert len(set(numbers.values())) == len(numbers) == len(placed | others)


def test_two_fields_at_one_place_are_a_conflict_naming_both() -> None:
    with pytest.raises(PlateConflictError, match="fields 2 and 5 lie at one place"):
        by_stage({2: (0, 0), 5: (1, 1), 6: (100, 0)}, [2, 5, 6], 5.0)


def test_planes_keep_everything_but_their_site() -> None:
    assert renumbered({(1, 2, 3, 4): {"A01": "a"}, (2, 2, 3, 4): {}}, {1: 9}) == {(9, 2, 3, 4): {"A01": "a"}}


def test_an_unknown_numbering_is_refused() -> None:
    assert OperaPhenixConfig().site_numbering == "vendor"
    with pytest.raises(ConfigurationError, match="site_numbering"):
        configured(OperaPhenixConfig, {"site_numbering": "spiral"}, "microscope 'opera_phenix'")
