"""The Index of a synthetic Harmony plate, and the XML of tag 65500.

Elements, their order, units and namespaces are those of real files of versions 5 and 7; the others are like
their neighbours.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from openhcs_demo.plates.described import Plate
from openhcs_demo.plates.harmony_traps import HarmonyTraps
from openhcs_host.contracts.images import Coordinates, parse_well

__all__ = ["MEASUREMENT_ID", "index_xml", "tag_xml"]

MEASUREMENT_ID = "6f2adb32-6c4b-4583-b792-9aefb0aa3cf0"
_BOTTOM_M = 0.1375


def index_xml(
    plate: Plate,
    traps: HarmonyTraps,
    listed: Mapping[Coordinates, str],
    positions_nm: Mapping[tuple[str, int], tuple[int, int]],
    rng: random.Random,
) -> bytes:
    """Return the Index that lists these planes under these file names.

    ``positions_nm`` is the offset (x, y) from the well's centre, y up, for each well and site.
    """
    images, channels = list(listed.items()), sorted(plate.channels)
    if traps.shuffled:
        rng.shuffle(images)
        rng.shuffle(channels)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<EvaluationInputData Version="1" xmlns="{_namespace(traps.version)}">',
        "<User>synthetic</User>",
        "<InstrumentType>Phenix</InstrumentType>",
        *_plate(plate, sorted({c.well for c in listed}, key=parse_well)),
        "<Maps>",
        *_maps(plate, traps, channels),
        "</Maps>",
        "<Images>",
        *(line for c, name in images for line in _image(plate, traps, c, name, positions_nm[c.well, c.site])),
        "</Images>",
        "</EvaluationInputData>",
    ]
    return (b"\xef\xbb\xbf" if traps.bom else b"") + "\r\n".join(lines).encode()


def tag_xml(version: int, place: Coordinates) -> bytes:
    """Return the content of tag 65500; whatever the channel, its ``ChannelID`` is 1."""
    row, column = parse_well(place.well)
    numbers = (("Row", row), ("Col", column), ("FieldID", place.site), ("PlaneID", place.z_index))
    text = "".join(f"<{name}>{value}</{name}>" for name, value in numbers)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\r\n'
        f'<TiffImageDescription Version="1" xmlns="{_namespace(version)}">'
        f"<MeasurementID>{MEASUREMENT_ID}</MeasurementID>"
        f'<Image Version="1">{text}<ChannelID>1</ChannelID></Image></TiffImageDescription>'
    ).encode()


def _namespace(version: int) -> str:
    vendor = "http://www.perkinelmer.com/PEHH" if version <= 5 else "43B2A954-E3C3-47E1-B392-6635266B0DD3"
    return f"{vendor}/HarmonyV{version}"


def _element(name: str, value: object | None, unit: str | None = None) -> Iterator[str]:
    """Yield the element, or nothing if there is no value."""
    if value is not None:
        attribute = "" if unit is None else f' Unit="{unit}"'
        yield f"<{name}{attribute}>{escape(str(value))}</{name}>"


def _plate(plate: Plate, wells: Sequence[str]) -> Iterator[str]:
    places = [parse_well(well) for well in wells]
    yield "<Plates>"
    yield "<Plate>"
    yield from _element("PlateID", plate.name)
    yield from _element("MeasurementID", MEASUREMENT_ID)
    yield from _element("MeasurementStartTime", plate.started.isoformat())
    yield from _element("Name", plate.name)
    yield from _element("PlateTypeName", plate.plate_type)
    yield from _element("PlateRows", plate.rows)
    yield from _element("PlateColumns", plate.columns)
    yield from (f'<Well id="{row:02d}{column:02d}" />' for row, column in places)
    yield "</Plate>"
    yield "</Plates>"
    yield "<Wells>"
    for row, column in places:
        yield f"<Well><id>{row:02d}{column:02d}</id><Row>{row}</Row><Col>{column}</Col></Well>"
    yield "</Wells>"


def _maps(plate: Plate, traps: HarmonyTraps, channels: Iterable[int]) -> Iterator[str]:
    flat = "<FlatfieldProfile>{Version: Acapella:2013}</FlatfieldProfile>"
    maps = [[f'<Entry ChannelID="{channel}">{flat}</Entry>' for channel in channels]]
    if traps.channels_in_maps:
        described = [
            f'<Entry ChannelID="{channel}">{"".join(_channel(plate, channel))}</Entry>'
            for channel in channels
        ]
        maps.insert(0 if traps.decoy_map == "last" else 1, described)
    for entries in maps:
        yield "<Map>"
        yield from entries
        yield "</Map>"


def _image(
    plate: Plate, traps: HarmonyTraps, place: Coordinates, name: str, position_nm: tuple[int, int]
) -> Iterator[str]:
    row, column = parse_well(place.well)
    yield '<Image Version="1">'
    yield f"<id>{row:02d}{column:02d}K{place.timepoint}F{place.site}P{place.z_index}R{place.channel}</id>"
    yield "<State>Ok</State>"
    yield f"<URL>{escape(name)}</URL>" if name else "<URL/>"
    yield from _element("Row", row)
    yield from _element("Col", column)
    yield from _element("FieldID", place.site)
    yield from _element("PlaneID", place.z_index)
    yield from _element("TimepointID", place.timepoint - 1 + traps.timepoint_ids_from)
    yield from _element("ChannelID", place.channel)
    yield "<FlimID>1</FlimID>"
    if not traps.channels_in_maps:
        yield from _channel(plate, place.channel)
    height = _metres((place.z_index - 1) * plate.z_step_um)
    yield from _element("PositionX", _metres(position_nm[0] / 1e3), "m")
    yield from _element("PositionY", _metres(position_nm[1] / 1e3), "m")
    yield from _element("PositionZ", height, "m")
    yield from _element("AbsPositionZ", f"{_BOTTOM_M + height:.9f}", "m")
    yield from _element("MeasurementTimeOffset", (place.timepoint - 1) * plate.interval_s, "s")
    yield from _element("AbsTime", plate.acquired(place).isoformat(timespec="milliseconds"))
    yield "</Image>"


def _channel(plate: Plate, number: int) -> Iterator[str]:
    channel, objective = plate.channels[number], plate.objective
    yield from _element("ChannelName", channel.name)
    yield from _element("ImageType", "Signal")
    yield from _element("AcquisitionType", "NonConfocal")
    yield from _element("IlluminationType", "Epifluorescence")
    yield from _element("ChannelType", "Fluorescence")
    for axis, size in (("X", plate.width), ("Y", plate.height)):
        yield from _element(f"ImageResolution{axis}", _metres(plate.pixel_size_um), "m")
        yield from _element(f"ImageSize{axis}", size)
        yield from _element(f"Binning{axis}", 1)
    yield from _element("MaxIntensity", 65535)
    yield from _element("CameraType", "AndorZylaCam")
    yield from _element("MainExcitationWavelength", channel.excitation_nm, "nm")
    yield from _element("MainEmissionWavelength", channel.emission_nm, "nm")
    yield from _element("ObjectiveMagnification", objective.magnification, "")
    yield from _element("ObjectiveNA", objective.numerical_aperture, "")
    exposure_ms = channel.exposure_ms
    yield from _element("ExposureTime", None if exposure_ms is None else f"{exposure_ms / 1e3:.9g}", "s")


def _metres(micrometres: float) -> float:
    return float(f"{micrometres / 1e6:.12g}")
