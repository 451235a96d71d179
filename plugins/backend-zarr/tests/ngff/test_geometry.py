"""Pixel size, z step and position survive as scale and translation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.fields import Field
from openhcs_backend_zarr.ngff.geometry import axes_of, levels_of
from openhcs_backend_zarr.ngff.model import Axis, Dataset, Image, Recorded
from openhcs_backend_zarr.ngff.units import micrometers

micrometres = st.floats(-200_000, 200_000).map(lambda value: round(value, 3))


def field(axes, datasets, size=(64, 80)):
    recorded = Recorded(channels=(1,), z_indexes=(1,), timepoints=(1,))
    image = Image(axes=axes, datasets=datasets)
    return Field(site=1, arrays=("0",), image=image, recorded=recorded, size=size)


@given(
    st.tuples(micrometres, micrometres),
    st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    st.floats(0.01, 50).map(lambda value: round(value, 4)),
)
def test_a_position_comes_back(position, size, pixel):
    levels = levels_of(size, pixel, None, position)
    found = field(axes_of(pixel, None), levels, size)
    assert found.position_um() == pytest.approx(position, abs=2e-6)
    assert found.length_um("x") == found.length_um("y") == pixel


def test_the_translation_is_the_centre_of_the_first_pixel():
    (level,) = levels_of((5, 11), 2.0, None, (100.0, 50.0))
    assert level.translation == (0, 0, 0, 50.0 - 2 * 2.0, 100.0 - 5 * 2.0)


def test_reduced_levels_show_the_same_place():
    full, half, quarter = levels_of((64, 64), 0.5, 3.0, (0.0, 0.0), (1, 2, 4))
    assert [level.scale[-1] for level in (full, half, quarter)] == [0.5, 1.0, 2.0]
    assert [level.scale[2] for level in (full, half, quarter)] == [3.0, 3.0, 3.0]
    for level, pixels in ((full, 64), (half, 32), (quarter, 16)):
        assert level.translation[-1] + (pixels - 1) / 2 * level.scale[-1] == pytest.approx(0.0)


def test_what_is_unknown_has_no_unit_and_reads_back_as_unknown():
    found = field(axes_of(None, None), levels_of((64, 80), None, None, (1.0, 2.0)))
    assert found.length_um("x") is None and found.length_um("z") is None and found.position_um() is None
    assert {axis.unit for axis in found.image.axes} == {None}
    assert found.image.datasets[0].scale == (1.0, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("unit", "expected"), [("nanometer", 0.65), ("millimeter", 650_000.0), ("µm", 650.0), ("furlong", None)]
)
def test_units_are_converted_and_unknown_ones_are_unknown(unit, expected):
    axes = (Axis("y", "space", unit), Axis("x", "space", unit))
    image = Image(axes=axes, datasets=(Dataset("0", (650.0, 650.0)),))
    recorded = Recorded(channels=(1,), z_indexes=(1,), timepoints=(1,))
    assert Field(site=1, arrays=("0",), image=image, recorded=recorded, axes="yx").length_um("x") == expected
    assert (micrometers(unit) is None) == (expected is None)
