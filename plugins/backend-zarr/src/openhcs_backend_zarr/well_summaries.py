"""What the document of a well says of its fields, so that a plate is listed by one document per well.

The attribute ``openhcs`` of a well's group lists its complete fields, those of one pattern together::

    {"fields": [{"paths": ["1", "2"], "bytes": [1210, 1213],
                 "channels": [1, 2], "z_indexes": [1], "timepoints": [1], "extension": ".tif"}]}

It counts only while it agrees with what it sums up: it must name the images that the well lists, and their documents
must have these lengths. Whoever changes a field in its place strikes it off first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from openhcs_backend_zarr.config import NgffVersion
from openhcs_backend_zarr.contents import is_site
from openhcs_backend_zarr.groups import Groups
from openhcs_backend_zarr.ngff.documents import parse_json
from openhcs_backend_zarr.ngff.images import parse_recorded
from openhcs_backend_zarr.ngff.kinds import as_list, as_object, integers
from openhcs_backend_zarr.ngff.model import Recorded
from openhcs_backend_zarr.ngff.parsing import parse_well
from openhcs_backend_zarr.ngff.writing import group_documents
from openhcs_backend_zarr.plate_documents import write_documents
from openhcs_host.errors import InvalidPathError, PlateError

__all__ = ["summarised", "summary_of", "without_summary"]

_SAID: Final = ("channels", "z_indexes", "timepoints", "extension")


def summary_of(folder: str, sites: Iterable[int], version: NgffVersion) -> dict[str, Any]:
    """Return what is to be noted in the attributes of a well, of the fields in its folder.

    Empty unless all are complete: a field with absent planes is told by its own document.
    """
    document = "zarr.json" if version == "0.5" else ".zattrs"
    patterns: dict[str, dict[str, Any]] = {}
    for site in sites:
        path = f"{folder}/{site}/{document}"
        with open(path, "rb") as stream:
            content = stream.read()
        found = parse_json(content, path)
        recorded = found.get("attributes", found)["openhcs"]
        if recorded["absent"]:
            return {}
        said = {key: recorded[key] for key in _SAID}
        pattern = patterns.setdefault(repr(said), {"paths": [], "bytes": [], **said})
        pattern["paths"].append(str(site))
        pattern["bytes"].append(len(content))
    return {"openhcs": {"fields": list(patterns.values())}} if patterns else {}


def without_summary(groups: Groups, folder: str, *, power: bool) -> None:
    """Strike off what the document of the well in ``folder`` says of its fields; the caller holds the well's lock."""
    group = groups.get(folder)
    if group is not None and "openhcs" in group.attributes:
        attributes = {key: value for key, value in group.attributes.items() if key != "openhcs"}
        version = "0.4" if group.zarr_format == 2 else "0.5"
        write_documents(folder, group_documents(attributes, version), power=power)


def summarised(attributes: Mapping[str, Any], where: str) -> dict[int, tuple[int, Recorded]]:
    """Return site to the length of its document and what it has; empty unless every image is told of."""
    if "openhcs" not in attributes:
        return {}
    found: dict[str, tuple[int, Recorded]] = {}
    try:
        for entry in as_list(as_object(attributes["openhcs"], where).get("fields"), where):
            content = as_object(entry, where)
            recorded, _ = parse_recorded(content, where)
            paths, lengths = as_list(content.get("paths"), where), integers(content.get("bytes"), where)
            found |= {str(path): (length, recorded) for path, length in zip(paths, lengths, strict=False)}
        listed = {image.path for image in parse_well(attributes, where).images}
    except (PlateError, InvalidPathError):
        return {}  # somebody changed it: the fields' own documents decide
    if listed != set(found) or not all(map(is_site, listed)):
        return {}
    return {int(path): found[path] for path in sorted(found, key=int)}
