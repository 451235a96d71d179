"""A synthetic plate whose number of nuclei per well is known, in the layout of one vendor or the other."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence

import attrs

from openhcs_demo.plates import Plate, Written, write_harmony, write_imagexpress
from openhcs_demo.scene import nuclei_images
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import PlateError

__all__ = ["WRITERS", "SyntheticPlate", "write_plate", "write_truth"]

WRITERS: Mapping[str, Callable[..., Written]] = {
    "imagexpress": write_imagexpress,
    "opera_phenix": write_harmony,
}
"""Key of a microscope to what writes its plates."""
_LIGHT_NM = {"DAPI": (385.0, 452.0), "FITC": (475.0, 536.0)}


@attrs.frozen
class SyntheticPlate:
    """What to make. The same description gives the same pixels, whatever the microscope."""

    wells: Sequence[str] = ("B02", "B03", "C02", "C03")
    """Wells with images, on a 384-well plate."""
    sites: int = 2
    """Fields of view per well, side by side."""
    channels: Sequence[str] = ("DAPI", "FITC")
    """Channel names; nuclei are bright in the first."""
    planes: int = 3
    """Planes per stack; the middle one is in focus."""
    size: int = 384
    """Edge of an image, pixels."""
    pixel_size_um: float = 0.65
    """Edge of a pixel."""
    z_step_um: float = 2.0
    """Distance of planes."""
    name: str = "Synthetic"
    """Plate name, with ImageXpress the prefix of the files."""
    seed: int = 7
    """Seed of everything random."""


def write_plate(
    folder: str | os.PathLike[str], plate: SyntheticPlate, microscope: str = "imagexpress"
) -> dict[str, int]:
    """Write the plate as ``microscope`` would, and return the true nuclei per well.

    ``imagexpress`` is a MetaXpress export with HTD, ``opera_phenix`` a measurement of Harmony 5 with its
    Index. Noise, uneven background, defocus blur per plane, nuclei of several sizes that may touch the
    border but not each other. Raises ``PathExistsError`` if the folder has content.
    """
    if microscope not in WRITERS:
        raise PlateError(f"no synthetic plate of {microscope!r}; there are {', '.join(WRITERS)}")
    described = _described(plate)
    truth: dict[str, int] = {}
    WRITERS[microscope](folder, described, nuclei_images(described, truth, plate.seed), seed=plate.seed)
    return truth


def write_truth(path: str | os.PathLike[str], truth: Mapping[str, int]) -> None:
    """Write the true counts as CSV, beside the plate and never inside it."""
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("well", "nuclei"))
        writer.writerows(truth.items())


def _described(plate: SyntheticPlate) -> Plate:
    return Plate(
        name=plate.name,
        wells=tuple(plate.wells),
        grid=(1, plate.sites),
        channels={number: _channel(name) for number, name in enumerate(plate.channels, start=1)},
        planes=plate.planes,
        height=plate.size,
        width=plate.size,
        pixel_size_um=plate.pixel_size_um,
        z_step_um=plate.z_step_um,
    )


def _channel(name: str) -> Channel:
    excitation, emission = _LIGHT_NM.get(name, (None, None))
    return Channel(name=name, excitation_nm=excitation, emission_nm=emission, exposure_ms=100.0)
