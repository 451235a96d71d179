"""Which planes lie in which object: every one in one, none too large, the last not a leftover."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.config import ZarrConfig
from openhcs_backend_zarr.layout import ArrayLayout

EXTENTS = st.tuples(*[st.integers(1, 9)] * 3, st.integers(1, 40), st.integers(1, 40))
CONFIGS = st.builds(
    ZarrConfig,
    chunk_strategy=st.sampled_from(["well", "file"]),
    ngff_version=st.sampled_from(["0.4", "0.5"]),
    shard_bytes=st.integers(1, 20_000),
)


@given(EXTENTS, CONFIGS)
def test_every_plane_lies_in_one_object_and_that_is_where_it_is_looked_for(shape, config):
    layout = ArrayLayout.of(shape, np.dtype("u2"), config)
    held = [(place, key) for key, places in layout.objects() for place in places if place is not None]
    assert sorted(place for place, _ in held) == sorted(np.ndindex(shape[:3]))
    assert all(layout.object_of(place) == key for place, key in held)


@given(EXTENTS, CONFIGS)
def test_an_object_holds_one_time_point_and_no_more_bytes_than_allowed(shape, config):
    layout = ArrayLayout.of(shape, np.dtype("u2"), config)
    for _, places in layout.objects():
        assert len({place[0] for place in places if place is not None}) == 1
        assert len(places) == 1 or len(places) * shape[3] * shape[4] * 2 <= config.shard_bytes


@given(EXTENTS, CONFIGS)
def test_smaller_levels_have_the_same_planes_in_every_object(shape, config):
    layout = ArrayLayout.of(shape, np.dtype("u2"), config)
    assert list(layout.level(2).objects()) == list(layout.objects())


def test_a_field_of_usual_size_is_one_object_per_time_point():
    layout = ArrayLayout.of((3, 2, 5, 1024, 1024), np.dtype("u2"), ZarrConfig())
    assert [key for key, _ in layout.objects()] == ["c/0/0/0/0/0", "c/1/0/0/0/0", "c/2/0/0/0/0"]
