"""What the Index says of the acquisition, as frozen objects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from openhcs_host.contracts.images import well_name
from openhcs_microscope_operaphenix.units import micrometres, nanometres, number, seconds, whole
from openhcs_microscope_operaphenix.xmlrecords import Record

__all__ = [
    "Acquisition",
    "Channel",
    "ListedPlane",
    "channel_of",
    "listed_plane",
    "moment_of",
    "text_of",
    "well_at",
]


@attrs.frozen(kw_only=True)
class Channel:
    """What the Index says of one channel; ``None`` where it says nothing usable."""

    name: str | None = None
    """As the microscope shows it: ``HOECHST 33342``."""
    channel_type: str | None = None
    """``Fluorescence``, ``Brightfield`` …"""
    image_type: str | None = None
    """``Signal`` …"""
    acquisition_type: str | None = None
    """``Confocal``, ``NonConfocal`` …"""
    illumination_type: str | None = None
    """``Epifluorescence``, ``Transmission`` …"""
    camera: str | None = None
    """Camera."""
    excitation_nm: float | None = None
    """Main excitation wavelength, nm."""
    emission_nm: float | None = None
    """Main emission wavelength, nm; ``None`` for transmitted light, where the Index says 0."""
    objective_magnification: float | None = None
    """Nominal magnification of the objective."""
    objective_na: float | None = None
    """Its numerical aperture."""
    exposure_s: float | None = None
    """Exposure time, seconds."""
    pixel_size_x_um: float | None = None
    """Edge of a pixel along x, µm, binning included."""
    pixel_size_y_um: float | None = None
    """Edge of a pixel along y, µm."""
    width: int | None = None
    """Pixels per row."""
    height: int | None = None
    """Rows."""
    binning_x: int | None = None
    """Camera pixels that make one along x."""
    binning_y: int | None = None
    """Camera pixels that make one along y."""
    max_intensity: int | None = None
    """Largest value a pixel can have."""


@attrs.frozen(kw_only=True)
class Acquisition:
    """All that the Index says of a plate except which files there are."""

    version: int | None
    """Version of Harmony: 5."""
    instrument: str | None
    """``Phenix``, ``Operetta``, ``Sonata`` …"""
    plate_id: str | None
    """Identifier, often the bar code."""
    plate_name: str | None
    """Name."""
    plate_type: str | None
    """``384 PerkinElmer CellCarrier Ultra``."""
    measurement_id: str | None
    """GUID of the measurement."""
    started: str | None
    """Start of the measurement as written, ISO 8601 with seven digits after the second."""
    plate_rows: int | None
    """Rows of wells."""
    plate_columns: int | None
    """Columns of wells."""
    channels: Mapping[int, Channel]
    """Channel id to what is said of it."""
    positions_um: Mapping[int, Mapping[tuple[float, float], frozenset[str]]]
    """Site to its offsets (x, y) from the well's centre, µm, y up, and these to the wells where it lies there."""
    stacks_um: Mapping[int, Mapping[int, tuple[float | None, float | None]]]
    """Channel to one stack of it: plane to ``PositionZ`` and ``AbsPositionZ``, µm."""
    time_offsets_s: Mapping[int, float]
    """``TimepointID``, as the Index counts, to its first ``MeasurementTimeOffset``, seconds."""
    first_image: datetime | None
    """Time of the first image; of the measurement's start, if no image tells."""
    last_image: datetime | None
    """Time of the last image."""
    problems: tuple[str, ...] = ()
    """What the Index contradicts in itself."""


@attrs.frozen(kw_only=True)
class ListedPlane:
    """One plane as the Index lists it, whether it has a file or not; numbers as the Index counts."""

    url: str
    """File name, empty for a plane that was not recorded."""
    well: str | None
    """Well."""
    site: int | None
    """``FieldID``."""
    channel: int | None
    """``ChannelID``."""
    z_index: int | None
    """``PlaneID``."""
    timepoint_id: int | None
    """``TimepointID``, from 0 to version 5 and from 1 in version 7."""
    position_um: tuple[float | None, float | None]
    """Offset (x, y) from the well centre, µm, y up."""
    z_um: float | None
    """``PositionZ``: height above the focus, µm."""
    absolute_z_um: float | None
    """``AbsPositionZ``: height of the objective, µm."""
    acquired: datetime | None
    """Time of acquisition."""
    time_offset_s: float | None
    """Seconds since the measurement started."""


def channel_of(texts: dict[str, str], units: dict[str, str]) -> Channel:
    """Return what the texts of an image or of an entry in a map say of its channel."""

    def length(key: str) -> float | None:
        return _positive(micrometres(texts.get(key), units.get(key)))

    def wavelength(key: str) -> float | None:
        return _positive(nanometres(texts.get(key), units.get(key)))

    return Channel(
        name=text_of(texts, "ChannelName"),
        channel_type=text_of(texts, "ChannelType"),
        image_type=text_of(texts, "ImageType"),
        acquisition_type=text_of(texts, "AcquisitionType"),
        illumination_type=text_of(texts, "IlluminationType"),
        camera=text_of(texts, "CameraType"),
        excitation_nm=wavelength("MainExcitationWavelength"),
        emission_nm=wavelength("MainEmissionWavelength"),
        objective_magnification=_positive(number(texts.get("ObjectiveMagnification"))),
        objective_na=_positive(number(texts.get("ObjectiveNA"))),
        exposure_s=_positive(seconds(texts.get("ExposureTime"), units.get("ExposureTime"))),
        pixel_size_x_um=length("ImageResolutionX"),
        pixel_size_y_um=length("ImageResolutionY"),
        width=whole(texts.get("ImageSizeX")) or None,
        height=whole(texts.get("ImageSizeY")) or None,
        binning_x=whole(texts.get("BinningX")) or None,
        binning_y=whole(texts.get("BinningY")) or None,
        max_intensity=whole(texts.get("MaxIntensity")) or None,
    )


def listed_plane(record: Record) -> ListedPlane:
    """Return an image of the Index as an object."""
    texts, units = record.texts, record.units

    def length(key: str) -> float | None:
        return micrometres(texts.get(key), units.get(key))

    return ListedPlane(
        url=texts.get("URL", "").strip(),
        well=well_at(texts.get("Row"), texts.get("Col")),
        site=whole(texts.get("FieldID")),
        channel=whole(texts.get("ChannelID")),
        z_index=whole(texts.get("PlaneID")),
        timepoint_id=whole(texts.get("TimepointID")),
        position_um=(length("PositionX"), length("PositionY")),
        z_um=length("PositionZ"),
        absolute_z_um=length("AbsPositionZ"),
        acquired=moment_of(texts.get("AbsTime")),
        time_offset_s=seconds(texts.get("MeasurementTimeOffset"), units.get("MeasurementTimeOffset")),
    )


def well_at(row: str | None, column: str | None) -> str | None:
    """Return the well at a row and a column as the Index writes them, both from 1."""
    try:
        return well_name(whole(row) or 0, whole(column) or 0)
    except ValueError:
        return None


def text_of(texts: Mapping[str, str], key: str) -> str | None:
    """Return a text without the space around it, ``None`` if nothing is left."""
    return texts.get(key, "").strip() or None


def moment_of(text: str | None) -> datetime | None:
    """Return a time with its zone; one without could not be compared with the others."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None
