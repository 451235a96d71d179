"""Images as the draft of NGFF 0.6 describes them, so far as levels and axes go.

There axes belong to named coordinate systems, and each level says which system it is mapped to. Its one
transformation is a scale, an identity, or a sequence of a scale and a translation
(https://github.com/ome/ngff-spec, 0.6rc0). We do not write it.
"""

from __future__ import annotations

from typing import Any

from openhcs_backend_zarr.ngff.kinds import as_list, as_object

__all__ = ["intrinsic_axes", "single_steps"]


def intrinsic_axes(multiscale: dict[str, Any], where: str) -> object:
    """Return the raw axes of an image: those of the system that its levels are mapped to, where there are any."""
    if "coordinateSystems" not in multiscale:
        return multiscale.get("axes")
    systems = [
        as_object(system, f"{where}: coordinateSystems")
        for system in as_list(multiscale["coordinateSystems"], f"{where}: coordinateSystems")
    ]
    target = _target(multiscale)
    named = [system for system in systems if system.get("name") == target]
    return (named or systems or [{}])[0].get("axes")


def single_steps(dataset: dict[str, Any]) -> object:
    """Return the raw transformations of a level, those within a sequence where one stands alone."""
    steps = dataset.get("coordinateTransformations")
    if isinstance(steps, list) and len(steps) == 1 and isinstance(steps[0], dict):
        return steps[0].get("transformations", steps)
    return steps


def _target(multiscale: dict[str, Any]) -> object:
    try:
        output = multiscale["datasets"][0]["coordinateTransformations"][0]["output"]
    except (KeyError, IndexError, TypeError):
        return None
    return output.get("name") if isinstance(output, dict) else output
