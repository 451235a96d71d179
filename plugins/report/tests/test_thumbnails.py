"""Thumbnails of one channel compare between wells, and stay light however many there are."""

from __future__ import annotations

import numpy as np
import pytest

from openhcs_host import FileManager
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel, Plane, PlateReading
from openhcs_report.colours import label_palette
from openhcs_report.png import data_uri
from openhcs_report.thumbnails import edge_for, thumbnails_of


@pytest.fixture
def shown(host, tmp_path):
    """Save planes by (well, channel) in memory, and return their thumbnails by channel."""

    def make(planes, edge=20, **channels):
        files = FileManager(host)
        paths = []
        for (well, channel), plane in planes.items():
            if plane is not None:
                files.save(plane, tmp_path / f"{well}{channel}", "memory")
            paths.append(Plane(Coordinates(well, 1, channel), f"{well}{channel}"))
        reading = PlateReading(
            microscope="x",
            root=tmp_path,
            backend="memory",
            plate_name="P",
            planes=paths,
            channels={int(name[1:]): channel for name, channel in channels.items()},
        )
        return {each.number: each for each in thumbnails_of(files, reading, edge)}

    return make


def test_equal_pixels_look_equal_in_every_well_and_brighter_ones_brighter(shown, picture):
    ramp = np.tile(np.arange(20, dtype=np.uint16), (20, 1)) * 100
    found = shown({("A01", 1): ramp, ("A02", 1): ramp + np.uint16(2000)}, c1=Channel(color="00ff00"))[1]
    dark, bright = (picture(data_uri(found.pictures[well])).astype(int) for well in ("A01", "A02"))
    low, high = found.contrast.low, found.contrast.high
    assert (low, high) == tuple(np.percentile([ramp, ramp + 2000], (1, 99.8)))
    for plane, seen in ((ramp, dark), (ramp + 2000, bright)):
        expected = np.clip((plane - low) / (high - low), 0, 1) * 255
        assert np.abs(seen[..., 1] - expected).max() <= 255 / 63 / 2 + 1  # half a level, and rounding
        assert not seen[..., [0, 2]].any()
    assert sum(found.histogram.counts) == 800


def test_labels_are_shown_in_the_same_colours_in_every_well_whatever_their_contrast(shown, picture):
    one, other = np.zeros((2, 20, 20), np.uint16)
    one[2:8, 2:8], one[10:16, 10:16] = 5, 6
    other[1:9, 4:19] = 5
    found = shown({("A01", 1): one, ("A02", 1): other})[1]
    assert found.contrast is None and found.histogram is None
    palette = label_palette()
    for well, plane in (("A01", one), ("A02", other)):
        assert np.array_equal(picture(data_uri(found.pictures[well])), palette[plane])


@pytest.mark.parametrize(
    "plane",
    [
        np.random.default_rng(2).poisson(5, (30, 30)).astype(np.uint8),
        np.full((30, 30), 7, np.uint16),
        np.zeros((30, 30), np.uint16),
        np.full((30, 30), np.nan, np.float32),
        np.where(np.eye(30) > 0, np.inf, -np.inf),
        np.where(np.eye(30) > 0, 1.7e308, -1.7e308),
        np.pad(np.full((10, 10), 0.5, np.float32), 10),
    ],
)
def test_noise_constants_and_floats_are_no_labels(shown, picture, plane):
    found = shown({("A01", 1): plane})[1]
    assert found.contrast is not None and found.contrast.low < found.contrast.high
    assert picture(data_uri(found.pictures["A01"])).shape[2] == 3


def test_a_plane_that_cannot_be_shown_is_told_and_the_others_are_shown(shown):
    good = np.arange(400, dtype=np.uint16).reshape(20, 20)
    found = shown({("A01", 1): good, ("A02", 1): None, ("A03", 1): np.zeros((2, 2, 3), np.uint8)})[1]
    assert list(found.pictures) == ["A01"]
    assert "A02" in found.unreadable["A02"] and "no plane of numbers" in found.unreadable["A03"]


def test_more_thumbnails_are_smaller_and_all_of_them_stay_light(shown):
    assert [edge_for(count) for count in (0, 1, 60)] == [160, 160, 160]
    assert 30 < edge_for(384 * 5) < edge_for(384 * 2) < 96
    edge = edge_for(384 * 5)
    # Noise over the whole range is the worst that can be compressed.
    noise = np.random.default_rng(0).integers(0, 65536, (edge, edge), dtype=np.uint16)
    size = len(data_uri(shown({("A01", 1): noise}, edge)[1].pictures["A01"]))
    assert size * 384 * 5 < 3_500_000
