"""Planes are made small by true means, and labels by single pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openhcs_host.errors import ArrayError
from openhcs_report.reduction import reduced


@given(
    arrays.arrays(np.uint16, st.tuples(st.integers(1, 50), st.integers(1, 50))),
    st.integers(1, 20),
)
def test_every_block_has_the_mean_of_its_pixels_also_at_the_border(plane, edge):
    made = reduced(plane, edge)
    block = -(-max(plane.shape) // edge)
    assert max(made.means.shape) <= edge and max(made.points.shape) <= edge
    for y, x in np.ndindex(made.means.shape):
        part = plane[y * block : (y + 1) * block, x * block : (x + 1) * block]
        assert made.means[y, x] == pytest.approx(part.mean(), rel=1e-12)
    assert np.isin(made.points, plane).all()


def test_a_plane_that_fits_stays_as_it_is():
    plane = np.arange(12, dtype=np.uint16).reshape(3, 4)
    made = reduced(plane, 4)
    assert np.array_equal(made.means, plane) and np.array_equal(made.points, plane)
    assert np.array_equal(made.sample, plane.ravel())


def test_the_sample_of_a_large_plane_is_small_and_finite():
    plane = np.random.default_rng(1).normal(size=(1000, 900))
    plane[::5, ::3] = np.nan
    sample = reduced(plane, 30).sample
    assert 2000 < sample.size < 9000 and np.isfinite(sample).all()


@pytest.mark.parametrize(
    "plane",
    [np.zeros((2, 2, 3), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((2, 2), np.complex64), np.array(3)],
)
def test_what_is_no_plane_of_numbers_is_refused(plane):
    with pytest.raises(ArrayError, match="no plane of numbers"):
        reduced(plane, 10)


def test_neighbours_tell_labels_from_intensities():
    labels = np.zeros((60, 60), np.int32)
    labels[5:25, 5:25], labels[30:50, 10:40] = 3, 9
    noise = np.random.default_rng(0).poisson(300, (60, 60)).astype(np.uint16)
    flat, rough = reduced(labels, 20), reduced(noise, 20)
    assert flat.equal == flat.inner > 0 and flat.background
    assert rough.equal < 0.2 * rough.inner and not rough.background
    assert reduced(labels.astype(np.float32), 20).inner == 0
