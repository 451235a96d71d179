"""Which plane stands for a well: the same place in all wells, as far as they have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from openhcs_host.contracts.microscopes import Place, Planes

__all__ = ["Representatives", "representatives"]


@attrs.frozen
class Representatives:
    """One plane per well of one channel."""

    place: Place
    """Site, channel, z and time point that most wells are shown at."""
    paths: Mapping[str, str]
    """Well to the path of its plane."""
    elsewhere: tuple[str, ...]
    """Wells that have no plane there and are shown at another place."""


def representatives(planes: Planes) -> dict[int, Representatives]:
    """Return the planes to show by channel: first time point, first site, the middle of its z-stack.

    Of places that not all wells have, those that most of them have are preferred.
    """
    chosen = {}
    for channel in sorted({place[1] for place in planes.places}):
        counts = {place: count for place, count in planes.places.items() if place[1] == channel}
        place = _preferred(counts)
        paths, elsewhere = {}, []
        for well, places in planes.by_well.items():
            if place in places:
                paths[well] = places[place]
            elif own := [other for other in places if other[1] == channel]:
                paths[well] = places[_preferred(dict.fromkeys(own, 1))]
                elsewhere.append(well)
        chosen[channel] = Representatives(place, paths, tuple(elsewhere))
    return chosen


def _preferred(counts: Mapping[Place, int]) -> Place:
    most = max(counts.values())
    places = [place for place, count in counts.items() if count == most]
    timepoint = min(place[3] for place in places)
    places = [place for place in places if place[3] == timepoint]
    site = min(place[0] for place in places)
    return _middle(place for place in places if place[0] == site)


def _middle(places: Iterable[Place]) -> Place:
    stack = sorted(places, key=lambda place: place[2])
    return stack[len(stack) // 2]
