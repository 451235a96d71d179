"""Count the nuclei of every well: project, smooth, threshold, split, label.

    openhcs run count_nuclei.py PLATE --output DIR

Channel 1 must show the nuclei. Final images are the labels; the counts per well are in
`images_results/nuclei.csv` and `.json`.
"""

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

from openhcs_pipeline import FunctionStep, counts_per_well, special_outputs


def project(stack: np.ndarray) -> np.ndarray:
    """Brightest value over the planes of the stack."""
    return stack.max(axis=0, keepdims=True)


def flatten(stack: np.ndarray, radius: float = 30.0) -> np.ndarray:
    """Take away noise, and background that varies over more than ``radius`` pixels."""
    image = gaussian(stack[0], sigma=1.0, preserve_range=True)
    background = ndimage.minimum_filter(image, size=int(radius))
    background = gaussian(background, sigma=radius, preserve_range=True)
    return (image - background)[np.newaxis].astype(np.float32)


@special_outputs(("nuclei", counts_per_well))
def count_nuclei(stack: np.ndarray, smallest: int = 30) -> tuple[np.ndarray, int]:
    """Label what is brighter than Otsu's threshold; touching nuclei are split at their waists."""
    image = stack[0]
    mask = remove_small_objects(image > threshold_otsu(image), max_size=smallest)
    distance = gaussian(ndimage.distance_transform_edt(mask), sigma=1.0)
    seeds = np.zeros(image.shape, dtype=np.int32)
    peaks = peak_local_max(distance, min_distance=4, labels=label(mask), exclude_border=False)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, seeds, mask=mask)
    return labels[np.newaxis].astype(np.uint16), len(peaks)


pipeline = [
    FunctionStep({1: project}, name="project"),
    FunctionStep([flatten, count_nuclei], name="count"),
]
