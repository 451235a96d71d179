"""Every pair of installed memory types: equal values and the promised dtype, or an error that says why not.

Values are looked at with each library's own means, element by element, never with the code under test.
"""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

from openhcs_host import FileManager, Host, convert, plan_conversion, stack_slices, unstack_slices
from openhcs_host.arrays.casting import dtype_named
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError, PluginNotFoundError
from openhcs_host.testing.arrays import (
    DTYPES,
    assert_equal,
    cases_of_dtypes,
    cases_of_layouts,
    image,
    values_of,
)

# PoCL's compiler says something about every kernel, and pyopencl warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:Non-empty compiler output:UserWarning")

TYPES = ["numpy", "torch", "jax", "tensorflow", "pyclesperanto", "pyclesperanto_prototype", "cupy"]
PAIRS = list(itertools.product(TYPES, TYPES))
CONSTANT = ("jax", "tensorflow")
PLANE = image("uint16")


@pytest.fixture(scope="module")
def host():
    with Host() as host:
        yield host


@pytest.fixture
def ready(host):
    """Return a function that skips a test, visibly, where a library or its device is missing."""

    def check(*keys):
        for key in keys:
            try:
                found = host.memory(key).availability()
            except PluginNotFoundError as error:
                pytest.skip(str(error))
            if found.state != "ready":
                pytest.skip(f"{key}: {found.state}: {found.detail}")

    return check


def look(key, array):
    """Return the values of an array by its library's own means."""
    if key == "torch":
        import torch

        plain = array.cpu()
        if plain.dtype is torch.bfloat16:
            return plain.view(torch.int16).numpy().view(DTYPES["bfloat16"])
        return plain.numpy()
    if key == "cupy":
        return array.get()
    if key == "numpy":
        return array.astype(array.dtype.newbyteorder("="))
    return np.asarray(array)


def overwrite(array):
    array[...] = 0


def taken(host, array, target, may_be_refused, **options):
    """Convert, or return ``None`` for a refusal that gives its reason and was possible."""
    source = host.memory_type_of(array)
    facts = host.memory(source).facts(array)
    try:
        return convert(array, target, host=host, **options)
    except MemoryConversionError as error:
        held = host.memory(target).holds(facts.dtype) is not None
        assert may_be_refused or not held, f"{facts} to {target} was refused: {error}"
        assert len(error.reason) > 20 and error.target_type == target
        return None


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_dtype_and_layout_arrives_with_its_values_or_is_refused(host, ready, source, target):
    ready(source, target)
    layouts = itertools.chain.from_iterable(cases_of_layouts(dtype) for dtype in ("uint16", "float32"))
    seen = 0
    for case in itertools.chain(cases_of_dtypes(), layouts):
        start = taken(host, case.array, source, case.may_be_refused)
        if start is None:
            continue
        values = look(source, start).copy()
        for copy in (None, True):
            made = taken(host, start, target, case.may_be_refused, copy=copy)
            if made is None:
                continue
            seen += 1
            kept = host.memory(target).holds(values.dtype.name)
            if source == target:
                kept = values.dtype.name
            assert_equal(look(target, made), values.astype(dtype_named(kept)), f"{case.name}, copy={copy}")
            assert_equal(look(source, start), values, f"the source of {case.name}")
            facts = host.memory(target).facts(made)
            assert (facts.shape, facts.dtype) == (values.shape, kept)
    assert seen > 20


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_plan_is_what_happens(host, ready, source, target):
    ready(source, target)
    for copy, array in itertools.product((None, True, False), (PLANE, PLANE[::-1], PLANE.astype("f4"))):
        start = convert(array, source, copy=True, host=host)
        try:
            plan = plan_conversion(start, target, copy=copy, host=host)
        except MemoryConversionError as error:
            assert copy is False, error
            with pytest.raises(MemoryConversionError):
                convert(start, target, copy=False, host=host)
            continue
        made = convert(start, target, copy=copy, host=host)
        facts = host.memory(target).facts(made)
        assert (plan.source, plan.target, plan.dtype, plan.device) == (
            source,
            target,
            facts.dtype,
            facts.device,
        )
        assert plan.shares == (plan.bytes_copied == 0) == (plan.cost == 0)
        assert plan.shares == share(host, source, start, target, made), plan
        bounds = plan_conversion(source, target, copy=copy, host=host)
        assert bounds.cost <= plan.cost <= bounds.at_most


