"""What the synthetic microscope sees: nuclei, blur, uneven light and noise, as pixels.

Everything random comes from one generator in a fixed order, so a seed gives the same pixels whichever
vendor's plate they are written into.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from openhcs_demo.plates.described import Frame, Pixels, Plate

__all__ = ["noise_images", "nuclei_images"]


def nuclei_images(plate: Plate, truth: dict[str, int], seed: int) -> Iterator[Frame]:
    """Yield every image of the plate with 8 to 20 nuclei per site, and put their number per well into ``truth``.

    Images are square and bright in the lowest channel, where nuclei of several sizes may come near the
    border but not each other; other channels show the cells around them. The middle plane is in focus.
    ``ValueError`` if the nuclei do not fit.
    """
    rng = np.random.default_rng(seed)
    for well in plate.wells:
        wanted = rng.integers(8, 21, len(plate.sites))
        truth[well] = int(wanted.sum())
        for site, count in zip(plate.sites, wanted, strict=True):
            nuclei = _nuclei(plate.width, int(count), rng)
            for coordinates in plate.stacks_of(well, site):
                # The other channels show the cells around the nuclei, dimmer and wider.
                nuclear = coordinates.channel == min(plate.channels)
                sharp = nuclei if nuclear else 0.4 * _blur(nuclei, 6.0)
                defocus = 1.0 + 1.5 * abs(coordinates.z_index - (plate.planes + 1) / 2)
                yield coordinates, _expose(_blur(sharp, defocus), rng)


def noise_images(plate: Plate, seed: int) -> Iterator[Frame]:
    """Yield every image of the plate as noise of the full range, no two alike: for tests of readers."""
    rng = np.random.default_rng(seed)
    for well in plate.wells:
        for site in plate.sites:
            for coordinates in plate.stacks_of(well, site):
                yield coordinates, rng.integers(0, 1 << 16, (plate.height, plate.width), np.uint16)


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
