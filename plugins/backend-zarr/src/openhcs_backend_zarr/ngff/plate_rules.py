"""What the specification asks of the documents of plates and wells, by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_host.plates.wording import shown

__all__ = ["check_places", "check_plate", "check_well"]

_NAME: Final = re.compile(r"[A-Za-z0-9]+\Z")
_WELL_PATH: Final = re.compile(r"([A-Za-z0-9]+)/([A-Za-z0-9]+)\Z")
_DRAFT_PATH: Final = re.compile(r"(?!\.+\Z)(?!__)[A-Za-z0-9_.-]+\Z")
_WHOLE: Final = "a whole number from"


def check_plate(content: object, version: str | None, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``plate`` of a plate's document."""
    if not isinstance(content, dict):
        yield error(where, f"a plate is described by an object, not by {shown(content)}")
        return
    if not isinstance(content.get("name"), str):
        yield warning(f"{where}.name", "a plate should have a name")
    # The draft of 0.6 has dropped the plate's own version.
    if version in ("0.4", "0.5") and not isinstance(content.get("version"), str):
        report = error if version == "0.5" else warning
        yield report(f"{where}.version", "the plate states its version, also where the group states one")
    if "field_count" not in content:
        yield warning(f"{where}.field_count", "a plate should say how many fields its fullest well has")
    elif not _whole(content["field_count"], 1):
        yield error(f"{where}.field_count", f"the number of fields is {_WHOLE} 1")
    rows, columns = _names(content, "rows"), _names(content, "columns")
    for key, names in (("rows", rows), ("columns", columns)):
        yield from _check_names(content.get(key), names, f"{where}.{key}")
    yield from _check_wells(content.get("wells"), f"{where}.wells")
    if "acquisitions" in content:
        yield from _check_acquisitions(content["acquisitions"], f"{where}.acquisitions")


def check_places(content: Mapping[str, Any], where: str) -> Iterator[Finding]:
    """Yield where rows, columns, paths and indices of a plate's wells contradict each other.

    The schemas cannot say this, and the specification's own examples of valid documents break it.
    """
    names = {"rowIndex": _names(content, "rows"), "columnIndex": _names(content, "columns")}
    wells = content.get("wells")
    for index, well in enumerate(wells if isinstance(wells, list) else []):
        path = well.get("path") if isinstance(well, dict) else None
        match = _WELL_PATH.match(path) if isinstance(path, str) else None
        if match is None:
            continue
        for (key, listed), name in zip(names.items(), match.groups(), strict=True):
            place, number = f"{where}.wells[{index}].{key}", well.get(key)
            if not _whole(number, 0):
                continue
            if number >= len(listed):
                yield error(place, f"{number} lies beyond the {len(listed)} that are listed")
            elif listed[number] != name:
                yield error(place, f"{number} means {shown(listed[number])}, the path says {shown(name)}")


def check_well(content: object, version: str | None, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``well`` of a well's document."""
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list) or not images:
        yield error(f"{where}.images", "a well lists its fields of view, at least one")
        return
    paths = [image.get("path") if isinstance(image, dict) else None for image in images]
    draft = version not in (None, "0.4", "0.5")
    for index, (image, path) in enumerate(zip(images, paths, strict=True)):
        place = f"{where}.images[{index}]"
        if not isinstance(path, str) or not (_DRAFT_PATH if draft else _NAME).match(path):
            yield error(f"{place}.path", f"a field's path has letters and digits only, not {shown(path)}")
        if isinstance(image, dict) and "acquisition" in image and not _whole(image["acquisition"], 0):
            yield error(f"{place}.acquisition", f"an acquisition is {_WHOLE} 0")
    if len(set(map(str, paths))) != len(paths):
        yield error(f"{where}.images", "no two fields have one path")


def _names(content: Mapping[str, Any], key: str) -> list[Any]:
    listed = content.get(key)
    if not isinstance(listed, list):
        return []
    return [entry.get("name") if isinstance(entry, dict) else None for entry in listed]


def _check_names(listed: object, names: list[Any], where: str) -> Iterator[Finding]:
    if not isinstance(listed, list) or not listed:
        yield error(where, "a plate lists all rows and columns that it has")
        return
    for index, name in enumerate(names):
        if not isinstance(name, str) or not _NAME.match(name):
            yield error(f"{where}[{index}].name", f"a name has letters and digits only, not {shown(name)}")
    texts = [str(name) for name in names]
    if len(set(texts)) != len(texts):
        yield error(where, "no two have one name")
    elif len({text.lower() for text in texts}) != len(texts):
        yield warning(where, "names that differ in case only are one folder on some file systems")


def _check_wells(listed: object, where: str) -> Iterator[Finding]:
    if not isinstance(listed, list) or not listed:
        yield error(where, "a plate lists its wells, at least one")
        return
    seen: set[str] = set()
    for index, well in enumerate(listed):
        place = f"{where}[{index}]"
        path = well.get("path") if isinstance(well, dict) else None
        match = _WELL_PATH.match(path) if isinstance(path, str) else None
        if match is None or not isinstance(path, str):
            yield error(
                f"{place}.path", f"a well's path is a row's name, a slash, a column's name, not {shown(path)}"
            )
            continue
        if path in seen:
            yield error(f"{place}.path", f"{shown(path)} is listed twice")
        seen.add(path)
        for key in ("rowIndex", "columnIndex"):
            if not _whole(well.get(key), 0):
                yield error(f"{place}.{key}", f"the index is {_WHOLE} 0, not {shown(well.get(key))}")


def _check_acquisitions(listed: object, where: str) -> Iterator[Finding]:
    if not isinstance(listed, list):
        yield error(where, "acquisitions are a list")
        return
    numbers = []
    for index, run in enumerate(listed):
        place = f"{where}[{index}]"
        content = run if isinstance(run, dict) else {}
        if not _whole(content.get("id"), 0):
            yield error(f"{place}.id", f"an acquisition has an id, {_WHOLE} 0")
        numbers.append(content.get("id"))
        if not isinstance(content.get("name"), str):
            yield warning(f"{place}.name", "an acquisition should have a name")
        if "maximumfieldcount" not in content:
            yield warning(
                f"{place}.maximumfieldcount", "an acquisition should say how many fields it has at most"
            )
        elif not _whole(content["maximumfieldcount"], 1):
            yield error(f"{place}.maximumfieldcount", f"the number of fields is {_WHOLE} 1")
        for key in ("starttime", "endtime"):
            if key in content and not _whole(content[key], 0):
                yield error(f"{place}.{key}", "a time is given in whole seconds since 1970")
    if len(set(map(str, numbers))) != len(numbers):
        yield error(where, "no two acquisitions have one id")


def _whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least
