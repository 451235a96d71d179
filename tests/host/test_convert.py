"""Conversions through the host, with three small libraries of arrays installed beside NumPy."""

from __future__ import annotations

import sys
import timeit
from pathlib import Path

import attrs
import numpy as np
import pytest

from openhcs_host import Host, convert, plan_conversion, stack_slices, unstack_slices
from openhcs_host.contracts.memory import ConversionCost
from openhcs_host.errors import (
    ArrayError,
    DeviceUnavailableError,
    LibraryMissingError,
    MemoryConversionError,
    PluginNotFoundError,
)
from openhcs_host.seam.default_host import default_host
from openhcs_host.seam.index import build_index
from openhcs_host.seam.policy import Policy

MUTANTS = Path(__file__).parent / "testing" / "mutants"
GRIDS = ["reference", "reference_constant", "reference_device", "reference_missing"]
HANDING = ["reference_handing", "reference_handing_constant", "handing_over_the_host", "handing_ignores_copy"]
WRONG = ["silent_integer_cast", "wrong_device", "writes_through_read_only", "takes_more_than_it_holds"]
PLANE = np.arange(12, dtype=np.uint16).reshape(3, 4)
ZERO, COPY, CROSSING = ConversionCost.ZERO_COPY, ConversionCost.DEVICE_COPY, ConversionCost.HOST_ROUND_TRIP

OBSERVER = """
from openhcs_host import hookimpl

OPENHCS_API = 1
seen = []

@hookimpl
def openhcs_converted(source, target, method, nbytes, seconds):
    seen.append((source, target, method, nbytes))
    assert seconds >= 0
"""

CONVERTER = """
from openhcs_host import hookimpl
from openhcs_host.contracts.memory import ConversionCost, Converter

OPENHCS_API = 1

class Bridge(Converter):
    key = "reference.reference_device"
    cost = ConversionCost.HOST_ROUND_TRIP

    def convert(self, array, *, device=None, copy=None):
        import sys
        memory = sys.modules["array_mutants"].PLUGINS["reference_device"]()
        made = memory.from_numpy(array.values, device=device, copy=True)
        made.bridged = True
        return made

@hookimpl
def openhcs_create_converter(key):
    return Bridge()
"""


@pytest.fixture
def grids(site, monkeypatch):
    """Install the libraries of grids, and forget them afterwards."""
    keys = [*GRIDS, *HANDING, *WRONG]
    site.install(
        "grids",
        {
            "openhcs.memory": dict.fromkeys(keys, "array_mutants"),
            "openhcs.array": {f"{key}_arrays": key for key in keys},
        },
        {"array_mutants": (MUTANTS / "array_mutants.py").read_text()},
    )
    monkeypatch.syspath_prepend(str(site.folder))
    monkeypatch.delitem(sys.modules, "array_mutants", raising=False)
    yield site
    sys.modules.pop("array_mutants", None)


@pytest.fixture
def host(grids):
    with Host(build_index(), Policy()) as host:
        yield host


def grid(host, key, array=PLANE):
    return host.memory(key).from_numpy(array.copy(), copy=True)


def address(array):
    values = getattr(array, "values", array)
    return values.__array_interface__["data"][0]


# Ownership


def test_an_owner_is_found_by_the_type_and_its_bases(host):
    class Own(np.ndarray):
        pass

    assert host.memory_type_of(PLANE) == "numpy" and host.memory_type_of(PLANE.view(Own)) == "numpy"
    assert host.memory_type_of(grid(host, "reference")) == "reference"
    assert host.memory_type_of([1]) is None and host.memory_type_of(None) is None


