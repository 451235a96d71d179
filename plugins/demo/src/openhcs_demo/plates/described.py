"""What a synthetic plate holds, in the field's terms and whatever vendor's files it is written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from openhcs_host.contracts.images import Coordinates, check_well
from openhcs_host.contracts.microscopes import Channel, Objective

__all__ = ["Frame", "Pixels", "Plate"]

Pixels: TypeAlias = npt.NDArray[np.uint16]
"""One image (y, x)."""
Frame: TypeAlias = tuple[Coordinates, Pixels]
"""One image and its place."""

_SECONDS_PER_IMAGE = 0.05
_DECIMALS = 3  # nanometres
_OBJECTIVE = Objective(name="20X Plan Apo", magnification=20.0, numerical_aperture=0.75)


@attrs.frozen(kw_only=True)
class Plate:
    """The acquisition of one plate; what a vendor's files have no place for is not written."""

    name: str = "Synthetic"
    """Name of the plate."""
    rows: int = 16
    """Rows of wells of the physical plate."""
    columns: int = 24
    """Columns of wells."""
    plate_type: str = "384 PerkinElmer CellCarrier Ultra"
    """Kind of plate in words."""
    wells: tuple[str, ...] = attrs.field(default=("B02", "B03"))
    """Wells that are imaged, in order."""
    grid: tuple[int, int] = (1, 1)
    """Rows and columns of the grid of sites."""
    cells: tuple[tuple[int, int], ...] = attrs.field()
    """(row, column) of the grid from 0 for each site; site n is the n-th. All, in reading order, if not given."""
    moved_um: Mapping[tuple[str, int], tuple[float, float]] = attrs.field(factory=dict)
    """(well, site) to how far (x, y) it lies from where that site lies in other wells, µm."""
    channels: Mapping[int, Channel] = attrs.field(factory=lambda: {1: Channel(name="DAPI")})
    """Channel number to what is known of it; numbers need not follow one another."""
    planes: int = 1
    """Planes per stack."""
    timepoints: int = 1
    """Time points."""
    absent: frozenset[Coordinates] = frozenset()
    """Places where nothing was acquired."""
    height: int = 4
    """Rows of an image."""
    width: int = 6
    """Pixels per row."""
    pixel_size_um: float = 0.65
    """Edge of a pixel, µm."""
    z_step_um: float = 2.0
    """Distance of planes, µm."""
    objective: Objective = _OBJECTIVE
    """Objective."""
    started: datetime = datetime(2024, 7, 9, 13, 11, 9, 842000, timezone(timedelta(hours=2)))
    """When the first image is taken, to the millisecond."""
    interval_s: float = 600.0
    """Seconds between the beginnings of two time points."""

    @cells.default
    def _all_cells(self) -> tuple[tuple[int, int], ...]:
        return tuple((row, column) for row in range(self.grid[0]) for column in range(self.grid[1]))

    @wells.validator
    def _check_wells(self, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
        for well in value:
            row, column = check_well(well)
            if row > self.rows or column > self.columns:
                raise ValueError(f"well {well!r} is not on a plate of {self.rows} x {self.columns} wells")
        if list(value) != sorted(set(value), key=check_well):
            raise ValueError(f"wells must be in order of row and column, each once, not {list(value)}")

    @property
    def sites(self) -> range:
        """Numbers of the sites, from 1."""
        return range(1, len(self.cells) + 1)

    def stacks_of(self, well: str, site: int) -> Iterator[Coordinates]:
        """Yield the places of one site that are not absent; the planes of a stack follow one another."""
        for channel in sorted(self.channels):
            for timepoint in range(1, self.timepoints + 1):
                for z_index in range(1, self.planes + 1):
                    coordinates = Coordinates(well, site, channel, z_index, timepoint)
                    if coordinates not in self.absent:
                        yield coordinates

    def acquired(self, coordinates: Coordinates) -> datetime:
        """Return when an image is taken: well after well, and in these site, channel and plane."""
        c = coordinates
        channels = sorted(self.channels)
        number = (self.wells.index(c.well) * len(self.cells) + c.site - 1) * len(channels)
        number = (number + channels.index(c.channel)) * self.planes + c.z_index - 1
        seconds = (c.timepoint - 1) * self.interval_s + number * _SECONDS_PER_IMAGE
        return self.started + timedelta(seconds=seconds)

    def site_position_um(self, site: int) -> tuple[float, float]:
        """Return the offset (x, y) of a site's centre from its well's, µm, y downward; sites do not overlap."""
        row, column = self.cells[site - 1]
        x = (column - (self.grid[1] - 1) / 2) * self.width * self.pixel_size_um
        y = (row - (self.grid[0] - 1) / 2) * self.height * self.pixel_size_um
        return round(x, _DECIMALS) + 0.0, round(y, _DECIMALS) + 0.0

    def position_um(self, well: str, site: int) -> tuple[float, float]:
        """Return the same for the site of one well, which may have moved."""
        x, y = self.site_position_um(site)
        dx, dy = self.moved_um.get((well, site), (0.0, 0.0))
        return round(x + dx, _DECIMALS) + 0.0, round(y + dy, _DECIMALS) + 0.0

    @property
    def full_grid(self) -> tuple[int, int] | None:
        """Rows and columns of the grid, ``None`` if not every cell of it is a site."""
        return self.grid if len(self.cells) == self.grid[0] * self.grid[1] else None
