"""The library keeps the contract of function libraries, as the host's kit checks it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from openhcs_host.testing.functions import FunctionsKit

_MASKS = (
    "skeletonize",
    "remove_small_objects",
    "remove_small_holes",
    "distance_transform_edt",
    "label",
    "watershed_of_distance",
)
_LABELS = ("expand_labels", "clear_border", "find_boundaries", "regionprops_table")


class TestSkimage(FunctionsKit):
    key = "skimage"
    libraries = ("skimage", "scipy", "numpy")
    keywords: ClassVar = {
        "difference_of_gaussians": {"low_sigma": 1.0},
        "gaussian_filter": {"sigma": 2.0},
        "gaussian_laplace": {"sigma": 2.0},
        "gaussian_gradient_magnitude": {"sigma": 1.0},
        "median_filter": {"size": 3},
        "minimum_filter": {"size": 3},
        "maximum_filter": {"size": 3},
        "percentile_filter": {"percentile": 20, "size": 3},
        "morphological_gradient": {"size": 3},
        "apply_hysteresis_threshold": {"low": 500, "high": 1500},
        "threshold_sauvola": {"window_size": 7},
    }

    def stack_for(self, entry):
        stack = super().stack_for(entry)
        if entry.name in _MASKS:
            return stack > 600
        if entry.name in _LABELS:
            return (stack > 600).astype(np.uint8) * np.arange(1, 31, dtype=np.uint8)
        return stack