def test_finding_an_owner_imports_nothing(site):
    site.install(
        "attic-arrays",
        {"openhcs.array": {"attic": "attic"}, "openhcs.memory": {"attic": "attic_plugin"}},
        {"attic": "class Array: pass", "attic_plugin": "import os; os._exit(9)  # imported!"},
    )
    done = site.python("""
        import sys, attic
        from openhcs_host import Host
        print(Host().memory_type_of(attic.Array()), Host().memory_type_of(3), 'numpy' in sys.modules)
    """)
    assert done.stdout.strip() == "attic None False", done.stderr


def test_an_owner_is_found_in_a_microsecond(host):
    host.memory_type_of(PLANE)
    best = min(timeit.repeat(lambda: host.memory_type_of(PLANE), number=2000, repeat=9)) / 2000
    assert best < 1e-6


def test_two_distributions_that_claim_one_module_are_a_problem_and_the_first_by_name_has_it(
    site, monkeypatch
):
    for name in ("zeta", "alpha"):
        site.install(name, {"openhcs.array": {"attic": name}})
    monkeypatch.syspath_prepend(str(site.folder))
    index = build_index()
    assert index.arrays["attic"] == "alpha"
    (problem,) = index.problems
    assert "alpha" in problem and "zeta" in problem and "'attic'" in problem


@pytest.mark.parametrize("odd", [[1, 2], 3, None, "text", np.float64(1), np.ma.masked_array([1], [True])])
def test_what_no_memory_type_owns_is_refused(host, odd):
    for function in (convert, plan_conversion):
        if isinstance(odd, str) and function is plan_conversion:
            continue  # the name of a memory type
        with pytest.raises(MemoryConversionError, match="no array of an installed memory type"):
            function(odd, "numpy", host=host)


def test_a_wrong_declared_source_is_an_error(host):
    assert convert(PLANE, "reference", source="numpy", host=host).values is PLANE
    for _ in range(2):
        with pytest.raises(MemoryConversionError, match="declared 'reference' and is one of 'numpy'"):
            convert(PLANE, "reference", source="reference", host=host)


# Values


def test_an_array_of_the_target_comes_back_as_it_is(host):
    made = grid(host, "reference")
    assert convert(PLANE, "numpy", host=host) is PLANE
    assert convert(made, "reference", host=host) is made
    assert convert(made, "reference", device="cpu", copy=False, host=host) is made


def test_the_second_conversion_of_a_kind_keeps_the_same_promises(host):
    for array in (PLANE, PLANE + 1, PLANE[::-1], PLANE.T):
        for _ in range(2):
            made = convert(array, "reference", host=host)
            np.testing.assert_array_equal(made.values, array)
            assert (address(made) == address(array)) == (array[::-1] is not array and array.strides[0] > 0)


def test_what_cannot_be_kept_is_refused_in_the_words_of_the_plugin(host):
    with pytest.raises(MemoryConversionError, match="No grid holds int64") as caught:
        convert(PLANE.astype("i8"), "reference", host=host)
    assert (caught.value.source_type, caught.value.target_type) == ("numpy", "reference")
    with pytest.raises(MemoryConversionError, match="cast it to a dtype"):
        convert(np.array(["a"]), "reference", host=host)


def test_a_wider_dtype_is_taken_where_it_holds_every_value(host):
    made = convert(PLANE, "reference_device", host=host)
    assert made.values.dtype == np.float32 and made.device == "grid:0"
    assert plan_conversion(PLANE, "reference_device", host=host).dtype == "float32"


@pytest.mark.parametrize(
    ("key", "array", "fault"),
    [
        ("silent_integer_cast", PLANE.astype("u4"), "changes values"),
        ("wrong_device", PLANE, None),
        ("takes_more_than_it_holds", PLANE.astype("i8"), "has no dtype"),
    ],
)
def test_the_host_does_not_believe_a_wrong_plugin(host, key, array, fault):
    if fault is None:
        with pytest.raises(MemoryConversionError, match=r"on cpu for .* on grid:0.*authors of the plugin"):
            convert(array, key, "grid:0", host=host)
        return
    with pytest.raises(MemoryConversionError, match=fault):
        convert(array, key, host=host)