def memory_at(offset, dtype="uint16", shape=(3, 64)):
    """Values in memory that begins ``offset`` bytes after a multiple of 64."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 128, np.uint8)
    start = -raw.ctypes.data % 64 + offset
    array = raw[start : start + size].view(dtype).reshape(shape)
    array[...] = image(dtype, shape)
    return array


def pointer(key, array):
    if key == "torch":
        return array.data_ptr()
    if key == "jax":
        return array.unsafe_buffer_pointer()
    return np.asarray(array).ctypes.data


@pytest.mark.parametrize("target", CONSTANT)
@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_memory_is_shared_with_a_constant_array_when_that_is_demanded_and_possible(
    host, ready, source, target
):
    ready(source, target)
    array = convert(memory_at(0), source, copy=False, host=host)
    for _ in range(2):
        plan = plan_conversion(array, target, copy=False, host=host)
        assert (plan.shares, plan.bytes_copied, plan.cost) == (True, 0, 0)
        made = convert(array, target, copy=False, host=host)
        assert pointer(target, made) == pointer(source, array)
        assert_equal(look(target, made), memory_at(0), target)
    assert not plan_conversion(array, target, host=host).shares
    assert pointer(target, convert(array, target, host=host)) != pointer(source, array)
    between = plan_conversion(source, target, copy=False, host=host)
    assert (between.cost, between.shares) == (0, True)
    refused = {
        "beginning at no multiple of 64 bytes": convert(memory_at(16), source, copy=False, host=host),
        "not in C order": convert(memory_at(0).T, source, copy=False, host=host),
    }
    for reason, odd in refused.items():
        with pytest.raises(MemoryConversionError, match=reason):
            plan_conversion(odd, target, copy=False, host=host)
        with pytest.raises(MemoryConversionError, match=r"multiple of 64|C order"):
            convert(odd, target, copy=False, host=host)
        assert_equal(look(target, convert(odd, target, host=host)), look(source, odd), reason)


@pytest.mark.parametrize(
    ("source", "target"), [("jax", "tensorflow"), ("tensorflow", "jax"), ("numpy", "jax")]
)
def test_what_nobody_may_write_to_is_shared_where_the_library_takes_it(host, ready, source, target):
    ready(source, target)
    array = convert(memory_at(0), source, host=host)
    if source == "numpy":
        array = memory_at(0)
        array.flags.writeable = False
    if target == "tensorflow":  # it takes memory over DLPack, and NumPy hands out nothing read-only there
        with pytest.raises(MemoryConversionError, match="read-only"):
            convert(array, target, copy=False, host=host)
        return
    made = convert(array, target, copy=False, host=host)
    assert pointer(target, made) == pointer(source, array)
    assert plan_conversion(array, target, copy=False, host=host).shares


def share(host, source, start, target, made):
    """Whether two arrays lie in the same memory of the host, as NumPy sees them; ``None`` has no such view."""
    if start is made:
        return True
    ours, theirs = host.memory(source), host.memory(target)
    if not (ours.shares_out(ours.facts(start)) and theirs.shares_out(theirs.facts(made))):
        return False
    return bool(np.shares_memory(ours.to_numpy(start), theirs.to_numpy(made)))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_later_writes_show_only_where_memory_is_shared(host, ready, source, target):
    ready(source, target)
    for copy in (None, True):
        start = convert(PLANE.astype("f4"), source, copy=True, host=host)
        values = look(source, start).copy()
        shares = plan_conversion(start, target, copy=copy, host=host).shares
        assert not (copy and shares)
        made = convert(start, target, copy=copy, host=host)
        if source not in CONSTANT:
            overwrite(start)
            changed = values_of(look(target, made)) != values_of(values)
            assert changed == shares, f"copy={copy}: a write to the source shows: {changed}"
            start = convert(values, source, copy=True, host=host)
            made = convert(start, target, copy=copy, host=host)
        if target in CONSTANT or not host.memory(target).facts(made).writable:
            continue
        overwrite(made)
        changed = values_of(look(source, start)) != values_of(values)
        assert changed == shares, f"copy={copy}: a write to the result shows: {changed}"
        assert not (changed and source in CONSTANT)


@pytest.mark.parametrize("target", TYPES)
def test_a_buffer_may_be_overwritten_as_soon_as_it_was_copied(host, ready, target):
    ready(target)
    dtype = "uint16" if host.memory(target).holds("uint16") == "uint16" else "float32"
    for offset in (0, 2, 4, 16):  # as the frames in a camera's ring buffer lie
        raw = np.empty(2**17 * 2 + 64 + offset, np.uint8)
        skip = -raw.ctypes.data % 64 + offset * np.dtype(dtype).itemsize // 2
        frame = raw[skip : skip + 2**16 * np.dtype(dtype).itemsize // 2].view(dtype).reshape(128, 256)
        for copy in (None, True):
            frame[...] = 7
            if plan_conversion(frame, target, copy=copy, host=host).shares:
                continue
            made = convert(frame, target, copy=copy, host=host)
            frame[...] = 9
            assert (look(target, made) == 7).all(), f"offset {offset}, copy={copy}"


@pytest.mark.parametrize("target", TYPES)
def test_nobody_writes_into_a_read_only_array(host, ready, target):
    ready(target)
    owner = PLANE.astype("f4")
    fixed = owner.view()
    fixed.flags.writeable = False
    for array in (fixed, np.broadcast_to(owner[:1], (3, 4))):
        made = convert(array, target, host=host)
        if host.memory(target).facts(made).writable:
            overwrite(made)
            np.testing.assert_array_equal(owner, PLANE.astype("f4"))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_named_dtype_rounds_floats_and_refuses_everything_else(host, ready, source, target):
    ready(source, target)
    start = convert(np.array([[0.5, 2.25, 300]], "f4"), source, host=host)
    for dtype in ("float32", "float16", "uint16"):
        if host.memory(target).holds(dtype) != dtype:
            with pytest.raises(MemoryConversionError):
                convert(start, target, dtype=dtype, host=host)
        elif dtype == "uint16":
            with pytest.raises(MemoryConversionError, match=r"2 of 3 values .* 0\.5"):
                convert(start, target, dtype=dtype, host=host)
        else:
            made = convert(start, target, dtype=dtype, host=host)
            assert_equal(look(target, made), np.array([[0.5, 2.25, 300]], dtype), dtype)


LAYOUTS = st.sampled_from(
    [
        lambda a: a,
        lambda a: a[::-1],
        lambda a: a[..., ::2],
        lambda a: a.T,
        lambda a: np.asfortranarray(a),
        lambda a: np.broadcast_to(a, (2, *a.shape)),
        lambda a: a.astype(a.dtype.newbyteorder()),
    ]
)
NATIVE = [name for name in DTYPES if name != "bfloat16"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_drawn_arrays_keep_their_values_along_drawn_ways(host, data):
    keys = [key for key in host.index.keys("memory") if key in TYPES]
    keys = [key for key in keys if host.memory(key).availability().state == "ready"]
    shapes = drawn.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
    array = data.draw(st.sampled_from(NATIVE).flatmap(lambda dtype: drawn.arrays(dtype, shapes)))
    array = data.draw(LAYOUTS)(array)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        current, values = array, array.astype(array.dtype.newbyteorder("="))
        for key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4)):
            may = array.ndim not in (2, 3) or array.size == 0
            owner = host.memory_type_of(current)
            made = taken(host, current, key, may)
            if made is None:
                return
            if owner != key:
                values = values.astype(dtype_named(host.memory(key).holds(values.dtype.name)))
            assert_equal(look(key, made), values, key)
            current = made


# Devices


@pytest.mark.parametrize("target", ["torch", "jax", "tensorflow"])
def test_a_missing_accelerator_is_an_error_that_says_what_is_missing(host, ready, target):
    ready(target)
    if len(host.memory(target).devices()) > 1:
        pytest.skip(f"{target} has an accelerator here")
    for device in (0, "cuda", "cuda:0"):
        with pytest.raises(
            DeviceUnavailableError, match=r"devices are cpu: .*(CUDA|driver).* To mend it:"
        ) as caught:
            convert(PLANE, target, device, host=host)
        assert caught.value.state in ("driver missing", "driver too old", "no device")
    with pytest.raises(DeviceUnavailableError, match=r"no 'opencl:0' here; its devices are cpu$"):
        convert(PLANE, target, "opencl:0", host=host)


# Stacks


@pytest.mark.parametrize("target", TYPES)
def test_slices_of_all_libraries_make_one_stack_of_any(host, ready, target):
    ready(target)
    slices, expected = [], []
    for number, key in enumerate(TYPES):
        if key in host.index.keys("memory") and host.memory(key).availability().state == "ready":
            plane = (PLANE // 8 + number).astype("f4")
            slices.append(convert(plane, key, host=host))
            expected.append(plane)
    stack = stack_slices(slices, target, host=host)
    assert host.memory_type_of(stack) == target
    assert_equal(look(target, stack), np.stack(expected), target)
    planes = unstack_slices(stack, target, host=host)
    assert [look(target, plane).tolist() for plane in planes] == np.stack(expected).tolist()
    for key in ("numpy", "torch"):
        back = unstack_slices(stack, key, host=host)
        assert [look(key, plane).tolist() for plane in back] == np.stack(expected).tolist()


@pytest.mark.parametrize("target", TYPES)
def test_a_stack_is_its_own_memory_and_odd_shapes_are_refused(host, ready, target):
    ready(target)
    plane = convert(PLANE.astype("f4"), target, copy=True, host=host)
    stack = stack_slices([plane], target, host=host)
    if target not in CONSTANT:
        overwrite(stack)
        assert_equal(look(target, plane), PLANE.astype("f4"), target)
    with pytest.raises(ArrayError):
        stack_slices([plane, PLANE.T.astype("f4")], target, host=host)


# Storage


@pytest.mark.parametrize("key", TYPES)
@pytest.mark.parametrize("name", ["a.tif", "a.npy"])
def test_an_image_of_any_library_is_saved_and_loaded_as_any(host, ready, tmp_path, key, name):
    ready(key)
    files = FileManager(host)
    dtype = "uint16" if host.memory(key).holds("uint16") == "uint16" else "float32"
    array = PLANE.astype(dtype)
    made = convert(array, key, host=host)
    files.save(made, tmp_path / name, "disk")
    files.save_batch([made, made], [tmp_path / f"{n}{name}" for n in (1, 2)], "disk")
    assert_equal(files.load(tmp_path / name, "disk"), array, name)
    again = files.load(tmp_path / name, "disk", memory_type=key)
    assert host.memory_type_of(again) == key
    assert_equal(look(key, again), array, name)
    (first, second) = files.load_batch([tmp_path / f"{n}{name}" for n in (1, 2)], "disk", memory_type=key)
    assert_equal(look(key, first), look(key, second), name)


@pytest.mark.parametrize("key", TYPES)
def test_the_memory_backend_keeps_the_very_array(host, ready, key):
    ready(key)
    files = FileManager(host)
    made = convert(PLANE.astype("f4"), key, host=host)
    files.save(made, f"/arrays/{key}.npy", "memory", overwrite=True)
    assert files.load(f"/arrays/{key}.npy", "memory") is made
    assert_equal(files.load(f"/arrays/{key}.npy", "memory", memory_type="numpy"), PLANE.astype("f4"), key)
