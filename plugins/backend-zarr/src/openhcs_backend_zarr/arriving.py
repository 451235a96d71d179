"""Planes of a field that are loaded when they are written, so that a field need not fit into memory.

A batch in a list is checked as a whole before anything is written. A sequence that loads its items when they are
taken cannot be: each is taken once, in the order in which it is written, and checked as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from openhcs_backend_zarr.encoding import storable
from openhcs_backend_zarr.fields import Spot
from openhcs_host.errors import BatchError, UnsupportedDataError

__all__ = ["ArrivingPlanes", "checked_plane", "is_loaded"]

Array = np.ndarray[Any, np.dtype[Any]]


def is_loaded(data: Sequence[Any]) -> bool:
    """Whether all items of a batch are in memory already, so that looking at them costs nothing."""
    return isinstance(data, list | tuple)


def checked_plane(item: Any, path: str) -> Array:
    """Return pixels that can be stored as one plane, or raise ``UnsupportedDataError``."""
    try:
        plane = storable(item)
    except UnsupportedDataError as error:
        raise UnsupportedDataError(f"cannot save {path!r}: {error}") from error
    if plane.ndim != 2 or not plane.size:
        raise UnsupportedDataError(
            f"cannot save {path!r}: the name is that of one plane [Y, X], and the array has the shape "
            f"{plane.shape}; save its planes, or the stack under another name"
        )
    return plane


class ArrivingPlanes(Mapping[Spot, Array]):
    """Place to plane, loaded when it is taken and kept by nobody here; not for several threads.

    A plane of another dtype or shape than the first is a ``BatchError`` when it is taken.
    """

    def __init__(self, data: Sequence[Any], places: Mapping[Spot, tuple[int, str]]) -> None:
        self._data, self._places = data, places
        self._first = min(places, key=lambda spot: places[spot])
        self._waiting: Array | None = self._loaded(self._first)
        self.size: tuple[int, int] = (self._waiting.shape[0], self._waiting.shape[1])
        """Rows and columns of each plane: those of the first."""
        self.dtype: np.dtype[Any] = self._waiting.dtype
        """The dtype of all planes."""

    def __getitem__(self, spot: Spot) -> Array:
        if spot == self._first and self._waiting is not None:
            plane, self._waiting = self._waiting, None
            return plane
        plane = self._loaded(spot)
        if (plane.dtype, plane.shape) != (self.dtype, self.size):
            raise BatchError(
                f"{self._places[spot][1]!r} is {plane.dtype} {plane.shape}, and other planes of its field are "
                f"{self.dtype} {self.size}; the planes of a field are of one kind. Nothing was saved"
            )
        return plane

    def __contains__(self, spot: object) -> bool:
        return spot in self._places

    def __iter__(self) -> Iterator[Spot]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _loaded(self, spot: Spot) -> Array:
        number, path = self._places[spot]
        return checked_plane(self._data[number], path)
