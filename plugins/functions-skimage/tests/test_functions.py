"""Functions by name: what they refuse, how they travel, and dtypes that could lose something."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from openhcs_host.errors import ArrayError, ConfigurationError


@pytest.fixture
def numbers():
    return np.arange(2 * 6 * 7, dtype=np.uint16).reshape(2, 6, 7)


def test_an_unknown_name_is_a_lookup_error_with_the_nearest(library):
    with pytest.raises(LookupError, match="did you mean 'gaussian"):
        library.function("gausian")
    with pytest.raises(LookupError, match=r"has no function 'zzz'$"):
        library.function("zzz")


def test_an_unknown_keyword_is_refused_with_the_known_ones(library, numbers):
    with pytest.raises(TypeError, match="no parameter 'sigam'; it has sigma, mode, cval, truncate, volume"):
        library.function("gaussian")(numbers, sigam=2)


def test_what_is_always_given_cannot_be_changed(library, numbers):
    with pytest.raises(TypeError, match="preserve_range"):
        library.function("gaussian")(numbers, preserve_range=False)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 5)), np.zeros((0, 4, 5)), np.zeros((1, 2, 3, 4)), [[[1]]], None]
)
def test_what_is_no_stack_is_refused(library, wrong):
    with pytest.raises(ArrayError, match=r"label takes a NumPy stack \[Z, Y, X\]"):
        library.function("label")(wrong)


def test_a_function_of_planes_refuses_a_volume(library, numbers):
    with pytest.raises(TypeError, match="roberts works plane by plane only"):
        library.function("roberts")(numbers, volume=True)


def test_an_array_to_write_into_is_refused(library, numbers):
    with pytest.raises(ArrayError, match="output names the dtype"):
        library.function("uniform_filter")(numbers, output=np.zeros((6, 7)))
    assert library.function("uniform_filter")(numbers, output="float32").dtype == np.float32


def test_integers_that_floating_point_cannot_hold_are_refused_before_they_change(library):
    large = np.full((1, 4, 4), 2**60 + 1, np.int64)
    with pytest.raises(ArrayError, match=r"beyond 2\*\*53"):
        library.function("sobel")(large)
    assert library.function("sobel")(large // 2**10).shape == (1, 4, 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floating_point_pixels_keep_their_precision(library, numbers, dtype):
    assert library.function("sobel")(numbers.astype(dtype)).dtype == dtype


def test_a_function_is_pickled_as_its_name(library, numbers):
    function = library.function("gaussian")
    data = pickle.dumps(function)
    assert len(data) < 200 and pickle.loads(data) == function
    assert np.array_equal(pickle.loads(data)(numbers, sigma=1.0), function(numbers, sigma=1.0))


def test_threads_share_a_function(library, numbers):
    function = library.function("threshold_local")
    expected, made = function(numbers), [None] * 8

    def work(number):
        made[number] = function(numbers)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, expected) for result in made)


def test_an_option_is_refused(host):
    with pytest.raises(ConfigurationError, match="no option 'fast'"):
        host.functions("skimage", fast=True)


@pytest.mark.parametrize(
    ("name", "words"), [("gaussian_filter", {"sigma": 2.0}), ("uniform_filter", {"size": 5})]
)
def test_smoothing_integers_loses_less_than_two_grey_values_and_none_with_a_floating_output(
    library, name, words
):
    stack = np.random.default_rng(1).integers(0, 60_000, (2, 40, 50), dtype=np.uint16)
    function = library.function(name)
    exact = function(stack.astype(np.float64), **words)
    lost = exact - function(stack, **words)
    assert lost.min() > -1e-6 and 1 < lost.max() < 2
    assert np.abs(function(stack, output="float64", **words) - exact).max() < 1e-6
