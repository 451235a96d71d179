"""The MetaSeries XML of a synthetic ImageXpress image, as MetaXpress 6.7 puts it into tag 270."""

from __future__ import annotations

from typing import TypeAlias
from xml.sax.saxutils import quoteattr

from openhcs_demo.plates.described import Plate
from openhcs_host.contracts.images import Coordinates, parse_well

__all__ = ["metaseries_xml"]

Property: TypeAlias = tuple[str, str, str, object]
"""Element, id, type and value."""

_LENGTH_UM, _WIDTH_UM = 127_760, 85_480  # of every plate, whatever its wells (ANSI/SLAS 1)
_BOTTOM_UM = 9000.0


def metaseries_xml(
    plate: Plate,
    acquired: Coordinates,
    shape: tuple[int, int],
    jitter_um: tuple[float, float],
    projected: bool,
) -> bytes:
    """Return the XML of the image that was acquired there, with the numbers of its acquisition.

    ``jitter_um`` is how far the stage missed its position (x, y); ``projected`` says that the image is
    the projection of the stack that begins there.
    """
    properties = [
        *_calibration(plate, shape),
        *_stage(plate, acquired, jitter_um),
        *_optics(plate, acquired.channel),
        ("prop", "acquisition-time-local", "time", f"{plate.acquired(acquired):%Y%m%d %H:%M:%S.%f}"[:-3]),
    ]
    if plate.timepoints > 1:
        properties.append(("custom-prop", "Timepoint", "float", acquired.timepoint))
    if projected:
        properties += [
            ("custom-prop", "Z Projection Method", "string", "Maximum"),
            ("custom-prop", "Z Projection Step Size", "float", plate.z_step_um),
        ]
    elif plate.planes > 1:
        properties.append(("custom-prop", "Z Step", "float", acquired.z_index))
    lines = [
        f'<{tag} id="{name}" type="{kind}" value={quoteattr(str(value))}/>'
        for tag, name, kind, value in properties
    ]
    description = quoteattr(
        f"Plate Name: {plate.name}\r\nFolder Name: synthetic", {"\r": "&#13;", "\n": "&#10;"}
    )
    text = "\n".join(
        [
            "<MetaData>",
            f'<prop id="Description" type="string" value={description}/>',
            "<PlaneInfo>",
            *lines,
            "</PlaneInfo>",
            "</MetaData>",
        ]
    )
    return text.encode("ascii", "xmlcharrefreplace")


def _calibration(plate: Plate, shape: tuple[int, int]) -> list[Property]:
    return [
        ("prop", "pixel-size-x", "int", shape[1]),
        ("prop", "pixel-size-y", "int", shape[0]),
        ("prop", "bits-per-pixel", "int", 16),
        ("prop", "spatial-calibration-state", "bool", "on"),
        ("prop", "spatial-calibration-x", "float", plate.pixel_size_um),
        ("prop", "spatial-calibration-y", "float", plate.pixel_size_um),
        ("prop", "spatial-calibration-units", "string", "um"),
    ]


def _stage(plate: Plate, acquired: Coordinates, jitter_um: tuple[float, float]) -> list[Property]:
    x, y = plate.position_um(acquired.well, acquired.site)
    x, y = round(x + jitter_um[0], 2) + 0.0, round(y + jitter_um[1], 2) + 0.0
    row, column = parse_well(acquired.well)
    cell_row, cell_column = plate.cells[acquired.site - 1]
    return [
        ("prop", "stage-label", "string", f"{acquired.well} : Site {acquired.site}"),
        ("prop", "stage-position-x", "float", (column - 0.5) * _LENGTH_UM / plate.columns + x),
        ("prop", "stage-position-y", "float", (row - 0.5) * _WIDTH_UM / plate.rows + y),
        ("prop", "z-position", "float", _BOTTOM_UM + acquired.z_index * plate.z_step_um),
        ("custom-prop", "OffsetFromWellCenterUmX", "float", x),
        ("custom-prop", "OffsetFromWellCenterUmY", "float", y),
        ("custom-prop", "SiteX", "float", cell_column + 1),
        ("custom-prop", "SiteY", "float", cell_row + 1),
    ]


def _optics(plate: Plate, number: int) -> list[Property]:
    channel, objective = plate.channels[number], plate.objective
    known: list[tuple[str, str, str, object | None]] = [
        ("prop", "_IllumSetting_", "string", channel.name),
        ("prop", "wavelength", "float", channel.emission_nm),
        ("prop", "_MagSetting_", "string", objective.name),
        ("prop", "_MagNA_", "float", objective.numerical_aperture),
        ("custom-prop", "Exposure Time", "string", _milliseconds(channel.exposure_ms)),
    ]
    return [(tag, name, kind, value) for tag, name, kind, value in known if value is not None]


def _milliseconds(exposure_ms: float | None) -> str | None:
    return None if exposure_ms is None else f"{exposure_ms:g} ms"
