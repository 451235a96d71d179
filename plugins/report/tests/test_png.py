"""PNG files that another decoder reads as the colours they were made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openhcs_host.errors import ArrayError
from openhcs_report.png import data_uri, palette_png


@settings(deadline=None)  # the first example imports the decoder
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 63))
)
def test_another_decoder_finds_the_colour_of_every_index(picture, indices):
    palette = np.random.default_rng(3).integers(0, 256, (64, 3), dtype=np.uint8)
    assert np.array_equal(picture(data_uri(palette_png(indices, palette))), palette[indices])


@pytest.mark.parametrize(
    ("indices", "colours"),
    [
        (np.zeros((2, 2), np.uint16), 4),
        (np.zeros((2, 2, 3), np.uint8), 4),
        (np.zeros((0, 2), np.uint8), 4),
        (np.full((2, 2), 4, np.uint8), 4),
        (np.zeros((2, 2), np.uint8), 257),
    ],
)
def test_what_a_palette_png_cannot_hold_is_refused(indices, colours):
    with pytest.raises(ArrayError):
        palette_png(indices, np.zeros((colours, 3), np.uint8))
