"""Results are those of the libraries called directly, to the bit, on real images."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import feature, filters, measure, morphology, segmentation

DISK = morphology.disk(3)
BALL = morphology.ball(1)


def threshold(function, **words):
    return words, lambda image: image > function(image, **words)


def same(function, **words):
    return words, lambda image: function(image, **words)


def of_float(function, **words):
    return words, lambda image: function(image.astype(np.float64), **words)


def of_mask(function, **words):
    return words, lambda image: function(image.astype(bool), mode="ignore", **words)


# Name: the keywords of the step, and what the library is asked for one image.
OF_IMAGES = {
    "gaussian": ({"sigma": 2.0}, lambda image: filters.gaussian(image, 2.0, preserve_range=True)),
    "median": same(filters.median),
    "sobel": of_float(filters.sobel),
    "scharr": of_float(filters.scharr),
    "prewitt": of_float(filters.prewitt),
    "farid": of_float(filters.farid),
    "roberts": of_float(filters.roberts),
    "laplace": of_float(filters.laplace, ksize=3),
    "unsharp_mask": (
        {"radius": 2.0, "amount": 0.5},
        lambda image: filters.unsharp_mask(image, 2.0, 0.5, preserve_range=True),
    ),
    "difference_of_gaussians": of_float(filters.difference_of_gaussians, low_sigma=1.0, high_sigma=4.0),
    "gaussian_filter": same(ndi.gaussian_filter, sigma=2.0),
    "gaussian_laplace": of_float(ndi.gaussian_laplace, sigma=2.0),
    "gaussian_gradient_magnitude": of_float(ndi.gaussian_gradient_magnitude, sigma=1.5),
    "median_filter": same(ndi.median_filter, size=3),
    "minimum_filter": same(ndi.minimum_filter, size=5),
    "maximum_filter": same(ndi.maximum_filter, size=5),
    "percentile_filter": same(ndi.percentile_filter, percentile=20, size=5),
    "uniform_filter": same(ndi.uniform_filter, size=7),
    "threshold_otsu": threshold(filters.threshold_otsu),
    "threshold_li": threshold(filters.threshold_li),
    "threshold_yen": threshold(filters.threshold_yen),
    "threshold_triangle": threshold(filters.threshold_triangle),
    "threshold_isodata": threshold(filters.threshold_isodata),
    "threshold_mean": threshold(filters.threshold_mean),
    "threshold_local": threshold(filters.threshold_local, block_size=31),
    "threshold_sauvola": threshold(filters.threshold_sauvola, window_size=25),
    "threshold_niblack": threshold(filters.threshold_niblack, window_size=25, k=0.1),
    "threshold_multiotsu": (
        {"classes": 3, "nbins": 64},
        lambda image: np.digitize(
            image, filters.threshold_multiotsu(image.astype(float), classes=3, nbins=64)
        ),
    ),
    "apply_hysteresis_threshold": same(filters.apply_hysteresis_threshold, low=500.0, high=900.0),
    "erosion": same(morphology.erosion),
    "dilation": same(morphology.dilation),
    "opening": same(morphology.opening),
    "closing": same(morphology.closing),
    "white_tophat": same(morphology.white_tophat),
    "black_tophat": same(morphology.black_tophat),
    "morphological_gradient": same(ndi.morphological_gradient, size=3),
    "watershed": same(segmentation.watershed, markers=12),
}

OF_MASKS = {
    "binary_erosion": of_mask(morphology.erosion),
    "binary_dilation": of_mask(morphology.dilation),
    "binary_opening": of_mask(morphology.opening),
    "binary_closing": of_mask(morphology.closing),
    "remove_small_objects": same(morphology.remove_small_objects, max_size=20),
    "remove_small_holes": same(morphology.remove_small_holes, max_size=20),
    "skeletonize": same(morphology.skeletonize),
    "binary_fill_holes": same(ndi.binary_fill_holes),
    "distance_transform_edt": same(ndi.distance_transform_edt),
    "label": same(measure.label, connectivity=2),
    "ndimage.label": ({}, lambda image: ndi.label(image)[0]),
    "clear_border": same(segmentation.clear_border),
}


def directly_split(image):
    distance = ndi.distance_transform_edt(image)
    peaks = feature.peak_local_max(
        distance, min_distance=4, labels=measure.label(image), exclude_border=False
    )
    seeds = np.zeros(image.shape, bool)
    seeds[tuple(peaks.T)] = True
    return segmentation.watershed(-distance, measure.label(seeds), mask=image)


OF_MASKS["watershed_of_distance"] = ({"min_distance": 4}, directly_split)

OF_LABELS = {
    "expand_labels": same(segmentation.expand_labels, distance=3),
    "find_boundaries": same(segmentation.find_boundaries),
}
ELSEWHERE = {"threshold_minimum", "regionprops_table"}
PLANES_ONLY = {"roberts"}
CASES = {**OF_IMAGES, **OF_MASKS, **OF_LABELS}


def assert_identical(made, expected):
    assert made.dtype == expected.dtype and made.shape == expected.shape
    assert np.array_equal(made, expected)


@pytest.fixture
def given(stack, mask):
    """Return what a function of this name works on."""

    def choose(name):
        if name in OF_LABELS:
            return np.stack([measure.label(plane) for plane in mask])
        return mask if name in OF_MASKS else stack

    return choose


def test_every_function_of_the_catalogue_is_compared(library):
    assert {entry.name for entry in library.catalogue()} == {*CASES, *ELSEWHERE}


@pytest.mark.parametrize("name", CASES)
def test_planes_are_what_the_library_makes_of_each_plane(library, given, name):
    words, direct = CASES[name]
    image = given(name)
    before = image.copy()
    made = library.function(name)(image, **words)
    assert_identical(made, np.stack([direct(plane) for plane in image]))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("name", sorted(CASES.keys() - PLANES_ONLY))
def test_a_volume_is_what_the_library_makes_of_the_stack(library, given, name):
    words, direct = CASES[name]
    image = given(name)
    assert_identical(library.function(name)(image, volume=True, **words), direct(image))


@pytest.mark.parametrize(
    "name", ["erosion", "dilation", "opening", "closing", "white_tophat", "black_tophat"]
)
def test_footprints_are_handed_over_whole(library, stack, name):
    function = getattr(morphology, name)
    made = library.function(name)(stack, footprint=DISK)
    assert_identical(made, np.stack([function(plane, DISK) for plane in stack]))
    assert_identical(library.function(name)(stack, volume=True, footprint=BALL), function(stack, BALL))


@pytest.mark.parametrize("name", ["binary_erosion", "binary_dilation", "binary_opening", "binary_closing"])
@pytest.mark.parametrize("footprint", [None, DISK, np.ones((5, 5))], ids=["cross", "disk", "square"])
def test_binary_morphology_is_that_of_the_deprecated_functions(library, stack, mask, name, footprint):
    made = library.function(name)(mask, footprint=footprint)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        expected = np.stack([getattr(morphology, name)(plane, footprint) for plane in mask])
    assert_identical(made, expected)
    numbers = np.where(mask, stack + 1, 0)  # every pixel that is not 0 is foreground
    assert_identical(library.function(name)(numbers, footprint=footprint), expected)


def test_the_minimum_between_two_peaks_is_found_or_missed_as_the_library_does(library, stack):
    function = library.function("threshold_minimum")
    try:
        expected = np.stack([plane > filters.threshold_minimum(plane.astype(float)) for plane in stack])
    except RuntimeError as error:
        with pytest.raises(RuntimeError, match=str(error)[:20]):
            function(stack)
    else:
        assert_identical(function(stack), expected)


PROPERTIES = ("label", "area", "centroid", "eccentricity", "intensity_mean", "intensity_max")


def test_a_table_has_a_row_for_every_object_of_every_plane(library, stack, mask):
    labels = np.stack([measure.label(plane) for plane in mask])
    function = library.function("regionprops_table")
    same_labels, table = function(labels, properties=PROPERTIES, intensity_image=stack)
    assert same_labels is labels
    expected = []
    for z, (plane, intensity) in enumerate(zip(labels, stack, strict=True)):
        columns = measure.regionprops_table(plane, intensity, properties=PROPERTIES)
        for number in range(len(columns["label"])):
            row = {name: values[number] for name, values in columns.items()}
            expected.append({"plane": z, **row})
    assert table == expected and len(table) == sum(int(plane.max()) for plane in labels)
    assert {type(value) for row in table for value in row.values()} == {int, float}


def test_a_table_of_a_volume_has_a_row_for_every_object(library, mask):
    labels = measure.label(mask)
    _, table = library.function("regionprops_table")(labels, volume=True, properties=("label", "area"))
    columns = measure.regionprops_table(labels, properties=("label", "area"))
    assert table == [
        {"label": label, "area": area} for label, area in zip(columns["label"], columns["area"], strict=True)
    ]


def test_a_table_of_nothing_is_empty(library):
    labels = np.zeros((2, 5, 6), np.int32)
    assert library.function("regionprops_table")(labels)[1] == []


def test_seeds_of_the_shape_of_the_stack_are_cut_with_it(library, stack, mask):
    seeds = np.stack([measure.label(ndi.binary_erosion(plane)) for plane in mask])
    made = library.function("watershed")(stack, markers=seeds, mask=mask)
    expected = [
        segmentation.watershed(plane, markers, mask=inside)
        for plane, markers, inside in zip(stack, seeds, mask, strict=True)
    ]
    assert_identical(made, np.stack(expected))
    assert not np.array_equal(made[0], made[1])
