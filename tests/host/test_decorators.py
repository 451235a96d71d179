"""A decorated function is the same function, called with what it declares and checked for what it returns."""

from __future__ import annotations

import importlib
import inspect
import pickle
import threading
import time
import timeit
import traceback
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host, convert
from openhcs_host.arrays.cleanup import cleanup_gpu_memory_by_framework
from openhcs_host.arrays.working_device import on_device
from openhcs_host.decorators import memory, memory_types, numpy, torch
from openhcs_host.errors import (
    ArrayError,
    DeviceUnavailableError,
    PluginBlockedError,
    PluginNotFoundError,
)
from openhcs_host.seam.default_host import default_host, using_host
from openhcs_host.seam.index import build_index
from openhcs_host.seam.policy import Policy

STACK = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


# Declaring


def test_decorating_imports_no_array_library(site):
    done = site.python(
        """
        import sys
        from openhcs_host import decorators
        from openhcs_host.arrays import cleanup, working_device
        for name in decorators.__all__:
            if name not in ("MemoryDecorator", "memory", "memory_types"):
                getattr(decorators, name)(lambda stack: stack)
                getattr(decorators, name)(oom_recovery=True, dtype="uint16")(lambda stack: stack)
        decorators.memory_types(input_type="numpy", output_type="torch")(lambda stack: stack)
        libraries = {"numpy", "torch", "cupy", "jax", "tensorflow", "pyclesperanto", "pyclesperanto_prototype"}
        print(sorted(libraries & set(sys.modules)), [name for name in sys.modules if "openhcs_mem" in name])
        """
    )
    assert done.stdout.strip() == "[] []", done.stderr


def test_name_docstring_signature_annotations_and_attributes_are_kept():
    def blur(stack: np.ndarray, sigma: float = 1.5, *, mode: str = "edge") -> np.ndarray:
        """Blur."""

    blur.__special_outputs__ = ("counts",)
    decorated = numpy(blur)
    assert (decorated.__name__, decorated.__doc__, decorated.__module__) == ("blur", "Blur.", __name__)
    assert inspect.signature(decorated) == inspect.signature(blur)
    assert decorated.__annotations__ == blur.__annotations__
    assert decorated.__special_outputs__ == ("counts",) and decorated.__wrapped__ is blur


def test_the_declaration_can_be_read_from_the_function():
    contract = memory("mylib", oom_recovery=True, dtype="preserve", on_loss="clip")(
        lambda s: s
    ).openhcs_memory
    assert (contract.input_type, contract.output_type) == ("mylib", "mylib")
    assert contract.oom_recovery and contract.dtype == "preserve" and contract.on_loss == "clip"
    contract = torch(input_type="numpy", slice_by_slice=True)(lambda s: s).openhcs_memory
    assert (contract.input_type, contract.output_type, contract.slice_by_slice) == ("numpy", "torch", True)
    with pytest.raises(AttributeError):
        contract.dtype = "uint8"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "uint17"}, "uint17"),
        ({"on_loss": "stretch"}, "stretch"),
        ({"input_type": 3}, "input_type"),
    ],
)
def test_options_that_mean_nothing_are_refused_when_decorating(options, words):
    with pytest.raises(ArrayError, match=words):
        numpy(**options)
    with pytest.raises(TypeError, match="oom_recover"):
        numpy(oom_recover=True)


def test_what_is_no_function_of_a_stack_is_refused_when_decorating():
    with pytest.raises(ArrayError, match="below @staticmethod"):
        numpy(staticmethod(lambda stack: stack))
    with pytest.raises(ArrayError, match="no argument"):
        numpy(lambda: None)
    with pytest.raises(ArrayError, match="declared already"):
        torch(numpy(lambda stack: stack))


def test_a_key_that_is_not_installed_is_told_when_called():
    with pytest.raises(PluginNotFoundError, match="mylib"):
        memory("mylib")(lambda stack: stack)(STACK)


def test_it_travels_by_name(tmp_path, monkeypatch):
    (tmp_path / "somebodys_steps.py").write_text(
        "from openhcs_host.decorators import numpy\n@numpy\ndef double(stack):\n    return stack * 2\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    double = importlib.import_module("somebodys_steps").double
    assert pickle.loads(pickle.dumps(double)) is double


# Arguments


def test_the_stack_is_handed_over_as_it_is_where_nothing_has_to_change():
    assert numpy(lambda stack: stack)(STACK) is STACK


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (STACK[0], r"\(3, 4\).*image\[None\]"),
        (STACK[None], r"\(1, 2, 3, 4\)"),
        (STACK[:0], r"\(0, 3, 4\)"),
        (np.float32(1), "numpy.float32"),
        ([STACK[0], STACK[1]], "builtins.list.*stack_slices"),
        (np.ma.masked_array(STACK, STACK > 3), "MaskedArray"),
    ],
)
def test_what_is_no_stack_is_refused_before_the_function_runs(given, words):
    calls = []
    with pytest.raises(ArrayError, match=words) as caught:
        numpy(calls.append)(given)
    assert not calls and "append" in str(caught.value)


