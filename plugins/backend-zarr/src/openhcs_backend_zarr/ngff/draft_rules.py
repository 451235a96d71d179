"""What the draft of NGFF 0.6 (0.6rc0) asks of images and scenes: coordinate systems and what maps them.

Only so much as decides whether a document is one: kinds of transformations and the form of their parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from openhcs_backend_zarr.ngff.axis_rules import check_axis_entries
from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_host.plates.wording import shown

__all__ = ["check_draft_multiscale", "check_scene"]


def check_draft_multiscale(multiscale: dict[str, Any], where: str) -> Iterator[Finding]:
    """Yield what is wrong with an image that is described by coordinate systems."""
    systems = multiscale.get("coordinateSystems")
    if not isinstance(systems, list) or not systems:
        yield error(f"{where}.coordinateSystems", "an image has a coordinate system at least")
    else:
        yield from _check_systems(systems, f"{where}.coordinateSystems")
    datasets = multiscale.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        yield error(f"{where}.datasets", "an image lists its resolution levels, at least one")
    else:
        for index, dataset in enumerate(datasets):
            yield from _check_level(dataset, f"{where}.datasets[{index}]")
    for key in ("name", "type", "metadata"):
        if key not in multiscale:
            yield warning(f"{where}.{key}", f"an image should have a {key}")
    if "coordinateTransformations" in multiscale:
        found = multiscale["coordinateTransformations"]
        yield from _check_list(found, ("name", "name"), f"{where}.coordinateTransformations")


def check_scene(content: object, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``scene``: coordinate systems of several images and what maps them."""
    scene = content if isinstance(content, dict) else {}
    if "coordinateSystems" in scene:
        yield from _check_systems(scene["coordinateSystems"], f"{where}.coordinateSystems")
    found = scene.get("coordinateTransformations")
    yield from _check_list(found, ("name", "name"), f"{where}.coordinateTransformations")


def _check_systems(systems: object, where: str) -> Iterator[Finding]:
    if not isinstance(systems, list):
        yield error(where, "coordinate systems are a list")
        return
    for index, entry in enumerate(systems):
        place = f"{where}[{index}]"
        system = entry if isinstance(entry, dict) else {}
        if not isinstance(system.get("name"), str) or not system["name"]:
            yield error(f"{place}.name", "a coordinate system has a name")
        axes = system.get("axes")
        if not isinstance(axes, list) or not 2 <= len(axes) <= 5:
            yield error(f"{place}.axes", "a coordinate system has two to five axes")
            continue
        yield from check_axis_entries(axes, f"{place}.axes")
        kinds = [axis.get("type") for axis in axes if isinstance(axis, dict)]
        if not 2 <= kinds.count("space") <= 3 and kinds.count("array") < 2:
            yield error(f"{place}.axes", "two or three axes are of type space, or two at least of type array")


def _check_level(dataset: object, where: str) -> Iterator[Finding]:
    level = dataset if isinstance(dataset, dict) else {}
    if not isinstance(level.get("path"), str):
        yield error(f"{where}.path", f"a level has the path of its array, not {shown(level.get('path'))}")
    found = level.get("coordinateTransformations")
    place = f"{where}.coordinateTransformations"
    yield from _check_list(found, ("path", "name"), place)
    steps = found if isinstance(found, list) else []
    if len(steps) != 1:
        yield error(place, f"a level has exactly one transformation, not {len(steps)}")
    for step in steps:
        kind = step.get("type") if isinstance(step, dict) else None
        if kind == "sequence":
            inner = step.get("transformations")
            parts = [p.get("type") for p in inner if isinstance(p, dict)] if isinstance(inner, list) else []
            if parts != ["scale", "translation"]:
                yield error(place, f"a sequence is a scale and a translation, not {shown(parts)}")
        elif kind not in ("scale", "identity"):
            yield error(
                place, f"a level is mapped by scale, identity or a sequence of two, not by {shown(kind)}"
            )


def _check_list(found: object, keys: tuple[str, str], where: str) -> Iterator[Finding]:
    if not isinstance(found, list) or not found:
        yield error(where, "there is a transformation at least")
        return
    for index, step in enumerate(found):
        place = f"{where}[{index}]"
        yield from _check_step(step, place)
        for end, key in zip(("input", "output"), keys, strict=True):
            reference = step.get(end) if isinstance(step, dict) else None
            if not isinstance(reference, dict) or not isinstance(reference.get(key), str):
                yield error(f"{place}.{end}", f"it is an object with a {key}, not {shown(reference)}")


def _check_step(step: object, where: str, depth: int = 0) -> Iterator[Finding]:
    kind = step.get("type") if isinstance(step, dict) else None
    check = _PARAMETERS.get(kind) if isinstance(kind, str) else None
    if check is None or not isinstance(step, dict):
        yield error(where, f"there is no transformation of type {shown(kind)}")
    elif not check(step):
        yield error(where, f"the parameters are not those of a {kind}")
    for inner in _inner(step) if isinstance(step, dict) and depth < 16 else ():
        yield from _check_step(inner, where, depth + 1)


def _inner(step: dict[str, Any]) -> list[Any]:
    if step.get("type") == "bijection":
        return [step.get("forward"), step.get("inverse")]
    listed = step.get("transformations")
    if not isinstance(listed, list):
        return []
    if step.get("type") == "byDimension":
        return [part.get("transformation") if isinstance(part, dict) else None for part in listed]
    return listed if step.get("type") == "sequence" else []


def _numbers(found: object) -> bool:
    return isinstance(found, list) and bool(found) and all(type(value) in (int, float) for value in found)


def _indices(found: object, least: int, most: int) -> bool:
    return (
        isinstance(found, list)
        and least <= len(found) <= most
        and all(type(value) is int and 0 <= value <= 4 for value in found)
        and len(set(found)) == len(found)
    )


def _matrix(found: object, square: bool) -> bool:
    if not isinstance(found, list) or not found or not all(_numbers(row) for row in found):
        return False
    widths = {len(row) for row in found}
    return len(widths) == 1 and (not square or (widths == {len(found)} and 2 <= len(found) <= 5))


def _by_dimension(step: dict[str, Any]) -> bool:
    parts = step.get("transformations")
    return isinstance(parts, list) and all(
        isinstance(part, dict) and _numbers(part.get("inputAxes")) and _numbers(part.get("outputAxes"))
        for part in parts
    )


def _stored(step: dict[str, Any]) -> bool:
    return isinstance(step.get("path"), str)


_PARAMETERS: Final[dict[str, Callable[[dict[str, Any]], bool]]] = {
    "identity": lambda step: True,
    "scale": lambda step: _numbers(step.get("scale")) and min(step["scale"]) > 0,
    "translation": lambda step: _numbers(step.get("translation")),
    "mapAxis": lambda step: _indices(step.get("mapAxis"), 2, 5),
    "projectAxis": lambda step: (
        any(key in step for key in ("droppedInputs", "createdOutputs"))
        and all(_indices(step[key], 1, 3) for key in ("droppedInputs", "createdOutputs") if key in step)
    ),
    "affine": lambda step: _stored(step) or _matrix(step.get("affine"), square=False),
    "rotation": lambda step: _stored(step) or _matrix(step.get("rotation"), square=True),
    "bijection": lambda step: "forward" in step and "inverse" in step,
    "sequence": lambda step: isinstance(step.get("transformations"), list),
    "byDimension": _by_dimension,
    "displacements": _stored,
    "coordinates": _stored,
}
