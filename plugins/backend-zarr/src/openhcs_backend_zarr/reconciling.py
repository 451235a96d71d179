"""What a plate records of itself and what its images say, together.

The images are what other programs read and change: where both differ they are right. Where they agree the record
is exact, since a position is stored as the place of a corner, rounded, and a channel's exposure nowhere else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

import attrs

from openhcs_backend_zarr.contents import PlateContents
from openhcs_backend_zarr.ngff.physical import physical_shape
from openhcs_backend_zarr.plate_records import PlateRecord
from openhcs_host.contracts.microscopes import Channel

__all__ = ["described", "exact", "placed", "shape_of"]

_ROUNDED_UM: Final = 1e-5

_Position = tuple[float, float]


def exact(recorded: float | None, found: float | None) -> float | None:
    """Return the recorded length if the images have it too, to what rounding leaves; else theirs."""
    same = recorded is not None and found is not None and math.isclose(recorded, found, rel_tol=1e-6)
    return recorded if same else found


def described(record: PlateRecord, found: Mapping[int, Channel]) -> dict[int, Channel]:
    """Return channels with the names and colours of the images and the optics of the record."""
    channels = dict(record.channels)
    for number, channel in found.items():
        known = channels.get(number, channel)
        channels[number] = attrs.evolve(
            known, name=channel.name or known.name, color=channel.color or known.color
        )
    return dict(sorted(channels.items()))


def shape_of(record: PlateRecord, contents: PlateContents) -> tuple[int, int] | None:
    """Return rows and columns of the physical plate; of a plate of ours only what was known, and not assumed."""
    listed = len(contents.plate.rows), len(contents.plate.columns)
    if record.plate_shape == listed:
        return listed
    prepared = contents.ours and bool(contents.attributes["openhcs"])
    return None if prepared and record.plate_shape is None else physical_shape(contents.plate)


def placed(
    record: PlateRecord, found: Mapping[tuple[str, int], _Position]
) -> tuple[dict[int, _Position], dict[tuple[str, int], _Position]]:
    """Return site to its usual position, and (well, site) to that of those that lie elsewhere.

    Where the record has positions these are usual; without, those that most wells have.
    """
    usual, others = dict(record.site_positions_um), dict(record.well_site_positions_um)
    counts: dict[int, Counter[_Position]] = {}
    for (_, site), position in found.items():
        counts.setdefault(site, Counter())[position] += 1
    if not usual and not others:
        usual = {site: count.most_common(1)[0][0] for site, count in sorted(counts.items())}
    for (well, site), position in found.items():
        said = others.get((well, site)) or usual.get(site)
        if said is None or max(abs(a - b) for a, b in zip(said, position, strict=True)) > _ROUNDED_UM:
            others[well, site] = position
    return usual, others
