"""Pixel size, z step and position as scale and translation, and back.

A translation is the place of the first pixel's centre. The centre of a field of ``width`` pixels lies
(width - 1) / 2 pixels further, along y likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from openhcs_backend_zarr.ngff.model import Axis, Dataset

__all__ = ["axes_of", "centre", "levels_of"]

_DECIMALS: Final = 6  # picometres: far below any stage, far above what adding and subtracting loses


def axes_of(pixel_size_um: float | None, z_step_um: float | None) -> tuple[Axis, ...]:
    """Return the axes ``t c z y x``; those whose scale is known have the unit micrometer."""
    known = "micrometer"
    return (
        Axis("t", "time"),
        Axis("c", "channel"),
        Axis("z", "space", None if z_step_um is None else known),
        Axis("y", "space", None if pixel_size_um is None else known),
        Axis("x", "space", None if pixel_size_um is None else known),
    )


def levels_of(
    size: tuple[int, int],
    pixel_size_um: float | None,
    z_step_um: float | None,
    position_um: tuple[float, float] | None,
    factors: Sequence[int] = (1,),
) -> tuple[Dataset, ...]:
    """Return a dataset ``0``, ``1`` … for each factor by which y and x are reduced.

    ``size`` is height and width of the full level, ``position_um`` the field's centre in the well (x, y).
    Without a pixel size a position cannot be said. Reduced pixels are means of ``factor`` x ``factor``
    pixels, so their first centre lies (factor - 1) / 2 full pixels further.
    """
    pixel, step = pixel_size_um or 1.0, z_step_um or 1.0
    corner = None
    if position_um is not None and pixel_size_um is not None:
        corner = tuple(
            place - (pixels - 1) / 2 * pixel for place, pixels in zip(position_um, size[::-1], strict=True)
        )
    return tuple(
        Dataset(
            str(level),
            (1.0, 1.0, step, pixel * factor, pixel * factor),
            _translation(corner, (factor - 1) / 2 * pixel),
        )
        for level, factor in enumerate(factors)
    )


def _translation(corner: tuple[float, ...] | None, shift: float) -> tuple[float, ...] | None:
    if corner is None and not shift:
        return None
    x, y = corner or (0.0, 0.0)
    return (0.0, 0.0, 0.0, round(y + shift, _DECIMALS), round(x + shift, _DECIMALS))


def centre(first_um: tuple[float, float], size: tuple[int, int], pixel_um: float) -> tuple[float, float]:
    """Return the centre (x, y) of a field, µm, from its first pixel's centre (x, y) and its height and width."""
    (x, y), (height, width) = first_um, size
    return (
        round(x + (width - 1) / 2 * pixel_um, _DECIMALS) + 0.0,
        round(y + (height - 1) / 2 * pixel_um, _DECIMALS) + 0.0,
    )
