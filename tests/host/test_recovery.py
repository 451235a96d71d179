"""Out of memory: freed and called again, then in parts, then on the CPU, then an error that says how much."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.arrays.recovery import RecoveryWarning
from openhcs_host.arrays.working_device import on_device
from openhcs_host.decorators import memory, memory_types, numpy
from openhcs_host.errors import ArrayError, OutOfMemoryError
from openhcs_host.seam.default_host import using_host

STACK = np.arange(8 * 16 * 16, dtype=np.uint16).reshape(8, 16, 16)  # 4 KiB

OBSERVER = """
from openhcs_host import hookimpl
OPENHCS_API = 1
seen = []

@hookimpl
def openhcs_release_memory(memory_type, device):
    seen.append((memory_type, device))
"""


@pytest.fixture
def card(site, monkeypatch):
    source = Path(__file__).with_name("card_memory.py").read_text()
    points = {
        "openhcs.memory": {"card": "card_memory"},
        "openhcs.array": {"card_memory": "card"},
        "openhcs.observer": {"released": "released_memory"},
    }
    site.install("openhcs-mem-card", points, {"card_memory": source, "released_memory": OBSERVER})
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host, using_host(host):
        host.enable_observers(["released"])
        module = importlib.import_module("card_memory")
        module.released = importlib.import_module("released_memory").seen
        yield module
    del sys.modules["card_memory"], sys.modules["released_memory"]


def failing(times, error):
    """Return a function that fails the first ``times`` calls, and its calls."""
    calls = []

    def double(stack):
        calls.append(stack.shape[0])
        if len(calls) <= times:
            raise error
        return stack * 2

    return double, calls


def needing(card, bytes_per_plane):
    """Return a function that needs so much of the device beside its stack, and its calls."""
    calls = []

    def double(stack):
        calls.append((stack.shape[0], stack.place))
        work = card.empty((stack.shape[0], bytes_per_plane), np.uint8, stack.place)
        result = card.empty(stack.shape, stack.dtype, stack.place)
        result[...] = stack * 2
        return result if work.size else None

    return double, calls


# Not asked for, not recognised


def test_without_oom_recovery_the_error_passes_and_nothing_is_called_again():
    error = MemoryError("too large")
    double, calls = failing(1, error)
    with pytest.raises(MemoryError) as caught:
        numpy(double)(STACK)
    assert caught.value is error and len(calls) == 1


def test_every_other_error_passes_at_once(card):
    for error in (RuntimeError("CUDA out of memory"), MemoryError("of the host"), ValueError("shape")):
        double, calls = failing(1, error)
        with pytest.raises(type(error)) as caught:
            memory("card", oom_recovery=True, slice_by_slice=True)(double)(STACK)
        assert caught.value is error and len(calls) == 1
    double, calls = failing(1, MemoryError())
    calls_of_other = failing(2, KeyError("second"))[0]

    def fail_differently(stack):
        double(stack) if not calls else calls_of_other(stack)

    with pytest.raises(KeyError, match="second"):
        numpy(oom_recovery=True)(fail_differently)(STACK)


def test_a_call_that_has_room_is_made_once_on_the_whole_stack(card):
    double, calls = needing(card, 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = memory("card", oom_recovery=True, slice_by_slice=True)(double)(STACK)
    assert calls == [(8, "card:0")] and np.array_equal(result, STACK * 2) and not card.released


# First: caches are freed


def test_the_call_is_made_again_and_a_warning_says_so():
    double, calls = failing(1, MemoryError("too large"))
    with pytest.warns(RecoveryWarning, match="double.*out of memory on cpu.*too large.*freed") as issued:
        result = numpy(oom_recovery=True)(double)(STACK)
    assert calls == [8, 8] and np.array_equal(result, STACK * 2)
    assert Path(issued[0].filename) == Path(__file__)  # it points to who called


def test_what_the_cache_holds_is_given_back_and_observers_are_told(card):
    card.empty((60000,), np.uint8, "card:0")  # let go at once, and kept in the cache
    double, calls = needing(card, 1024)
    with pytest.warns(RecoveryWarning, match="card:0 cannot allocate"):
        result = memory("card", oom_recovery=True)(double)(STACK)
    assert calls == [(8, "card:0")] * 2 and np.array_equal(result, STACK * 2)
    assert card.released == [("card", "card:0")]


def test_the_first_attempt_s_arrays_are_let_go_before_the_second(card):
    held = []

    @memory("card", oom_recovery=True)
    def hold(stack):
        mine = card.empty((40000,), np.uint8, "card:0")
        held.append(card.used["card:0"])
        if len(held) == 1:
            raise card.CardMemoryError("there was no room for the rest")
        return stack if mine.size else None

    with pytest.warns(RecoveryWarning):
        hold(STACK)
    assert held[0] == held[1]


def test_a_function_that_wrote_to_its_stack_before_it_failed_gets_the_stack_as_it_was(card):
    for decorate, given in ((numpy, STACK.copy()), (memory("card"), card.placed(STACK, "card:0"))):
        calls = []

        def double(stack, calls=calls):
            stack *= 2
            calls.append(1)
            if len(calls) == 1:
                raise card.CardMemoryError if isinstance(stack, card.CardArray) else MemoryError
            return stack

        recovering = memory_types(
            input_type=decorate(double).openhcs_memory.input_type,
            output_type=decorate(double).openhcs_memory.output_type,
            oom_recovery=True,
        )(double)
        with pytest.warns(RecoveryWarning):
            result = recovering(given)
        assert np.array_equal(result, STACK * 2) and np.array_equal(given, STACK)


# Second: in parts along Z


@pytest.mark.parametrize(
    ("bytes_per_plane", "parts"),
    [(9000, [8, 8, 4, 4]), (24000, [8, 8, 4, 2, 2, 2, 2]), (40000, [8, 8, 4, 2, *[1] * 8])],
)
def test_halves_are_worked_on_until_they_fit_and_joined_in_order(card, bytes_per_plane, parts):
    double, calls = needing(card, bytes_per_plane)
    with pytest.warns(RecoveryWarning, match=r"it was called \d times on parts"):
        result = memory("card", oom_recovery=True, slice_by_slice=True)(double)(STACK)
    assert [planes for planes, _ in calls] == parts
    assert type(result) is card.CardArray and result.place == "card:0" and np.array_equal(result, STACK * 2)


def test_stacks_are_cut_with_the_first_and_other_arrays_are_handed_over_whole():
    seen = []

    @numpy(oom_recovery=True, slice_by_slice=True)
    def weigh(stack, flat, *, mask, weights):
        seen.append((stack.shape, flat.shape, mask.shape, weights.shape))
        if stack.shape[0] > 3:
            raise MemoryError
        return stack * mask + flat + weights[0, 0, 0]

    flat, mask, weights = STACK[0], STACK % 2, np.ones((8, 3, 3), np.uint16)
    with pytest.warns(RecoveryWarning):
        result = weigh(STACK[:5], flat, mask=mask[:5], weights=weights)
    assert np.array_equal(result, STACK[:5] * mask[:5] + flat + 1)
    assert [shapes[0][0] for shapes in seen] == [5, 5, 3, 2]
    assert all(s == m and f == (16, 16) and w == (8, 3, 3) for s, f, m, w in seen)


def test_a_function_that_needs_all_planes_is_never_called_on_parts(card):
    double, calls = needing(card, 9000)
    with pytest.warns(RecoveryWarning, match="CPU"):
        memory("card", oom_recovery=True)(double)(STACK)
    assert [planes for planes, _ in calls] == [8, 8, 8]


def test_parts_that_change_their_number_of_planes_are_refused():
    @numpy(oom_recovery=True, slice_by_slice=True)
    def project(stack):
        if stack.shape[0] > 4:
            raise MemoryError
        return stack.max(axis=0, keepdims=True)

    with pytest.raises(ArrayError, match=r"project.*slice_by_slice.*1 planes of 4"):
        project(STACK)


def test_further_outputs_are_not_joined():
    calls = []

    @numpy(oom_recovery=True, slice_by_slice=True)
    def count(stack):
        calls.append(stack.shape[0])
        if stack.shape[0] > 4:
            raise MemoryError
        return stack, [3] * stack.shape[0]

    with pytest.raises(OutOfMemoryError, match="cannot be joined"):
        count(STACK)
    assert calls == [8, 8, 4]


# Third: on the CPU


def test_the_cpu_is_last_and_the_warning_says_where_the_result_is(card):
    double, calls = needing(card, 70000)
    with pytest.warns(RecoveryWarning, match="on the CPU, where its result stays"), on_device(1):
        result = memory("card", oom_recovery=True, slice_by_slice=True)(double)(STACK)
    assert [planes for planes, _ in calls] == [8, 8, 4, 2, 1, 8]
    assert [place for _, place in calls] == ["card:1"] * 5 + ["cpu"]
    assert result.place == "cpu" and np.array_equal(result, STACK * 2)


def test_joining_that_finds_no_room_goes_on_to_the_cpu(card):
    large = np.arange(8 * 64 * 64, dtype=np.uint8).reshape(8, 64, 64)  # 32 KiB
    occupied = card.empty((4096,), np.uint8, "card:0")
    double, calls = needing(card, 16)
    with pytest.warns(RecoveryWarning, match="parts of the stack, then it was called on the CPU"):
        result = memory("card", oom_recovery=True, slice_by_slice=True)(double)(large)
    assert [planes for planes, _ in calls] == [8, 8, 4, 4, 8] and occupied.place == "card:0"
    assert result.place == "cpu" and np.array_equal(result, large * np.uint8(2))


# Last: an error


def test_the_error_says_what_was_needed_what_is_free_and_what_was_tried(card):
    def fail(stack):
        raise card.CardMemoryError("no room at all")

    with pytest.raises(OutOfMemoryError) as caught:
        memory("card", oom_recovery=True, slice_by_slice=True)(fail)(STACK)
    error = caught.value
    assert isinstance(error, MemoryError) and isinstance(error.__cause__, card.CardMemoryError)
    assert (error.needed, error.free) == (STACK.nbytes, card.CAPACITY)
    for words in (
        "fail ran out of memory on card:0",
        "4096 bytes",
        "65536 of 65536",
        "freed",
        "one plane",
        "CPU",
    ):
        assert words in str(error)


def test_where_nothing_is_known_of_free_memory_the_error_says_so():
    def fail(stack):
        raise MemoryError("Unable to allocate")

    with pytest.raises(OutOfMemoryError, match="how much is free is not known") as caught:
        numpy(oom_recovery=True)(fail)(STACK)
    assert (caught.value.needed, caught.value.free) == (STACK.nbytes, None)


def test_the_output_s_library_may_be_the_one_that_ran_out(card):
    calls = []

    @memory_types(input_type="numpy", output_type="card", oom_recovery=True)
    def move(stack):
        calls.append(1)
        if len(calls) == 1:
            raise card.CardMemoryError("no room")
        return card.placed(stack, "card:0")

    with pytest.warns(RecoveryWarning, match="on card:0"):
        assert np.array_equal(move(STACK), STACK)
    assert card.released == [("card", "card:0")]
