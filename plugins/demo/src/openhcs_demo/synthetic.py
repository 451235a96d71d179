"""A synthetic ImageXpress-like plate whose number of nuclei per well is known."""

from __future__ import annotations

import csv
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import attrs
import numpy as np
import numpy.typing as npt
import tifffile

from openhcs_host.errors import PathExistsError

__all__ = ["SyntheticPlate", "write_plate"]

Pixels = npt.NDArray[np.uint16]
_WELL_PITCH_UM = 4500.0  # 384-well plate


@attrs.frozen
class SyntheticPlate:
    """What to make. The same description gives the same pixels."""

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
    """Plate name, the prefix of the files."""
    seed: int = 7
    """Seed of everything random."""


def write_plate(folder: str | os.PathLike[str], plate: SyntheticPlate) -> dict[str, int]:
    """Write the plate as a MetaXpress export with HTD, and return the true nuclei per well.

    Noise, uneven background, defocus blur per plane, nuclei of several sizes that may touch the border
    but not each other. Raises ``PathExistsError`` if the folder has content.
    """
    root = Path(folder)
    if root.exists() and any(root.iterdir()):
        raise PathExistsError(f"{str(root)!r} is not empty; name another folder for the synthetic plate")
    root.mkdir(parents=True, exist_ok=True)
    (root / f"{plate.name}.HTD").write_bytes(_htd(plate))
    rng = np.random.default_rng(plate.seed)
    truth = {}
    for well in plate.wells:
        wanted = rng.integers(8, 21, plate.sites)
        truth[well] = int(wanted.sum())
        for site, count in enumerate(wanted, start=1):
            _write_site(root, plate, well, site, int(count), rng)
    return truth


def _write_site(
    root: Path, plate: SyntheticPlate, well: str, site: int, count: int, rng: np.random.Generator
) -> None:
    nuclei = _nuclei(plate.size, count, rng)
    for channel, _ in enumerate(plate.channels, start=1):
        # The other channels show the cells around the nuclei, dimmer and wider.
        sharp = nuclei if channel == 1 else 0.4 * _blur(nuclei, 6.0)
        for z in range(1, plate.planes + 1):
            defocus = 1.0 + 1.5 * abs(z - (plate.planes + 1) / 2)
            pixels = _expose(_blur(sharp, defocus), rng)
            place = root / "TimePoint_1"
            if plate.planes > 1:
                place = place / f"ZStep_{z}"
            place.mkdir(parents=True, exist_ok=True)
            path = place / f"{plate.name}_{well}_s{site}_w{channel}.TIF"
            xml = _metaseries(plate, well, site, channel, z)
            tifffile.imwrite(path, pixels, description=xml, metadata=None, software="openhcs-demo")