def test_a_result_that_leads_into_read_only_memory_is_refused(host, monkeypatch):
    fixed = PLANE.copy().view()
    fixed.flags.writeable = False
    kind = type(host.memory("writes_through_read_only"))
    monkeypatch.setattr(kind, "shares_in", lambda self, facts, device=None: True)
    with pytest.raises(MemoryConversionError, match="write into memory that is read-only"):
        convert(fixed, "writes_through_read_only", host=host)


# dtype=


def test_a_named_dtype_is_taken_from_the_value_on(host):
    made = convert(np.array([[1.0, 300.0]]), "reference", dtype="uint16", host=host)
    assert made.values.dtype == np.uint16 and made.values.tolist() == [[1, 300]]
    rounded = convert(np.array([[0.1]]), "reference", dtype="float32", host=host)
    assert rounded.values[0, 0] == np.float32(0.1)
    assert convert(PLANE, "numpy", dtype=np.float32, host=host).dtype == np.float32
    assert (
        convert(grid(host, "reference"), "reference", dtype="float64", host=host).values.dtype == np.float64
    )


@pytest.mark.parametrize("source", ["numpy", "reference", "reference_constant"])
def test_a_value_that_does_not_fit_into_a_named_dtype_is_refused(host, source):
    array = PLANE if source == "numpy" else grid(host, source)
    with pytest.raises(MemoryConversionError, match=r"would change in bool") as caught:
        convert(array, "reference", dtype="bool", host=host)
    assert caught.value.method == "cast"


def test_a_named_dtype_that_the_target_has_only_wider_is_refused_with_its_name(host):
    with pytest.raises(MemoryConversionError, match="say dtype='float32'"):
        convert(PLANE, "reference_device", dtype="uint8", host=host)
    with pytest.raises(ArrayError, match="name it as NumPy does"):
        convert(PLANE, "reference", dtype="nonsense", host=host)


def test_a_copy_that_is_neither_yes_nor_no_nor_none_is_refused(host):
    for function in (convert, plan_conversion):
        with pytest.raises(ArrayError, match="copy='never' is neither None, True nor False"):
            function(PLANE, "reference", copy="never", host=host)


def test_a_named_dtype_and_no_copy_contradict_each_other(host):
    with pytest.raises(MemoryConversionError, match="new memory only"):
        convert(PLANE, "reference", dtype="float32", copy=False, host=host)
    assert convert(PLANE, "reference", dtype="uint16", copy=False, host=host).values is PLANE


# copy=


@pytest.mark.parametrize("source", ["numpy", "reference", "reference_constant"])
@pytest.mark.parametrize("target", ["numpy", "reference", "reference_constant"])
def test_a_copy_shares_nothing_with_its_source(host, source, target):
    array = PLANE.copy() if source == "numpy" else grid(host, source)
    for _ in range(2):
        made = convert(array, target, copy=True, host=host)
        values = getattr(made, "values", made)
        assert not np.shares_memory(values, getattr(array, "values", array))
        np.testing.assert_array_equal(values, PLANE)


def test_no_copy_shares_or_says_why_not(host):
    assert convert(PLANE, "reference", copy=False, host=host).values is PLANE
    with pytest.raises(MemoryConversionError, match=r"cannot share .*strides, alignment or byte order"):
        convert(PLANE[::-1], "reference", copy=False, host=host)
    with pytest.raises(MemoryConversionError, match=r"leave copy out"):
        convert(PLANE, "reference_device", copy=False, host=host)


