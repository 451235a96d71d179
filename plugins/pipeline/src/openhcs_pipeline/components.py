"""The components of an acquisition, and grouping planes by them."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from openhcs_host.contracts.images import Coordinates

__all__ = ["Component", "stacks"]


class Component(enum.StrEnum):
    """One of the five dimensions of an acquisition."""

    WELL = "well"
    SITE = "site"
    CHANNEL = "channel"
    Z_INDEX = "z_index"
    TIMEPOINT = "timepoint"

    def of(self, coordinates: Coordinates) -> str | int:
        """Return this component of the coordinates."""
        value: str | int = getattr(coordinates, self.value)
        return value


def stacks(planes: Iterable[Coordinates], stacked: tuple[Component, ...]) -> list[tuple[Coordinates, ...]]:
    """Group planes that differ only in the ``stacked`` components, each group and its planes in order."""
    fixed = [component for component in Component if component not in stacked]
    groups: dict[tuple[str | int, ...], list[Coordinates]] = {}
    for plane in sorted(planes, key=lambda coordinates: coordinates.order):
        groups.setdefault(tuple(component.of(plane) for component in fixed), []).append(plane)
    return [tuple(group) for group in groups.values()]
