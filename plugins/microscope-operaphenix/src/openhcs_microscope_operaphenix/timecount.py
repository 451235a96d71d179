"""How an Index counts time: from 0 to version 5, from 1 later, and names always from 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import attrs

from openhcs_host.plates.wording import listed, shown

__all__ = ["TimeCount"]

# From this version on TimepointID counts from 1. No real file of version 6 with time is known; names decide.
_FROM_ONE: Final = 6


@attrs.define
class TimeCount:
    """Learns from files whose names say their time what ``TimepointID`` means."""

    _named: dict[tuple[int, int], str] = attrs.field(factory=dict)
    _first: int | None = None

    def see(self, timepoint_id: int | None) -> None:
        """Take the ``TimepointID`` of any image."""
        if timepoint_id is not None and (self._first is None or timepoint_id < self._first):
            self._first = timepoint_id

    def compare(self, timepoint_id: int | None, timepoint: int, path: str) -> None:
        """Take the ``TimepointID`` of a file, and the time point that its name says."""
        if timepoint_id is not None and (timepoint_id, timepoint) not in self._named:
            self._named[timepoint_id, timepoint] = path

    def offset(self, version: int | None) -> int:
        """Return what turns ``TimepointID`` into time as names and people count it."""
        offsets = Counter(self._offsets())
        if offsets:
            return offsets.most_common(1)[0][0]
        return 1 if self._first == 0 or (version is not None and version < _FROM_ONE) else 0

    def problems(self) -> Iterator[str]:
        """Say if there is no one offset."""
        if len(set(self._offsets())) > 1:
            text = listed(
                f"{shown(path)} has TimepointID {number}" for (number, _), path in self._named.items()
            )
            yield f"the time points of Index and names do not run alike, and the names are followed: {text}"

    def _offsets(self) -> Iterator[int]:
        return (timepoint - number for number, timepoint in self._named)
