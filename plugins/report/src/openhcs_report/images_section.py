"""Thumbnails by well, one grid per channel."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from openhcs_host.contracts.images import well_name
from openhcs_host.plates.wording import listed
from openhcs_report.colours import channel_colour, hexadecimal
from openhcs_report.heat_map import PlateState
from openhcs_report.histogram import histogram
from openhcs_report.markup import Content, element, open_when
from openhcs_report.plate_layout import places_of
from openhcs_report.png import data_uri
from openhcs_report.thumbnails import Thumbnails

__all__ = ["images_section"]


def images_section(
    title: str, anchor: str, channels: Sequence[Thumbnails], plate: PlateState, absent: str | None = None
) -> Element:
    """Return the section of one plate's images; ``absent`` says why there are none."""
    parts: list[Content] = [element("p", absent)] if absent else []
    for number, shown in enumerate(channels):
        words = _words(shown)
        dot = element("span", "", class_="dot", style=f"background:{_dot(shown)}", aria_hidden="true")
        inside = element("span", dot, element("b", words), f" · {_place(shown)}")
        parts.append(
            open_when(number == 0, inside, *_channel(shown, plate, f"{title}, {words}"), class_="channel")
        )
    return element("section", element("h2", title), *parts, id=anchor)


def _channel(shown: Thumbnails, plate: PlateState, label: str) -> list[Element]:
    parts = [_grid(shown, plate, label), element("p", _explained(shown), class_="small")]
    if shown.histogram is not None:
        drawn = histogram(shown.histogram, f"pixel values, {label}", logarithmic=True)
        caption = element(
            "figcaption", "pixels by value, on a logarithmic scale; a regular sample of all wells shown"
        )
        parts.append(element("figure", drawn, caption))
    return parts


def _grid(shown: Thumbnails, plate: PlateState, label: str) -> Element:
    """Return the wells as on the plate, without rows and columns that have none."""
    places = places_of({*shown.shown.paths, *plate.worked, *plate.failed})
    wells = {place: well for well, place in places.items()}
    rows, columns = (sorted({place[axis] for place in wells}) for axis in (0, 1))
    head = element("tr", element("td"), *(element("th", str(column), scope="col") for column in columns))
    body = [
        element(
            "tr",
            element("th", well_name(row, 1)[:-2], scope="row"),
            *(_cell(wells.get((row, column)), shown, plate) for column in columns),
        )
        for row in rows
    ]
    width = f"max-width:{len(columns) * (shown.edge + 4) + 24}px"
    caption = element("caption", label)
    made = element(
        "table", caption, element("thead", head), element("tbody", *body), class_="thumbs", style=width
    )
    return element("div", made, class_="wide")


def _cell(well: str | None, shown: Thumbnails, plate: PlateState) -> Element:
    if well is None:
        return element("td")
    if well in shown.pictures:
        address = data_uri(shown.pictures[well])
        return element(
            "td", element("img", src=address, alt=well, title=well, loading="lazy", decoding="async")
        )
    if well in shown.unreadable:
        why, mark = f"{well}: {shown.unreadable[well]}", "?"
    elif well in plate.failed:
        why, mark = f"{well}: failed, {plate.failed[well]}", "✕"
    else:
        why, mark = f"{well}: no image of this channel", "–"
    return element("td", element("span", mark, title=why, class_="none"))


def _words(shown: Thumbnails) -> str:
    name = shown.channel.name
    return f"Channel {shown.number}, {name}" if name else f"Channel {shown.number}"


def _place(shown: Thumbnails) -> str:
    site, _, z_index, timepoint = shown.shown.place
    return f"site {site}, z {z_index}, time point {timepoint}"


def _dot(shown: Thumbnails) -> str:
    if shown.contrast is None:
        return "linear-gradient(90deg,#e05c5c,#5ce07e,#7a5ce0)"
    return hexadecimal(channel_colour(shown.channel))


def _explained(shown: Thumbnails) -> str:
    if shown.contrast is None:
        text = "Labels, in colours that tell objects apart and mean nothing else."
    else:
        low, high = shown.contrast.low, shown.contrast.high
        text = f"Black is {low:.6g}, full colour {high:.6g}, in every well alike (percentiles 1 and 99.8)."
    if shown.shown.elsewhere:
        text += f" Shown at another site, plane or time: {listed(shown.shown.elsewhere)}."
    if shown.unreadable:
        text += f" Not readable: {listed(f'{well} ({why})' for well, why in shown.unreadable.items())}."
    return text
