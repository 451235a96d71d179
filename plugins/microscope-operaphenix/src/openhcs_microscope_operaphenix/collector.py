"""Gathers what the records of an Index have in common, in memory that does not grow with the planes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_operaphenix.facts import Acquisition, Channel, Span, channel_of, moment_of, text_of
from openhcs_microscope_operaphenix.index import CHANNEL_FIELDS
from openhcs_microscope_operaphenix.units import micrometres, number, seconds, whole
from openhcs_microscope_operaphenix.xmlrecords import Record

__all__ = ["Collector"]

_MOST_VARIANTS = 8


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
        self._sites: dict[int, tuple[Span, Span]] = {}
        self._last_position: dict[str, tuple[str | None, ...]] = {}
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
            if channel is not None:
                # There are several maps of different content; together they say what there is to say.
                texts, units = self._maps.setdefault(channel, ({}, {}))
                texts.update((key, text) for key, text in record.texts.items() if key not in texts)
                units.update((key, unit) for key, unit in record.units.items() if key not in units)
        elif record.kind == "plate":
            self._plates += 1
            self._plate = self._plate or record.texts
        else:
            self._instrument = text_of(record.texts, "")

    def _image(self, texts: dict[str, str], units: dict[str, str]) -> None:
        """Take one image; this runs for every plane of the plate."""
        get = texts.get
        channel = get("ChannelID")
        signature = tuple(map(get, CHANNEL_FIELDS))
        if self._seen.get(channel) != signature:
            self._seen[channel] = signature
            self._variant(channel, signature, units)
        site = get("FieldID")
        if site is not None:
            position = (get("PositionX"), get("PositionY"))
            if self._last_position.get(site) != position:
                self._last_position[site] = position
                self._position(site, position, units)
        stack = (get("Row"), get("Col"), site, get("TimepointID"))
        if self._sampled.setdefault(channel, stack) == stack:
            self._height(channel, texts, units)
        offset = (stack[3], get("MeasurementTimeOffset"))
        if self._last_offset != offset:
            self._last_offset = offset
            self._offset(*offset, units)
        moment = moment_of(get("AbsTime"))
        if moment is not None:
            self._first = moment if self._first is None or moment < self._first else self._first
            self._last = moment if self._last is None or moment > self._last else self._last

    def _variant(self, channel: str | None, signature: tuple[str | None, ...], units: dict[str, str]) -> None:
        number = whole(channel)
        if number is not None:
            variants = self._variants.setdefault(number, {})
            if len(variants) < _MOST_VARIANTS:
                variants.setdefault(signature, dict(units))

    def _position(self, site: str, position: tuple[str | None, ...], units: dict[str, str]) -> None:
        number = whole(site)
        axes = zip(("PositionX", "PositionY"), position, strict=True)
        values = [self._length(axis, text, units) for axis, text in axes]
        x, y = values
        if number is None or x is None or y is None:
            return
        spans = self._sites.setdefault(number, (Span(x, x), Span(y, y)))
        spans[0].add(x)
        spans[1].add(y)

    def _height(self, channel: str | None, texts: dict[str, str], units: dict[str, str]) -> None:
        number, plane = whole(channel), whole(texts.get("PlaneID"))
        if number is not None and plane is not None:
            heights = [self._length(axis, texts.get(axis), units) for axis in ("PositionZ", "AbsPositionZ")]
            self._stacks.setdefault(number, {})[plane] = (heights[0], heights[1])

    def _offset(self, timepoint: str | None, text: str | None, units: dict[str, str]) -> None:
        number, value = whole(timepoint), seconds(text, units.get("MeasurementTimeOffset"))
        if number is not None and value is not None:
            self._offsets[number] = min(value, self._offsets.get(number, value))

    def _length(self, axis: str, text: str | None, units: dict[str, str]) -> float | None:
        value = micrometres(text, units.get(axis))
        if value is None and number(text) is not None:
            self._no_unit.add(axis)
        return value

    def acquisition(self, version: int | None) -> Acquisition:
        """Return what was taken so far."""
        channels = {}
        for channel in sorted(self._maps.keys() | self._variants.keys()):
            channels[channel] = self._channel(channel)
        plate = self._plate
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
            site_spans_um=dict(sorted(self._sites.items())),
            stacks_um=self._stacks,
            time_offsets_s=dict(sorted(self._offsets.items())),
            first_image=self._first,
            last_image=self._last,
            problems=tuple(self._problems()),
        )

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