def test_a_library_of_constant_arrays_shares_when_told_to_and_the_plan_says_so(host):
    for array, shares in ((PLANE.copy(), True), (PLANE[:, ::2], True), (PLANE[::-1], False)):
        assert not plan_conversion(array, "reference_constant", host=host).shares
        if not shares:
            for function in (convert, plan_conversion, convert):
                with pytest.raises(MemoryConversionError, match="cannot share"):
                    function(array, "reference_constant", copy=False, host=host)
            continue
        plan = plan_conversion(array, "reference_constant", copy=False, host=host)
        assert (plan.route, plan.cost, plan.bytes_copied, plan.shares) == (("from_numpy",), ZERO, 0, True)
        for _ in range(2):
            made = convert(array, "reference_constant", copy=False, host=host)
            assert address(made) == address(array)
    there = grid(host, "reference")
    plan = plan_conversion(there, "reference_constant", copy=False, host=host)
    assert plan.route == ("to_numpy", "from_numpy") and plan.shares
    assert address(convert(there, "reference_constant", copy=False, host=host)) == address(there)
    between = plan_conversion("numpy", "reference_constant", copy=False, host=host)
    assert (between.cost, between.shares) == (ZERO, True)
    with pytest.raises(MemoryConversionError, match="cannot share"):
        plan_conversion("numpy", "reference_device", copy=False, host=host)


def test_a_constant_array_is_copied_where_it_could_be_written_to(host):
    constant = grid(host, "reference_constant")
    out = convert(constant, "numpy", host=host)
    assert not out.flags.writeable and np.shares_memory(out, constant.values)
    mine = convert(constant, "reference", host=host)
    mine.values[...] = 0
    np.testing.assert_array_equal(constant.values, PLANE)


# Devices


def test_a_device_is_named_or_numbered_and_must_be_there(host):
    for device in ("grid:0", "grid", 0):
        assert convert(PLANE, "reference", device, host=host).device == "grid:0"
    assert convert(PLANE, "reference", host=host).device == "cpu"
    for device in ("grid:1", 1, "cuda"):
        with pytest.raises(DeviceUnavailableError, match="its devices are cpu, grid:0"):
            convert(PLANE, "reference", device, host=host)
    with pytest.raises(DeviceUnavailableError, match="numpy has no accelerator number 0"):
        convert(PLANE, "numpy", 0, host=host)


def test_an_array_stays_where_it_is_unless_told(host):
    there = convert(PLANE, "reference", "grid:0", host=host)
    assert convert(there, "reference", host=host) is there
    back = convert(there, "reference", "cpu", host=host)
    assert back.device == "cpu" and plan_conversion(there, "reference", "cpu", host=host).route == (
        "to_device",
    )
    with pytest.raises(MemoryConversionError, match="on grid:0"):
        convert(there, "reference", "cpu", copy=False, host=host)


def test_a_missing_library_and_an_unknown_memory_type_are_told_apart(host):
    with pytest.raises(LibraryMissingError, match="pip install grid") as caught:
        convert(PLANE, "reference_missing", host=host)
    assert isinstance(caught.value, ImportError) and caught.value.state == "library missing"
    with pytest.raises(PluginNotFoundError, match="no_such_type"):
        convert(PLANE, "no_such_type", host=host)


# From device to device


def test_an_array_stays_on_a_device_that_both_libraries_name(host):
    there = convert(PLANE, "handing_ignores_copy", "grid:1", host=host)
    plan = plan_conversion(there, "reference_handing", host=host)
    assert (plan.route, plan.cost, plan.device, plan.shares) == (("dlpack",), ZERO, "grid:1", True)
    made = convert(there, "reference_handing", host=host)
    assert made.device == "grid:1" and address(made) == address(there)
    assert convert(there, "reference_handing", copy=False, host=host).device == "grid:1"
    other = plan_conversion(there, "reference_handing", "grid:0", host=host)
    assert (other.route, other.cost) == (("dlpack", "to_device"), COPY)
    assert convert(there, "reference_handing", "grid:0", host=host).device == "grid:0"