def _nuclei(size: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    image = np.zeros((size, size))
    y, x = np.mgrid[:size, :size]
    placed: list[tuple[float, float, float]] = []
    for _ in range(count * 1000):
        if len(placed) == count:
            return image
        radius = rng.uniform(7, 11)
        cy, cx = rng.uniform(radius + 8, size - radius - 8, 2)
        # Apart by more than the blur of the worst plane, so that the true number can be seen at all.
        if any(np.hypot(cy - py, cx - px) < radius + other + 14 for py, px, other in placed):
            continue
        placed.append((cy, cx, radius))
        angle, stretch = rng.uniform(0, np.pi), rng.uniform(0.85, 1.15)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        inside = (u / (radius * stretch)) ** 2 + (v * stretch / radius) ** 2 < 1
        image[inside] = rng.uniform(0.7, 1.0)
    raise ValueError(
        f"{count} nuclei do not fit into {size} x {size} pixels without touching; make images larger"
    )


def _blur(image: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    # A Gaussian through the Fourier transform; the border wraps around, where there are no nuclei.
    frequency_y = np.fft.fftfreq(image.shape[0])[:, None]
    frequency_x = np.fft.rfftfreq(image.shape[1])[None, :]
    transfer = np.exp(-2 * (np.pi * sigma) ** 2 * (frequency_y**2 + frequency_x**2))
    blurred: npt.NDArray[np.float64] = np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape)
    return blurred


def _expose(signal: npt.NDArray[np.float64], rng: np.random.Generator) -> Pixels:
    size = signal.shape[0]
    ramp = np.linspace(0, 1, size)
    background = 300 + 250 * ramp[:, None] + 150 * ramp[None, :]  # uneven illumination
    photons = rng.poisson(np.clip(background + 1200 * signal, 0, None))
    return np.clip(photons + rng.normal(0, 12, signal.shape), 0, 65535).astype(np.uint16)


def _htd(plate: SyntheticPlate) -> bytes:
    lines = [
        '"HTSInfoFile", Version 1.0',
        '"Description", "synthetic"',
        '"PlateType", 6',
        '"TimePoints", 1',
        f'"ZSeries", {_flag(plate.planes > 1)}',
        f'"ZSteps", {plate.planes}',
        '"ZProjection", FALSE',
        '"XWells", 24',
        '"YWells", 16',
    ]
    for row in range(16):
        cells = [_flag(f"{chr(65 + row)}{column:02d}" in plate.wells) for column in range(1, 25)]
        lines.append(f'"WellsSelection{row + 1}", {", ".join(cells)}')
    lines += [
        '"Sites", TRUE',
        f'"XSites", {plate.sites}',
        '"YSites", 1',
        f'"SiteSelection1", {", ".join(["TRUE"] * plate.sites)}',
        '"Waves", TRUE',
        f'"NWavelengths", {len(plate.channels)}',
        *(f'"WaveName{number}", "{name}"' for number, name in enumerate(plate.channels, start=1)),
        *(f'"WaveCollect{number}", 1' for number, _ in enumerate(plate.channels, start=1)),
        f'"UniquePlateIdentifier", "{uuid.UUID(int=plate.seed)}"',
        '"EndFile"',
    ]
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _metaseries(plate: SyntheticPlate, well: str, site: int, channel: int, z: int) -> str:
    row, column = ord(well[0]) - 65, int(well[1:]) - 1
    width = plate.size * plate.pixel_size_um
    offset = (site - (plate.sites + 1) / 2) * width
    properties = [
        ("prop", "Description", "string", f"Plate Name: {plate.name}"),
        ("prop", "spatial-calibration-state", "bool", "on"),
        ("prop", "spatial-calibration-x", "float", plate.pixel_size_um),
        ("prop", "spatial-calibration-y", "float", plate.pixel_size_um),
        ("prop", "spatial-calibration-units", "string", "um"),
        ("prop", "pixel-size-x", "int", plate.size),
        ("prop", "pixel-size-y", "int", plate.size),
        ("prop", "stage-label", "string", f"{well} : Site {site}"),
        ("prop", "stage-position-x", "float", column * _WELL_PITCH_UM + offset),
        ("prop", "stage-position-y", "float", row * _WELL_PITCH_UM),
        ("prop", "z-position", "float", 9000 + z * plate.z_step_um),
        ("prop", "_IllumSetting_", "string", plate.channels[channel - 1]),
        ("custom-prop", "OffsetFromWellCenterUmX", "float", offset),
        ("custom-prop", "OffsetFromWellCenterUmY", "float", 0.0),
        ("custom-prop", "SiteX", "float", site),
        ("custom-prop", "SiteY", "float", 1),
    ]
    if plate.planes > 1:
        properties.append(("custom-prop", "Z Step", "float", z))
    lines = [
        f'<{tag} id="{name}" type="{kind}" value={quoteattr(str(value))}/>'
        for tag, name, kind, value in properties
    ]
    return "<MetaData>\n<PlaneInfo>\n" + "\n".join(lines) + "\n</PlaneInfo>\n</MetaData>"


def _flag(value: bool) -> str:
    return "TRUE" if value else "FALSE"


def write_truth(path: str | os.PathLike[str], truth: dict[str, int]) -> None:
    """Write the true counts as CSV, beside the plate and never inside it."""
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("well", "nuclei"))
        writer.writerows(truth.items())
