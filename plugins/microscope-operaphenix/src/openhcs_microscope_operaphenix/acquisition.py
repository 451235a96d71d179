"""The Index for people who want more than a plate reading holds: optics, positions, times.

``acquisition`` gives what holds for the plate and its channels, ``listed_planes`` each plane. Both read
nothing but the Index. The handler gathers the same and passes on what a plate reading has a place for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from openhcs_microscope_operaphenix.collector import Collector
from openhcs_microscope_operaphenix.facts import Acquisition, Channel, ListedPlane, listed_plane
from openhcs_microscope_operaphenix.index import IndexFile

__all__ = ["Acquisition", "Channel", "ListedPlane", "acquisition", "listed_planes"]


def acquisition(path: str | os.PathLike[str]) -> Acquisition:
    """Read channels, optics, positions and times out of the Index at ``path``.

    Raises ``FormatError`` if it is no Index, or breaks off.
    """
    index = IndexFile(os.fspath(path))
    collector = Collector()
    for record in index.records():
        collector.take(record)
    return collector.acquisition(index.version)


def listed_planes(path: str | os.PathLike[str]) -> Iterator[ListedPlane]:
    """Yield every plane that the Index at ``path`` lists; raises ``FormatError`` like ``acquisition``."""
    for record in IndexFile(os.fspath(path)).records():
        if record.kind == "image":
            yield listed_plane(record)