def test_what_one_side_takes_for_constant_is_copied_on_the_device(host):
    there = convert(PLANE, "reference_handing", "grid:0", host=host)
    for source, target in ((there, "reference_handing_constant"), (None, "reference_handing")):
        array = source or convert(PLANE, "reference_handing_constant", "grid:0", host=host)
        plan = plan_conversion(array, target, host=host)
        assert (plan.route, plan.cost, plan.bytes_copied) == (("dlpack",), COPY, PLANE.nbytes)
        assert address(convert(array, target, host=host)) != address(array)
        with pytest.raises(MemoryConversionError, match="copy=False"):
            convert(array, target, copy=False, host=host)


def test_a_copy_of_a_device_array_stays_on_its_device(host):
    there = convert(PLANE, "reference_handing", "grid:0", host=host)
    plan = plan_conversion(there, "reference_handing", copy=True, host=host)
    assert (plan.route, plan.cost) == (("dlpack",), COPY)
    assert address(convert(there, "reference_handing", copy=True, host=host)) != address(there)


def test_a_hand_over_that_leaves_the_device_in_secret_is_refused(host):
    there = convert(PLANE, "reference_handing", "grid:0", host=host)
    with pytest.raises(MemoryConversionError, match=r"on cpu for .* on grid:0"):
        convert(there, "handing_over_the_host", host=host)


def test_the_host_round_trip_between_two_devices_shows_in_the_plan(host):
    there = convert(PLANE, "reference_handing", "grid:0", host=host)
    plan = plan_conversion(there, "reference", "grid:0", host=host)
    assert (plan.route, plan.cost) == (("to_numpy", "from_numpy"), CROSSING)


def test_slices_on_a_device_are_stacked_there(host):
    slices = [convert(PLANE + n, "reference_handing", "grid:1", host=host) for n in range(3)]
    made = stack_slices(slices, "handing_ignores_copy", host=host)
    assert made.device == "grid:1" and made.values.tolist() == [(PLANE + n).tolist() for n in range(3)]


# Plans


@attrs.define
class Walk:
    """What a route did: where each step found and left the values."""

    copied: int = 0
    steps: int = 0


def walk(host, array, target, **options):
    """Run the steps of the route that ``convert`` takes, and count the bytes that moved."""
    from openhcs_host.arrays.conversion import conversions_of
    from openhcs_host.arrays.routes import find_route

    wish = conversions_of(host).wish_for(array, target, options.get("device"), options.get("dtype"),
                                      options.get("copy"), None)  # fmt: skip
    done = Walk()
    for step in find_route(wish).steps:
        after = step.run(array)
        done.steps += 1
        if address(after) != address(array):
            done.copied += getattr(after, "values", after).nbytes
        array = after
    return array, done


SOURCES = {
    "numpy": PLANE,
    "backwards": PLANE[::-1],
    "foreign order": PLANE.astype(">u2"),
    "read-only": np.broadcast_to(PLANE, (3, 4)),
    "5-d": PLANE.reshape(1, 3, 1, 4, 1),
}


@pytest.mark.parametrize("target", ["numpy", "reference", "reference_constant"])
@pytest.mark.parametrize("copy", [None, True, False])
@pytest.mark.parametrize("dtype", [None, "float32", "uint8"])
def test_a_plan_for_an_array_is_what_happens(host, target, copy, dtype):
    arrays = {
        **{name: array.copy("K") if array.flags.writeable else array for name, array in SOURCES.items()},
        "grid": grid(host, "reference"),
        "grid there": convert(PLANE, "reference", "grid:0", host=host),
        "constant": grid(host, "reference_constant"),
    }
    for name, array in arrays.items():
        options = {"dtype": dtype, "copy": copy}
        try:
            plan = plan_conversion(array, target, **options, host=host)
        except MemoryConversionError:
            with pytest.raises(MemoryConversionError):
                convert(array, target, **options, host=host)
            continue
        made = convert(array, target, **options, host=host)
        facts = host.memory(target).facts(made)
        assert (plan.dtype, plan.device) == (facts.dtype, facts.device), name
        assert plan.shares == (address(made) == address(array)), name
        again, done = walk(host, array, target, **options)
        assert done.steps == len(plan.route), name
        if target == "reference_constant" and done.steps > 1:  # it takes over what a step before made for it
            assert done.copied <= plan.bytes_copied
        else:
            assert done.copied == plan.bytes_copied, f"{name}: {plan}"
        assert plan.cost == plan.at_most
        np.testing.assert_array_equal(getattr(again, "values", again), getattr(made, "values", made))


