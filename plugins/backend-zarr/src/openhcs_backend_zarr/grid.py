"""The numbers of a field's channels, planes and time points, and the indices they have in its array."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np

from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.layout import Index, Shape
from openhcs_host.contracts.images import Coordinates

__all__ = ["Grid", "Planes", "spot_of"]


@attrs.define(frozen=True, slots=False)
class Grid:
    """A field's planes: which there could be, and how they are indexed."""

    channels: tuple[int, ...]
    z_indexes: tuple[int, ...]
    timepoints: tuple[int, ...]

    @classmethod
    def of(cls, spots: Iterable[Spot]) -> Grid:
        """Return the smallest grid that has all these places, in order of numbers."""
        channels, planes, times = (sorted(set(numbers)) for numbers in zip(*spots, strict=True))
        return cls(tuple(channels), tuple(planes), tuple(times))

    def index(self, spot: Spot) -> Index | None:
        """Return where a plane lies in the array, ``None`` if outside."""
        channel, plane, time = self._places
        try:
            return time[spot[2]], channel[spot[0]], plane[spot[1]]
        except KeyError:
            return None

    def spot(self, index: Index) -> Spot:
        """Return the numbers of the plane at an index."""
        time, channel, plane = index
        return self.channels[channel], self.z_indexes[plane], self.timepoints[time]

    def shape(self, size: tuple[int, int]) -> Shape:
        """Return the extents of an array of this grid with planes of ``size``."""
        return (len(self.timepoints), len(self.channels), len(self.z_indexes), *size)

    def spots(self) -> set[Spot]:
        """Return all places of the grid."""
        return {(c, z, t) for c in self.channels for z in self.z_indexes for t in self.timepoints}

    @cached_property
    def _places(self) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
        numbers = self.channels, self.z_indexes, self.timepoints
        first, second, third = ({number: at for at, number in enumerate(some)} for some in numbers)
        return first, second, third


def spot_of(coordinates: Coordinates) -> Spot:
    """Return a plane's place in its field."""
    return coordinates.channel, coordinates.z_index, coordinates.timepoint


Planes = Mapping[Spot, np.ndarray[Any, np.dtype[Any]]]
"""Place to pixels ``[Y, X]``."""
