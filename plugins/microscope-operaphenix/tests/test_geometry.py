"""Grid, positions and steps from what the Index says."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_microscope_operaphenix.facts import Acquisition, Channel
from openhcs_microscope_operaphenix.geometry import Geometry, geometry

CHANNEL = Channel(pixel_size_x_um=0.5, pixel_size_y_um=0.5, width=1000, height=1000)


def of(**facts: Any) -> Geometry:
    fields = (
        "version instrument plate_id plate_name plate_type measurement_id started plate_rows plate_columns"
    )
    unknown: dict[str, Any] = dict.fromkeys([*fields.split(), "first_image", "last_image"])
    known = {"channels": {1: CHANNEL}, "positions_um": {}, "stacks_um": {}, "time_offsets_s": {}}
    return geometry(Acquisition(**(unknown | known | facts)))


Offset = tuple[float, float]


def at(*places: Offset) -> dict[int, dict[Offset, frozenset[str]]]:
    return {site: {place: frozenset({"A01"})} for site, place in enumerate(places, 1)}


def grid_of(*places: tuple[float, float]) -> tuple[int, int] | None:
    return of(positions_um=at(*places)).grid


def test_a_nanometre_of_jitter_does_not_matter() -> None:
    assert grid_of((0, 0.001), (450.001, 0), (0.001, 450), (450, 450.001)) == (2, 2)


@given(st.integers(1, 6), st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_full_grid_is_found_in_any_order(rows: int, columns: int, chance: random.Random) -> None:
    places = [
        (column * 450 + chance.uniform(-5, 5), row * 450 + chance.uniform(-5, 5))
        for row in range(rows)
        for column in range(columns)
    ]
    chance.shuffle(places)
    found = of(positions_um=at(*places))
    assert (found.grid, found.problems) == ((rows, columns), ())
    assert len(found.site_positions_um) == rows * columns


def test_an_orphan_keeps_its_number_and_there_is_no_grid() -> None:
    found = of(positions_um=at((0, 0), (450, 0), (0, 450), (450, 450), (5000, 5000)))
    assert (found.grid, found.site_positions_um[5]) == (None, (5000.0, -5000.0))
    (problem,) = found.problems
    assert "the 5 fields of a well form no full rectangular grid" in problem
    assert "every field keeps its number" in problem


def test_a_missing_corner_is_no_grid() -> None:
    assert grid_of((0, 0), (450, 0), (0, 450)) is None


def test_uneven_columns_are_no_grid() -> None:
    found = of(positions_um=at((0, 0), (450, 0), (5000, 0)))
    assert (found.grid, found.problems[0].count("no even grid")) == (None, 1)


def test_two_fields_at_one_place_are_no_grid() -> None:
    assert of(positions_um=at((0, 0), (1, 1))).problems == (
        "the 2 fields of a well form no grid: some lie at the same place",
    )


def test_without_positions_nothing_is_said() -> None:
    assert of() == Geometry(pixel_size_um=0.5)


def test_a_field_that_lies_elsewhere_in_some_wells_has_a_position_there_and_no_grid() -> None:
    spread = {(450.0, 3.0): frozenset({"A01", "B02"}), (450.4, 3.0): frozenset({"B03"})}
    away = {(900.0, 0.0): frozenset({"AA01"}), (-7.0, 0.0): frozenset({"C04"})}
    found = of(positions_um=at((0, 0)) | {2: away | spread})
    assert found.grid is None
    assert found.site_positions_um == {1: (0.0, 0.0), 2: (450.2, -3.0)}
    assert found.well_site_positions_um == {("C04", 2): (-7.0, 0.0), ("AA01", 2): (900.0, 0.0)}
    assert found.problems == (
        "2 fields lie elsewhere than in most wells, so there is no common grid: field 2 in C04, field 2 in AA01",
    )


def test_a_field_at_two_places_of_one_well_has_no_position() -> None:
    found = of(positions_um={1: {(0.0, 0.0): frozenset({"A01", "A02"}), (90.0, 0.0): frozenset({"A02"})}})
    assert (found.grid, found.site_positions_um, found.well_site_positions_um) == (None, {}, {})
    assert found.problems == ("field 1 lies at several places of one well: no position, no grid",)


def test_without_an_image_size_half_a_micrometre_is_tolerated() -> None:
    assert of(channels={}, positions_um=at((0, 0), (450, 0.4))).grid == (1, 2)
    assert of(channels={}, positions_um=at((0, 0), (450, 0.6))).grid is None


@pytest.mark.parametrize(
    ("channels", "size", "problem"),
    [
        ({}, None, None),
        ({1: Channel()}, None, None),
        ({1: CHANNEL, 2: Channel()}, 0.5, None),
        ({1: CHANNEL, 2: Channel(pixel_size_x_um=1.0, pixel_size_y_um=1.0)}, None, "differ in pixel size"),
        ({1: Channel(pixel_size_x_um=1.0, pixel_size_y_um=2.0)}, None, "not square"),
    ],
)
def test_pixel_size(channels: dict[int, Channel], size: float | None, problem: str | None) -> None:
    found = of(channels=channels)
    assert found.pixel_size_um == size
    assert [(problem or "") in text for text in found.problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("stacks", "step"),
    [
        ({1: {1: (0.0, 5.0), 2: (2.0, 9.0)}}, 2.0),
        ({1: {1: (0.0, 100.0), 2: (0.0, 101.02), 3: (0.0, 101.98)}}, 0.99),
        ({1: {1: (4.0, None), 2: (2.0, None)}}, 2.0),
        ({1: {1: (None, 1.0), 3: (None, 2.0)}}, None),
        ({1: {1: (0.0, 1.0)}}, None),
        ({1: {1: (0.0, 1.0), 2: (0.0, 1.0)}}, None),
        ({1: {1: (0.0, None), 2: (1.0, None)}, 2: {1: (7.0, None), 2: (8.0, None)}}, 1.0),
    ],
)
def test_z_step(stacks: dict[int, dict[int, tuple[float | None, float | None]]], step: float | None) -> None:
    found = of(stacks_um=stacks)
    assert (found.z_step_um, found.problems) == (step, ())


def test_uneven_steps_are_unknown_and_said() -> None:
    found = of(stacks_um={1: {1: (0.0, None), 2: (1.0, None), 3: (4.0, None)}})
    assert found.z_step_um is None
    assert found.problems == ("neighbouring planes have no common distance: 1.00, 3.00 µm",)
