"""Gathers what the records of an Index have in common, in memory that does not grow with the planes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_operaphenix.facts import (
    Acquisition,
    Channel,
    channel_of,
    moment_of,
    text_of,
    well_at,
)
from openhcs_microscope_operaphenix.index import CHANNEL_FIELDS
from openhcs_microscope_operaphenix.units import micrometres, number, seconds, whole
from openhcs_microscope_operaphenix.xmlrecords import Record

__all__ = ["Collector"]

_MOST_VARIANTS = 8
_MOST_CHANNELS = 1000
# A plate of 1536 wells with a hundred fields each, all at places of their own, stays below this.
_MOST_POSITIONS = 200_000


class Collector:
    """Takes the records of an Index one by one and keeps what they have in common."""

    def __init__(self) -> None:
        self._instrument: str | None = None
        self._plate: dict[str, str] = {}
        self._plates = 0
        self._maps: dict[int, tuple[dict[str, str], dict[str, str]]] = {}
        # Channel texts are equal in all images of a channel: only what differs is looked at again.
        self._seen: dict[str | None, tuple[str | None, ...]] = {}
        self._variants: dict[int, dict[tuple[str | None, ...], dict[str, str]]] = {}
        # Texts of a field and its position to the wells that have it there, as numbers in order of appearance.
        self._positions: dict[tuple[str | None, ...], set[int]] = {}
        self._wells: dict[tuple[str | None, ...], int] = {}
        self._last_position: tuple[str | None, ...] = ()
        self._crowded = self._many = False
        self._sampled: dict[str | None, tuple[str | None, ...]] = {}
        self._stacks: dict[int, dict[int, tuple[float | None, float | None]]] = {}
        self._offsets: dict[int, float] = {}
        self._last_offset: tuple[str | None, str | None] = (None, None)
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._no_unit: set[str] = set()

    def take(self, record: Record) -> None:
        """Take one record."""
        if record.kind == "image":
            self._image(record.texts, record.units)
        elif record.kind == "channel":
            channel = whole(record.attributes.get("ChannelID"))
            if channel is not None and (channel in self._maps or len(self._maps) < _MOST_CHANNELS):
                # There are several maps of different content; together they say what there is to say.
                texts, units = self._maps.setdefault(channel, ({}, {}))
                texts.update((key, text) for key, text in record.texts.items() if key not in texts)
                units.update((key, unit) for key, unit in record.units.items() if key not in units)
        elif record.kind == "plate":
            self._plates += 1
            self._plate = self._plate or record.texts
        else:
            self._instrument = text_of(record.texts, "")

    def _image(self, texts: Mapping[str, str], units: Mapping[str, str]) -> None:
        """Take one image; this runs for every plane of the plate."""
        get = texts.get
        channel = get("ChannelID")
        signature = tuple(map(get, CHANNEL_FIELDS))
        if self._seen.get(channel) != signature and self._counts(channel):
            self._seen[channel] = signature
            self._variant(channel, signature, units)
        site, row, column = get("FieldID"), get("Row"), get("Col")
        unit = units.get
        where = (site, get("PositionX"), get("PositionY"), unit("PositionX"), unit("PositionY"), row, column)
        if self._last_position != where:
            self._last_position = where
            self._position(where[:5], where[5:])
        stack = (row, column, site, get("TimepointID"))
        if channel in self._seen and self._sampled.setdefault(channel, stack) == stack:
            self._height(channel, texts, units)
        offset = (stack[3], get("MeasurementTimeOffset"))
        if self._last_offset != offset:
            self._last_offset = offset
            self._offset(*offset, units)
        moment = moment_of(get("AbsTime"))
        if moment is not None:
            self._first = moment if self._first is None or moment < self._first else self._first
            self._last = moment if self._last is None or moment > self._last else self._last

    def _counts(self, channel: str | None) -> bool:
        if channel in self._seen or len(self._seen) < _MOST_CHANNELS:
            return True
        self._many = True
        return False

    def _variant(
        self, channel: str | None, signature: tuple[str | None, ...], units: Mapping[str, str]
    ) -> None:
        number = whole(channel)
        if number is not None:
            variants = self._variants.setdefault(number, {})
            if len(variants) < _MOST_VARIANTS:
                variants.setdefault(signature, dict(units))

    def _position(self, position: tuple[str | None, ...], well: tuple[str | None, ...]) -> None:
        """Note that a field lies there in that well; memory grows with wells and fields, not with planes."""
        wells = self._positions.get(position)
        if wells is None:
            if len(self._positions) >= _MOST_POSITIONS:
                self._crowded = True
                return
            wells = self._positions[position] = set()
        wells.add(self._wells.setdefault(well, len(self._wells)))

    def _height(self, channel: str | None, texts: Mapping[str, str], units: Mapping[str, str]) -> None:
        number, plane = whole(channel), whole(texts.get("PlaneID"))
        if number is not None and plane is not None:
            heights = [
                self._length(axis, texts.get(axis), units.get(axis)) for axis in ("PositionZ", "AbsPositionZ")
            ]
            self._stacks.setdefault(number, {})[plane] = (heights[0], heights[1])

    def _offset(self, timepoint: str | None, text: str | None, units: Mapping[str, str]) -> None:
        number, value = whole(timepoint), seconds(text, units.get("MeasurementTimeOffset"))
        if number is not None and value is not None:
            self._offsets[number] = min(value, self._offsets.get(number, value))

    def _length(self, axis: str, text: str | None, unit: str | None) -> float | None:
        value = micrometres(text, unit)
        if value is None and number(text) is not None:
            self._no_unit.add(axis)
        return value

    def acquisition(self, version: int | None) -> Acquisition:
        """Return what was taken so far."""
        channels = {}
        for channel in sorted(self._maps.keys() | self._variants.keys()):
            channels[channel] = self._channel(channel)
        plate = self._plate
        positions = self._positions_um()
        return Acquisition(
            version=version,
            instrument=self._instrument,
            plate_id=text_of(plate, "PlateID"),
            plate_name=text_of(plate, "Name"),
            plate_type=text_of(plate, "PlateTypeName"),
            measurement_id=text_of(plate, "MeasurementID"),
            started=text_of(plate, "MeasurementStartTime"),
            plate_rows=whole(plate.get("PlateRows")),
            plate_columns=whole(plate.get("PlateColumns")),
            channels=channels,
            positions_um=positions,
            stacks_um=self._stacks,
            time_offsets_s=dict(sorted(self._offsets.items())),
            first_image=self._first or moment_of(plate.get("MeasurementStartTime")),
            last_image=self._last,
            problems=tuple(self._problems()),
        )

    def _positions_um(self) -> dict[int, dict[tuple[float, float], frozenset[str]]]:
        names = [well_at(row, column) for row, column in self._wells]
        found: dict[int, dict[tuple[float, float], frozenset[str]]] = {}
        for (site, x_text, y_text, x_unit, y_unit), wells in self._positions.items():
            number = whole(site)
            x = self._length("PositionX", x_text, x_unit)
            y = self._length("PositionY", y_text, y_unit)
            named = frozenset(name for well in wells if (name := names[well]) is not None)
            if number is not None and x is not None and y is not None and named:
                at = found.setdefault(number, {})
                at[x, y] = at.get((x, y), frozenset()) | named
        return dict(sorted(found.items()))

    def _channel(self, channel: int) -> Channel:
        """Return what the channel's first image says, completed by the maps."""
        texts, units = self._maps.get(channel, ({}, {}))
        for signature, own in list(self._variants.get(channel, {}).items())[:1]:
            values = dict(zip(CHANNEL_FIELDS, signature, strict=True))
            texts = texts | {key: text for key, text in values.items() if text is not None}
            units = units | own
        return channel_of(texts, units)

    def _problems(self) -> Iterator[str]:
        if self._plates > 1:
            yield f"the Index describes {self._plates} plates; the first is believed"
        for key in ("PlateRows", "PlateColumns"):
            if text_of(self._plate, key) and not whole(self._plate[key]):
                yield f"the Index gives no usable {key}: {shown(self._plate[key])}"
        if self._many:
            yield f"the Index has more than {_MOST_CHANNELS} channels; nothing is known of further ones"
        if self._crowded:
            yield f"fields lie at more than {_MOST_POSITIONS} places; further ones are not looked at"
        if self._no_unit:
            yield f"the Index gives no known unit of length for {listed(sorted(self._no_unit))}: left unknown"
        for field, key in (
            ("name", "ChannelName"),
            ("pixel size", "ImageResolutionX"),
            ("size", "ImageSizeX"),
        ):
            place = CHANNEL_FIELDS.index(key)
            differing = [
                f"{channel} ({listed(shown(value) for value in values)})"
                for channel, variants in sorted(self._variants.items())
                if len(values := list(dict.fromkeys(signature[place] for signature in variants))) > 1
            ]
            if differing:
                channels = counted(len(differing), "channel has", "channels have")
                yield f"{channels} more than one {field} in the Index; the first is believed: {listed(differing)}"