def test_every_array_among_the_arguments_is_converted_and_nothing_else(card):
    seen = {}

    @memory("card")
    def note(stack, kernel, *more, mask=None, planes=None, sigma=1.0):
        seen.update(stack=stack, kernel=kernel, more=more, mask=mask, planes=planes, sigma=sigma)
        return stack

    planes = [STACK[0]]
    note(STACK, STACK[0], STACK, mask=STACK > 3, planes=planes, sigma=2.5)
    arrays = (seen["stack"], seen["kernel"], *seen["more"], seen["mask"])
    assert all(type(array) is card.CardArray and array.place == "card:0" for array in arrays)
    assert seen["kernel"].shape == (3, 4) and seen["mask"].dtype == bool
    assert np.array_equal(seen["stack"], STACK) and seen["stack"].dtype == np.uint16
    assert seen["planes"] is planes and seen["planes"][0] is not seen["kernel"] and seen["sigma"] == 2.5


def test_arrays_come_back_from_any_installed_type(card):
    result = numpy(lambda stack: stack + 1)(card.placed(STACK, "card:1"))
    assert type(result) is np.ndarray and np.array_equal(result, STACK + 1)


def test_the_stack_may_come_by_name_and_missing_arguments_are_python_s_own_error():
    @numpy
    def add(stack, amount):
        return stack + amount

    assert np.array_equal(add(amount=1, stack=STACK), STACK + 1)
    with pytest.raises(TypeError, match="missing a required argument: 'stack'"):
        add(amount=1)
    with pytest.raises(TypeError, match="amount"):
        add(STACK)
    with pytest.raises(ArrayError, match="without an image"):
        numpy(lambda stack=None: stack)()


def test_methods_and_keyword_only_stacks_are_functions_of_a_stack():
    class Steps:
        amount = np.uint16(2)

        @numpy
        def method(self, stack):
            return stack + self.amount

        @classmethod
        @numpy
        def of_class(cls, stack):
            return stack + cls.amount

        @staticmethod
        @numpy
        def static(stack, amount=2):
            return stack + np.uint16(amount)

    @numpy
    def keyword(*, stack):
        return stack + 2

    for function in (Steps().method, Steps.of_class, Steps().of_class, Steps.static, Steps().static):
        assert np.array_equal(function(STACK), STACK + 2) and np.array_equal(function(stack=STACK), STACK + 2)
    assert np.array_equal(keyword(stack=STACK), STACK + 2)
    with pytest.raises(ArrayError, match=r"Steps\.method"):
        Steps().method(STACK[0])


# The call


def test_it_runs_once_and_its_exceptions_pass_untouched():
    calls = []
    raised = ValueError("mine")

    @numpy(oom_recovery=True)
    def fail(stack):
        calls.append(1)
        raise raised

    with pytest.raises(ValueError, match="mine") as caught:
        fail(STACK)
    assert caught.value is raised and len(calls) == 1 and raised.__cause__ is raised.__context__ is None
    assert traceback.extract_tb(raised.__traceback__)[-1].line == "raise raised"


def test_it_runs_on_a_stream_of_its_device_and_leaves_it(card):
    seen = []

    @memory_types(input_type="numpy", output_type="card")
    def note(stack):
        seen.append(card.current.stream)
        if len(seen) > 1:
            raise KeyError("later")
        return card.placed(stack, "card:1")

    with on_device(1):
        note(STACK)
        with pytest.raises(KeyError):
            note(STACK)
    assert [device for _, device in seen] == ["card:1", "card:1"] and card.current.stream is None


def test_a_worker_s_device_is_where_functions_work(card):
    where = memory("card")(lambda stack: stack)
    there = card.placed(STACK, "card:1")
    assert where(STACK).place == "card:0" and where(there) is there
    with on_device(1):
        assert where(STACK).place == "card:1"
        assert numpy(lambda stack: stack)(STACK) is STACK  # a library without accelerators
        with on_device("cpu"):
            assert where(there).place == "cpu"
        with pytest.raises(DeviceUnavailableError, match="card:7"), on_device("card:7"):
            where(STACK)
    with pytest.raises(DeviceUnavailableError, match="numpy"), on_device("card:0"):
        numpy(lambda stack: stack)(STACK)
    assert where(STACK).place == "card:0"


