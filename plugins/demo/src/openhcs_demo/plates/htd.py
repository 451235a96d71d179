"""The HTD file of a synthetic ImageXpress plate.

Keys and their order are those of MetaXpress 6.7; lines end with CR LF.
"""

from __future__ import annotations

import uuid

from openhcs_demo.plates.described import Plate
from openhcs_demo.plates.imagexpress_traps import ImageXpressTraps
from openhcs_host.contracts.images import well_name

__all__ = ["PLATE_TYPE", "htd_file", "selected_wells"]

PLATE_TYPE = "6"
"""MetaXpress's number of a kind of plate."""
_LINE_BREAK = b"\x82\x81"


def htd_file(plate: Plate, traps: ImageXpressTraps, identifier: uuid.UUID) -> bytes:
    """Return the content of the file; a wave number that is not used is announced as not collected."""
    more = traps.htd_more
    planes = plate.planes + ("z" in more)
    rows, columns = plate.grid
    text = "synthetic\x00of a known content" if traps.htd_line_break else "synthetic"
    lines = [
        '"HTSInfoFile", Version 1.0',
        f'"Description", "{text}"',
        f'"PlateType", {PLATE_TYPE}',
        f'"TimePoints", {plate.timepoints + ("timepoints" in more)}',
        f'"ZSeries", {_flag(planes > 1)}',
        f'"ZSteps", {planes}',
        f'"ZProjection", {_flag(traps.projections is not None or "projections" in more)}',
        f'"XWells", {plate.columns}',
        f'"YWells", {plate.rows}',
    ]
    wells = selected_wells(plate, traps)
    for row in range(1, plate.rows + 1):
        cells = [_flag(well_name(row, column) in wells) for column in range(1, plate.columns + 1)]
        lines.append(f'"WellsSelection{row}", {", ".join(cells)}')
    if traps.site_token:
        lines += ['"Sites", TRUE', f'"XSites", {columns}', f'"YSites", {rows}']
        for row in range(rows):
            selected = [_flag((row, column) in plate.cells) for column in range(columns)]
            lines.append(f'"SiteSelection{row + 1}", {", ".join(selected)}')
    else:
        lines.append('"Sites", FALSE')
    lines += _waves(plate, traps)
    lines += [f'"UniquePlateIdentifier", "{identifier}"', '"EndFile"']
    content = ("\r\n".join(lines) + "\r\n").encode(traps.htd_encoding)
    return content.replace(b"\0", _LINE_BREAK)


def selected_wells(plate: Plate, traps: ImageXpressTraps) -> set[str]:
    """Return the wells that the file selects."""
    more = {well_name(plate.rows, plate.columns)} if "wells" in traps.htd_more else set()
    return {*plate.wells, *more}


def _waves(plate: Plate, traps: ImageXpressTraps) -> list[str]:
    names = {number: channel.name or "" for number, channel in plate.channels.items()}
    collected = dict.fromkeys(names, 1)
    if "waves" in traps.htd_more:
        names[max(names) + 1] = "Announced"
        collected[max(names)] = 1
    numbers = range(1, max(names) + 1)
    return [
        f'"Waves", {_flag(traps.wave_token)}',
        f'"NWavelengths", {len(numbers)}',
        *(f'"WaveName{number}", "{names.get(number, "Off")}"' for number in numbers),
        *(f'"WaveCollect{number}", {collected.get(number, 0)}' for number in numbers),
    ]


def _flag(value: bool) -> str:
    return "TRUE" if value else "FALSE"
