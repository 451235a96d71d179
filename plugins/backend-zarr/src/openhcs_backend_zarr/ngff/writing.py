"""Documents as JSON: from the model to what stands in a group's metadata.

0.5 keeps everything under ``attributes.ome`` of ``zarr.json``, 0.4 at the top of ``.zattrs``. The version
stands once per group in 0.5 (``ome.version``), and besides in the plate, where its text demands it; in 0.4
it stands in every part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openhcs_backend_zarr.ngff.model import Image, LabelImage, OmeroChannel, Plate, Recorded, Well

__all__ = [
    "VERSIONS",
    "encoded",
    "group_documents",
    "image_attributes",
    "label_attributes",
    "labels_attributes",
    "plate_attributes",
    "well_attributes",
]

VERSIONS: Final = ("0.4", "0.5")
"""Versions that can be written."""
_NO_COLOR: Final = "FFFFFF"


def group_documents(attributes: Mapping[str, Any], version: str) -> dict[str, bytes]:
    """Return the metadata files of a group, name to content: ``zarr.json``, or ``.zgroup`` and ``.zattrs``."""
    if _checked(version) == "0.5":
        return {
            "zarr.json": encoded({"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)})
        }
    documents = {".zgroup": encoded({"zarr_format": 2})}
    if attributes:
        documents[".zattrs"] = encoded(attributes)
    return documents


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return a document as UTF-8; a number that JSON cannot hold is a ``ValueError``."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def plate_attributes(plate: Plate) -> dict[str, Any]:
    """Return the attributes of a plate's group."""
    version = _checked(plate.version)
    content: dict[str, Any] = {"version": version}
    if plate.name is not None:
        content["name"] = plate.name
    content["rows"] = [{"name": name} for name in plate.rows]
    content["columns"] = [{"name": name} for name in plate.columns]
    content["wells"] = [
        {"path": well.path, "rowIndex": well.row_index, "columnIndex": well.column_index}
        for well in plate.wells
    ]
    if plate.field_count is not None:
        content["field_count"] = plate.field_count
    if plate.acquisitions:
        content["acquisitions"] = [
            _known({"id": run.id, "name": run.name, "maximumfieldcount": run.maximum_field_count})
            for run in plate.acquisitions
        ]
    return _placed({"plate": content}, version)


def well_attributes(well: Well) -> dict[str, Any]:
    """Return the attributes of a well's group."""
    version = _checked(well.version)
    images = [_known({"path": image.path, "acquisition": image.acquisition}) for image in well.images]
    return _placed({"well": {"version": version, "images": images}}, version)


def image_attributes(image: Image) -> dict[str, Any]:
    """Return the attributes of an image's group.

    A channel without a colour is shown white, since every channel must have one; which are, is recorded,
    so that it is not read back as known.
    """
    version = _checked(image.version)
    multiscale: dict[str, Any] = {} if image.name is None else {"name": image.name}
    if version == "0.4":
        multiscale["version"] = version
    multiscale["axes"] = [
        _known({"name": axis.name, "type": axis.type, "unit": axis.unit}) for axis in image.axes
    ]
    multiscale["datasets"] = [
        {"path": dataset.path, "coordinateTransformations": _steps(dataset.scale, dataset.translation)}
        for dataset in image.datasets
    ]
    content: dict[str, Any] = {"multiscales": [multiscale]}
    if image.channels is not None:
        content["omero"] = {"channels": [_channel(channel) for channel in image.channels]}
    attributes = _placed(content, version)
    if image.recorded is not None:
        white = [index for index, channel in enumerate(image.channels or ()) if channel.color is None]
        attributes["openhcs"] = _recorded(image.recorded, white)
    return attributes


def labels_attributes(names: Sequence[str], version: str) -> dict[str, Any]:
    """Return the attributes of the group ``labels`` that holds these label images."""
    return _placed({"labels": list(names)}, _checked(version))


def label_attributes(label: LabelImage, image: Image) -> dict[str, Any]:
    """Return the attributes of a label image's group; ``image`` describes its levels."""
    version = _checked(label.version)
    attributes = image_attributes(image)
    content: dict[str, Any] = {"version": version}
    if label.colors:
        content["colors"] = [
            _known({"label-value": value, "rgba": None if rgba is None else list(rgba)})
            for value, rgba in label.colors.items()
        ]
    if label.source is not None:
        content["source"] = {"image": label.source}
    (attributes["ome"] if version == "0.5" else attributes)["image-label"] = content
    return attributes


def _checked(version: str | None) -> str:
    if version not in VERSIONS:
        raise ValueError(f"NGFF {version} cannot be written; the versions are {' and '.join(VERSIONS)}")
    return version


def _placed(content: dict[str, Any], version: str) -> dict[str, Any]:
    return {"ome": {"version": version, **content}} if version == "0.5" else content


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}


def _steps(scale: Sequence[float] | None, translation: Sequence[float] | None) -> list[dict[str, Any]]:
    if scale is None:
        raise ValueError("a resolution level is written with its scale; where nothing is known it is 1")
    steps: list[dict[str, Any]] = [{"type": "scale", "scale": list(scale)}]
    if translation is not None:
        steps.append({"type": "translation", "translation": list(translation)})
    return steps


def _channel(channel: OmeroChannel) -> dict[str, Any]:
    window = channel.window
    return _known(
        {
            "label": channel.label,
            "color": channel.color or _NO_COLOR,
            "window": None
            if window is None
            else {"start": window.start, "end": window.end, "min": window.min, "max": window.max},
            "active": channel.active,
        }
    )


def _recorded(recorded: Recorded, white: list[int]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "channels": list(recorded.channels),
        "z_indexes": list(recorded.z_indexes),
        "timepoints": list(recorded.timepoints),
        "absent": [list(place) for place in recorded.absent],
        "extension": recorded.extension,
    }
    if recorded.size is not None:
        facts["size"] = list(recorded.size)
    if white:
        facts["uncolored"] = white
    return facts