def test_a_plan_between_two_types_gives_bounds_and_is_remembered(host):
    plan = plan_conversion("numpy", "reference", host=host)
    assert (plan.cost, plan.at_most, plan.shares, plan.bytes_copied) == (ZERO, COPY, None, None)
    assert plan.route == ("from_numpy",) and plan.dtype is None
    always = plan_conversion("numpy", "reference", copy=True, host=host)
    assert (always.cost, always.at_most, always.shares) == (COPY, COPY, False)
    same = plan_conversion("reference", "reference", host=host)
    assert same.route == () and same.shares is True and same.bytes_copied == 0
    device = plan_conversion("reference", "reference_device", host=host)
    assert device.route == ("to_numpy", "from_numpy") and device.cost == CROSSING
    assert plan_conversion("numpy", "reference", host=host) is plan
    best = min(timeit.repeat(lambda: plan_conversion("numpy", "reference", host=host), number=2000, repeat=9))
    assert best / 2000 < 1e-6


def test_bounds_hold_for_every_layout(host):
    for target in ("reference", "reference_constant", "reference_device"):
        bounds = plan_conversion("numpy", target, host=host)
        for array in (PLANE, PLANE[::-1], PLANE.astype(">u2"), np.broadcast_to(PLANE, (2, 3, 4))):
            exact = plan_conversion(array, target, host=host)
            assert bounds.cost <= exact.cost <= bounds.at_most


def test_a_bound_that_cannot_be_is_refused(host):
    with pytest.raises(MemoryConversionError, match="copy=False"):
        plan_conversion("numpy", "reference_device", copy=False, host=host)
    with pytest.raises(PluginNotFoundError):
        plan_conversion("numpy", "no_such_type", host=host)


# Converters


def test_a_converter_goes_before_the_generic_way_at_equal_cost(grids):
    grids.install(
        "bridge", {"openhcs.converter": {"reference.reference_device": "bridge"}}, {"bridge": CONVERTER}
    )
    with Host(build_index(), Policy()) as host:
        made = convert(grid(host, "reference"), "reference_device", host=host)
        assert made.bridged
        plan = plan_conversion("reference", "reference_device", host=host)
        assert plan.route == ("reference.reference_device",)
    with Host(build_index(), Policy.of(block=["bridge"])) as host:
        assert plan_conversion("reference", "reference_device", host=host).route == ("to_numpy", "from_numpy")


# Observers


def test_observers_see_each_conversion(grids):
    grids.install(
        "watcher", {"openhcs.observer": {"watcher": "watcher_observer"}}, {"watcher_observer": OBSERVER}
    )
    with Host(build_index(), Policy()) as host:
        convert(PLANE, "reference", host=host)
        host.enable_observers(["watcher"])
        seen = sys.modules["watcher_observer"].seen
        for _ in range(2):
            convert(PLANE, "reference", host=host)
        convert(PLANE[::-1], "reference", host=host)
        convert(grid(host, "reference"), "reference_device", host=host)
        stack_slices([PLANE, PLANE], "numpy", host=host)
    assert seen == [
        ("numpy", "reference", "from_numpy", 0),
        ("numpy", "reference", "from_numpy", 0),
        ("numpy", "reference", "from_numpy", 24),
        ("reference", "reference_device", "to_numpy + from_numpy", 48),
        ("numpy", "numpy", "stack", 48),
    ]
    sys.modules.pop("watcher_observer")


