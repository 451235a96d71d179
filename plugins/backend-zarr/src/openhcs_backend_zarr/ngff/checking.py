"""One document, checked by itself: which parts it has, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from openhcs_backend_zarr.ngff.draft_rules import check_scene
from openhcs_backend_zarr.ngff.findings import Finding, error
from openhcs_backend_zarr.ngff.image_rules import check_multiscales, check_omero
from openhcs_backend_zarr.ngff.kinds import section
from openhcs_backend_zarr.ngff.label_rules import check_label
from openhcs_backend_zarr.ngff.plate_rules import check_plate, check_well

__all__ = ["check_attributes"]

_PARTS: Final[dict[str, Callable[[object, str | None, str], Iterator[Finding]]]] = {
    "plate": check_plate,
    "well": check_well,
    "multiscales": check_multiscales,
    "omero": check_omero,
    "image-label": check_label,
    "scene": lambda content, version, where: check_scene(content, where),
}


def check_attributes(attributes: Mapping[str, Any], where: str) -> list[Finding]:
    """Return what is wrong with the attributes of a group; those that describe nothing at all are an error."""
    findings: list[Finding] = []
    prefix = f"{where}: " if where else ""
    parts = 0
    for key, check in _PARTS.items():
        found, version = section(attributes, key)
        if found is not None:
            parts += 1
            findings += check(found, version, f"{prefix}{key}")
    if not parts:
        findings.append(error(where, "a group of OME-Zarr describes a plate, a well, an image or labels"))
    return findings
