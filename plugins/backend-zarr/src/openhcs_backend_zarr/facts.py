"""What the fields of a plate agree on: channels, pixel size, z step, positions; and where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

import attrs

from openhcs_backend_zarr.fields import Field, length_um
from openhcs_backend_zarr.ngff.model import Axis, OmeroChannel
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.plates.wording import counted, listed, shown

__all__ = ["PlateFacts"]

_Named = tuple[str | None, str | None]
_Key = TypeVar("_Key", bound=Hashable)


class _Runs(Generic[_Key]):
    """Counts keys that mostly come several times in a row: comparing costs less than hashing."""

    def __init__(self) -> None:
        self._counts: dict[_Key, int] = {}
        self._last: _Key | None = None
        self._run = 0

    def add(self, key: _Key) -> None:
        """Count a key."""
        if key != self._last:
            self.counts()
            self._last = key
        self._run += 1

    def counts(self) -> dict[_Key, int]:
        """Return how often each key came."""
        if self._last is not None and self._run:
            self._counts[self._last] = self._counts.get(self._last, 0) + self._run
            self._run = 0
        return self._counts


@attrs.define
class PlateFacts:
    """Gathers what each field says and gives what they say in common."""

    _channels: _Runs[tuple[tuple[int, ...], tuple[OmeroChannel, ...] | None]] = attrs.field(
        factory=lambda: _Runs()
    )
    _scales: _Runs[tuple[tuple[Axis, ...], tuple[float, ...] | None, bool]] = attrs.field(
        factory=lambda: _Runs()
    )
    _positions: dict[str, dict[int, tuple[float, float] | None]] = attrs.field(factory=dict)
    _placed: set[str] = attrs.field(factory=set)

    def add(self, well: str, field: Field) -> None:
        """Take in a field of a well."""
        image = field.image
        self._channels.add((field.recorded.channels, None if image is None else image.channels))
        self._positions.setdefault(well, {})[field.site] = field.position_um()
        if image is None:
            return
        if image.recorded is not None or any((image.datasets[0].translation or ())[-2:]):
            self._placed.add(well)  # others write a translation of zeros where they know no position
        self._scales.add((image.axes, image.datasets[0].scale, image.recorded is not None))

    def pixel_size_um(self) -> float | None:
        """Return the edge of a pixel, if all fields agree and pixels are square."""
        x, y = self._common("x"), self._common("y")
        return x if x == y else None

    def z_step_um(self) -> float | None:
        """Return the distance of planes, if all fields agree."""
        return self._common("z")

    def channels(self) -> dict[int, Channel]:
        """Return what most fields say of each channel."""
        return {
            number: Channel(name=most[0], color=most[1])
            for number, said in sorted(self._said().items())
            for most, _ in said.most_common(1)
        }

    def positions(self) -> dict[tuple[str, int], tuple[float, float]]:
        """Return (well, site) to its position, where one is known."""
        return {
            (well, site): position
            for well, sites in self._positions.items()
            if well in self._placed and _apart(sites)
            for site, position in sites.items()
            if position is not None
        }

    def problems(self) -> list[str]:
        """Return why something is unknown although something is said of it, and what fields contradict."""
        problems = [
            f"the scale along {letters} of {counted(count, 'image')} has "
            + ("no unit" if unit is None else f"the unit {shown(unit)}, which is no known length")
            for (letters, unit), count in sorted(self._strange_units().items(), key=str)
        ]
        for letter, what in (("x", "pixel size"), ("z", "z step")):
            lengths = [length for length in self._lengths(letter) if length is not None]
            if len(lengths) > 1:
                texts = listed(f"{length:g}" for length in sorted(lengths))
                problems.append(
                    f"images have different scales along {letter} ({texts} µm): the {what} is unknown"
                )
        x, y = self._common("x"), self._common("y")
        if x is not None and y is not None and x != y:
            problems.append(f"pixels are not square ({x:g} x {y:g} µm): the pixel size is unknown")
        for number, said in sorted(self._said().items()):
            names = {name for name, _ in said if name is not None}
            if len(names) > 1:
                texts = listed(shown(name) for name in sorted(names))
                problems.append(f"channel {number} has different names: {texts}")
        heaped = sum(not _apart(self._positions[well]) for well in self._placed)
        if heaped:
            problems.append(
                f"all fields have one position in {counted(heaped, 'well')}: where they lie is unknown there"
            )
        return problems

    def _common(self, letter: str) -> float | None:
        lengths = self._lengths(letter)
        return lengths.pop() if len(lengths) == 1 else None

    def _lengths(self, letter: str) -> set[float | None]:
        return {length_um(axes, scale, letter) for axes, scale, _ in self._scales.counts()}

    def _strange_units(self) -> dict[tuple[str, str | None], int]:
        """Return axes and unit to how many images have a scale there that means no length.

        We write 1 without a unit where nothing is known; in images of others a missing unit was forgotten.
        """
        found: dict[tuple[str, str | None], int] = {}
        for (axes, scale, ours), count in self._scales.counts().items():
            letters: dict[str | None, list[str]] = {}
            for number, axis in enumerate(axes):
                letter = axis.name.lower()
                strange = letter in "xyz" and length_um(axes, scale, letter) is None
                if strange and scale is not None and not (ours and scale[number] == 1):
                    letters.setdefault(axis.unit, []).append(letter)
            for unit, along in letters.items():
                key = ", ".join(along), unit
                found[key] = found.get(key, 0) + count
        return found

    def _said(self) -> dict[int, Counter[_Named]]:
        said: dict[int, Counter[_Named]] = {}
        for (numbers, channels), count in self._channels.counts().items():
            for index, number in enumerate(numbers):
                channel = channels[index] if channels is not None and index < len(channels) else None
                named = (None, None) if channel is None else (channel.label, channel.color)
                said.setdefault(number, Counter())[named] += count
        return said


def _apart(sites: dict[int, tuple[float, float] | None]) -> bool:
    """Whether the fields of a well lie at different places; writers that know none put all at one."""
    known = {position for position in sites.values() if position is not None}
    return len(known) > 1 or len(sites) < 2 or not known