def test_an_observer_that_fails_is_a_warning_and_no_more(grids):
    grids.install(
        "grumpy",
        {"openhcs.observer": {"grumpy": "grumpy_observer"}},
        {"grumpy_observer": OBSERVER.replace("assert seconds >= 0", "raise ValueError('no')")},
    )
    with Host(build_index(), Policy()) as host:
        host.enable_observers(["grumpy"])
        with pytest.warns(RuntimeWarning, match="ValueError: no"):
            made = convert(PLANE, "reference", host=host)
    assert made.values is PLANE
    sys.modules.pop("grumpy_observer")


# Stacks


def test_slices_of_several_libraries_make_one_stack(host):
    slices = [PLANE, grid(host, "reference", PLANE + 1), grid(host, "reference_constant", PLANE + 2)]
    expected = np.stack([PLANE, PLANE + 1, PLANE + 2])
    for target in ("numpy", "reference", "reference_constant"):
        made = stack_slices(slices, target, host=host)
        assert host.memory_type_of(made) == target
        np.testing.assert_array_equal(getattr(made, "values", made), expected)
    there = stack_slices(slices, "reference", 0, host=host)
    assert there.device == "grid:0" and there.values.dtype == np.uint16


def test_a_stack_is_yours_to_write_to(host):
    planes = [PLANE.copy()]
    for target in ("numpy", "reference"):
        made = stack_slices(planes, target, host=host)
        getattr(made, "values", made)[...] = 0
        assert planes[0].max() == 11


def test_dtypes_are_joined_where_every_value_is_kept_and_refused_otherwise(host):
    made = stack_slices([PLANE.astype("u1"), PLANE.astype("i1") - 5], "numpy", host=host)
    assert made.dtype == np.int16 and made[1].min() == -5
    assert stack_slices([PLANE, PLANE.astype(">u2")], "numpy", host=host).dtype == np.uint16
    with pytest.raises(ArrayError, match="int64 and uint64"):
        stack_slices([PLANE.astype("u8"), PLANE.astype("i8")], "numpy", host=host)


@pytest.mark.parametrize(
    ("slices", "reason"),
    [
        ([], "no slice"),
        ([PLANE, PLANE.T], "crop or pad"),
        ([PLANE[0]], "2-D"),
        ([PLANE[None]], "2-D"),
        ([[[1, 2]]], "no array of an installed"),
    ],
)
def test_what_makes_no_stack_is_refused(host, slices, reason):
    for target in ("numpy", "reference"):
        with pytest.raises(ArrayError, match=reason):
            stack_slices(slices, target, host=host)


def test_unstacking_gives_views_of_the_stack(host):
    stack = np.stack([PLANE, PLANE + 1])
    planes = unstack_slices(stack, "numpy", host=host)
    assert len(planes) == 2 and all(np.shares_memory(plane, stack) for plane in planes)
    grids = unstack_slices(stack, "reference", host=host)
    assert [each.values.tolist() for each in grids] == stack.tolist()
    for odd in (PLANE, stack[None], stack[:0]):
        with pytest.raises(ArrayError, match="no stack"):
            unstack_slices(odd, "numpy", host=host)


# The default host


def test_without_a_host_there_is_one_for_the_process():
    assert default_host() is default_host()
    assert convert(PLANE, "numpy") is PLANE
    assert plan_conversion("numpy", "numpy").shares is True


def test_a_closed_host_forgets_its_conversions(host):
    convert(PLANE, "reference", host=host)
    assert host.parts
    host.close()
    assert not host.parts


def test_an_observer_of_the_policy_that_is_missing_is_told_and_stops_nothing(grids):
    with (
        Host(build_index(), Policy.of(observers=["nobody"])) as host,
        pytest.warns(RuntimeWarning, match="nobody"),
    ):
        assert convert(PLANE, "reference", host=host).values is PLANE