def test_threads_do_not_disturb_each_other(card):
    together = threading.Barrier(2, timeout=10)
    streams, results, host = {}, {}, default_host()

    @memory("card")
    def double(stack):
        together.wait()
        streams[threading.current_thread().name] = card.current.stream
        together.wait()
        return stack * 2

    def work(number):
        with using_host(host), on_device(number):
            results[number] = double(STACK + number)

    threads = [threading.Thread(target=work, args=(number,), name=f"card:{number}") for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: device for name, (_, device) in streams.items()} == {"card:0": "card:0", "card:1": "card:1"}
    assert len({number for number, _ in streams.values()}) == 2
    for number, result in results.items():
        assert result.place == f"card:{number}" and np.array_equal(result, (STACK + number) * 2)


# The host


def test_functions_use_the_host_of_the_run_that_calls_them(site, monkeypatch):
    ours = Path(__file__).with_name("card_memory.py").read_text()
    points = {"openhcs.memory": {"card": "card_memory"}, "openhcs.array": {"card_memory": "card"}}
    site.install("openhcs-mem-card", points, {"card_memory": ours})
    theirs = ours.replace('return ("card:0", "card:1", "cpu")', 'return ("card:1", "card:0", "cpu")')
    theirs = theirs.replace("class CardArray", "from card_memory import CardArray\nclass Unused")
    site.install("rival-mem-card", {"openhcs.memory": {"card": "rival_memory"}}, {"rival_memory": theirs})
    monkeypatch.syspath_prepend(str(site.folder))
    index = build_index()
    where, recovering = memory("card")(_stack), memory("card", oom_recovery=True)(_stack)

    def pinned(distribution):
        return Host(index, Policy.of(pin={"memory:card": distribution}))

    with pinned("openhcs-mem-card") as one, pinned("rival-mem-card") as other:
        for run, place in ((one, "card:0"), (other, "card:1")):
            with using_host(run):
                assert default_host() is run
                assert where(STACK).place == recovering(STACK).place == convert(STACK, "card").place == place
    with Host(index, Policy.of(block=["openhcs-mem-card", "rival-mem-card"])) as strict, using_host(strict):
        with pytest.raises(PluginBlockedError, match="rival-mem-card"):
            where(STACK)
        with pytest.raises(PluginBlockedError, match="rival-mem-card"):
            recovering(STACK)
        with pytest.raises(PluginBlockedError):
            cleanup_gpu_memory_by_framework("card")


def _stack(stack):
    return stack


def test_a_host_is_chosen_for_one_thread_and_hosts_may_be_nested():
    seen = []
    with Host() as outer, Host() as inner, using_host(outer):
        with using_host(inner), pytest.raises(KeyError):
            assert default_host() is inner
            raise KeyError
        assert default_host() is outer
        thread = threading.Thread(target=lambda: seen.append(default_host()))
        thread.start()
        thread.join()
    assert seen == [default_host()] and default_host() not in (outer, inner)


# The result


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (STACK[0], r"\(3, 4\).*keepdims"),
        (STACK[:0], r"\(0, 3, 4\)"),
        (np.float64(3), "numpy.float64"),
        (None, "NoneType"),
        ([STACK], "builtins.list"),
        ((), "tuple"),
        (("counts", STACK), "str"),
    ],
)
def test_a_main_output_that_is_no_stack_of_the_type_is_refused(returned, words):
    def make(stack):
        return returned

    with pytest.raises(ArrayError, match=words) as caught:
        numpy(make)(STACK)
    assert "make must return a numpy array [Z, Y, X]" in str(caught.value)


def test_another_library_s_stack_is_refused(card):
    with pytest.raises(ArrayError, match=r"card array.*numpy\.ndarray of shape"):
        memory("card")(lambda stack: np.zeros((1, 2, 3)))(STACK)
    result = memory_types(input_type="card", output_type="numpy")(lambda stack: np.zeros((1, 2, 3)))(STACK)
    assert result.shape == (1, 2, 3)


def test_the_size_may_change_and_further_outputs_are_untouched():
    counts, planes = {"nuclei": 3}, [STACK[0]]
    image, first, second = numpy(lambda stack: (stack[:1, :2, :1], counts, planes))(STACK)
    assert image.shape == (1, 2, 1) and first is counts and second is planes


def test_a_named_tuple_stays_one_when_its_image_changes_dtype():
    Found = namedtuple("Found", "image counts")
    found = numpy(dtype="float32")(lambda stack: Found(stack, 3))(STACK)
    assert type(found) is Found and found.image.dtype == np.float32 and found.counts == 3


# The price


def test_a_call_costs_a_few_microseconds():
    def bare(stack):
        return stack

    decorated = numpy(bare)

    def best(function):
        return min(timeit.repeat(lambda: function(STACK), number=2000, repeat=15)) / 2000

    # The bound of the promise is 5 µs, which a shared machine keeps in some of several attempts.
    deadline = time.monotonic() + 20
    while (cost := best(decorated) - best(bare)) > 5e-6:
        assert time.monotonic() < deadline, f"{cost * 1e6:.1f} µs over the bare call"
