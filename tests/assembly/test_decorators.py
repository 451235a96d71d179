"""Decorated functions with the real libraries, special outputs, and other processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings

import cloudpickle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from openhcs_host import Host, convert
from openhcs_host.arrays.dtype_policy import fitted_there
from openhcs_host.arrays.recovery import RecoveryWarning
from openhcs_host.decorators import jax, memory, memory_types, numpy, torch
from openhcs_host.errors import ArrayError, OutOfMemoryError
from openhcs_host.seam.default_host import default_host
from openhcs_pipeline import special_outputs
from openhcs_pipeline.special import declared_outputs

STACK = np.arange(8 * 6 * 5, dtype=np.uint16).reshape(8, 6, 5)


@pytest.fixture(scope="module")
def library():
    import torch as library

    return library


# Real conversions


def test_a_numpy_stack_comes_to_a_torch_function_and_its_result_to_a_numpy_function(library):
    seen = []

    @torch
    def brightest(stack):
        seen.append(type(stack))
        return stack.to(library.int32).amax(0, keepdim=True)

    @numpy(dtype="uint16")
    def invert(stack):
        return 1000 - stack

    result = invert(brightest(STACK))
    assert seen == [library.Tensor] and type(result) is np.ndarray and result.dtype == np.uint16
    assert np.array_equal(result, 1000 - STACK.max(0, keepdims=True))


def test_a_function_may_return_another_type_than_it_takes(library):
    @memory_types(input_type="numpy", output_type="torch")
    def normalise(stack):
        return library.from_numpy(stack / stack.max())

    assert normalise(library.from_numpy(STACK)).dtype == library.float64
    with pytest.raises(ArrayError, match=r"double must return a torch array.*numpy\.ndarray"):
        torch(double)(STACK)


def double(stack):
    return np.asarray(stack) * 2


def test_two_threads_call_one_function(library):
    together = threading.Barrier(2, timeout=20)
    results = {}

    @torch(dtype="preserve")
    def add_mean(stack):
        together.wait()
        stack = stack.to(library.float64)
        return stack + stack.mean().round()

    def work(number):
        results[number] = [add_mean(STACK + np.uint16(100 * number)) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in (0, 1):
        own = STACK + 100 * number
        assert all(np.array_equal(each, own + np.round(own.mean())) for each in results[number])


# Every library

KEYS = ["numpy", "torch", "jax", "tensorflow", "pyclesperanto", "pyclesperanto_prototype", "cupy"]


@pytest.fixture(params=KEYS)
def key(request):
    if not default_host().index.offers("memory", request.param):
        pytest.skip(f"no distribution here offers the memory type {request.param}")
    found = default_host().memory(request.param).availability()
    if found.state != "ready":
        pytest.skip(found.detail)
    if request.param == "cupy" and "cuda:0" not in default_host().memory("cupy").devices():
        pytest.skip("no CUDA device here")
    return request.param


@pytest.mark.filterwarnings("ignore:.*(compiler output|logs)")  # PyOpenCL, of what compiled well
def test_parts_are_cut_and_joined_in_order_by_every_library(key):
    calls = []

    @memory(key, oom_recovery=True, slice_by_slice=True)
    def negative(stack):
        calls.append(tuple(stack.shape))
        if stack.shape[0] > 2:
            raise MemoryError("no room")
        return stack * -1.0

    stack = STACK[:5].astype(np.float32)
    with pytest.warns(RecoveryWarning, match="no room.*called 3 times"):
        result = negative(stack)
    assert calls == [(5, 6, 5), (5, 6, 5), (3, 6, 5), (2, 6, 5), (2, 6, 5), (1, 6, 5)]
    assert np.array_equal(convert(result, "numpy"), -stack)


@pytest.mark.filterwarnings("ignore:.*(compiler output|logs)")  # PyOpenCL, of what compiled well
def test_every_library_goes_back_to_the_values_that_were_given(key):
    library = default_host().memory(key)

    @memory(key, dtype="preserve")
    def widen(stack):
        return library.cast(stack, "float32")

    result = widen(STACK)
    assert library.owns(result) and library.facts(result).dtype == library.holds("uint16")
    assert np.array_equal(convert(result, "numpy"), STACK)
    clipping = memory(key, dtype="uint16", on_loss="clip")(lambda stack: stack * 1000.5)
    result = convert(clipping(STACK.astype(np.float32)), "numpy")
    assert np.array_equal(result, np.clip(np.rint(STACK * np.float32(1000.5)), 0, 65535))


# Real shortage of memory


def hungry(library, most):
    """Return a function that asks PyTorch for more than there is, for more than ``most`` planes."""
    calls = []

    def work(stack):
        calls.append(stack.shape[0])
        library.empty(max(0, stack.shape[0] - most) * 2**58, dtype=library.uint8)
        return stack * 2

    return work, calls


def test_pytorch_s_own_shortage_is_recognised_and_halves_are_joined(library):
    work, calls = hungry(library, most=2)
    with pytest.warns(RecoveryWarning, match=r"on cpu.*DefaultCPUAllocator.*called 4 times on parts"):
        result = torch(oom_recovery=True, slice_by_slice=True)(work)(STACK)
    assert calls == [8, 8, 4, 2, 2, 2, 2] and np.array_equal(result.numpy(), STACK * 2)


def test_an_out_of_memory_error_of_a_device_is_called_again_once(library):
    calls = []

    @torch(oom_recovery=True)
    def work(stack):
        calls.append(1)
        if len(calls) == 1:
            raise library.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return stack * 2

    with pytest.warns(RecoveryWarning, match="CUDA out of memory"):
        assert np.array_equal(work(STACK).numpy(), STACK * 2)
    assert len(calls) == 2


def test_what_never_fits_ends_as_one_error(library):
    work, _ = hungry(library, most=0)
    with pytest.raises(OutOfMemoryError, match="480 bytes") as caught:
        torch(oom_recovery=True, slice_by_slice=True)(work)(STACK)
    assert isinstance(caught.value.__cause__, RuntimeError) and caught.value.needed == STACK.nbytes


def test_other_errors_of_pytorch_pass_at_once(library):
    calls = []

    @torch(oom_recovery=True, slice_by_slice=True)
    def multiply(stack):
        calls.append(1)
        return stack.to(library.float32) @ stack.to(library.float32)

    with pytest.raises(RuntimeError, match="Expected size") as caught:
        multiply(STACK)
    assert len(calls) == 1 and not isinstance(caught.value, ArrayError)


def test_a_real_device_that_is_too_small_is_worked_around(library):
    if not library.cuda.is_available():
        pytest.skip("no CUDA device here")
    limit = 256 * 2**20
    library.cuda.set_per_process_memory_fraction(limit / library.cuda.mem_get_info()[1])
    stack = np.ones((16, 512, 512), np.float32)

    @torch(oom_recovery=True, slice_by_slice=True)
    def spread(stack):
        work = stack[:, None].expand(-1, 32, -1, -1) * 2.0
        return work.mean(1)

    try:
        with pytest.warns(RecoveryWarning, match=r"cuda:0.*parts"):
            result = spread(stack)
        assert result.device.type == "cuda" and np.array_equal(result.cpu().numpy(), stack * 2)
    finally:
        library.cuda.set_per_process_memory_fraction(1.0)


# The dtype policy


# JAX takes subnormal numbers for zero.
FLOATS = arrays.arrays(
    np.float32,
    (2, 2, 3),
    elements=st.floats(width=32, allow_subnormal=False)
    | st.sampled_from([0.5, 1.5, 254.5, 255.5, 256.0, 65535.5, 65536.0, -0.5, -1.0])
    | st.integers(0, 65535).map(float),
)  # fmt: skip


def outcome(decorate, made):
    try:
        result = decorate(lambda stack: made)(STACK)
    except ArrayError as error:
        return str(error)
    return str(result.dtype).removeprefix("torch."), np.asarray(result).tolist()


@settings(deadline=None)  # JAX compiles what it meets first
@given(
    made=FLOATS,
    dtype=st.sampled_from(["uint8", "uint16", "int16"]),
    on_loss=st.sampled_from(["refuse", "clip"]),
)
def test_torch_and_jax_keep_values_as_numpy_does(made, dtype, on_loss):
    import jax.numpy as jnp
    import torch as library

    wanted = outcome(numpy(dtype=dtype, on_loss=on_loss), made)
    assert outcome(torch(dtype=dtype, on_loss=on_loss), library.from_numpy(made.copy())) == wanted
    assert outcome(jax(dtype=dtype, on_loss=on_loss), jnp.array(made)) == wanted


@settings(deadline=None)  # JAX compiles what it meets first
@given(
    made=FLOATS,
    dtype=st.sampled_from(["uint8", "uint16", "int16"]),
    on_loss=st.sampled_from(["refuse", "clip"]),
)
def test_the_libraries_operators_answer_as_the_host_does(made, dtype, on_loss):
    wanted = outcome(numpy(dtype=dtype, on_loss=on_loss), made)
    with Host() as host:
        for key in ("torch", "jax"):
            library = host.memory(key)
            array = library.from_numpy(made.copy())
            found = fitted_there(library, array, library.facts(array), dtype, dtype, on_loss)
            if isinstance(wanted, str):
                assert found is None  # the host says what is wrong
            else:
                assert library.facts(found).dtype == dtype and np.asarray(found).tolist() == wanted[1]


def test_what_pytorch_knows_of_gradients_survives_a_dtype(library):
    weights = library.ones((1, 2, 2), requires_grad=True)
    result = torch(dtype="float64")(lambda stack: stack * weights)(np.ones((1, 2, 2), np.float32))
    result.sum().backward()
    assert weights.grad.tolist() == [[[1, 1], [1, 1]]]


# Special outputs, other processes


@pytest.mark.parametrize(
    "both",
    [lambda f: numpy(special_outputs("counts")(f)), lambda f: special_outputs("counts")(numpy(f))],
    ids=["memory type outside", "memory type inside"],
)
def test_special_outputs_are_declared_above_or_below(both):
    decorated = both(lambda stack: (stack, 3))
    assert [output.name for output in declared_outputs(decorated)] == ["counts"]
    assert decorated.openhcs_memory.input_type == "numpy" and decorated(STACK)[1] == 3


def test_a_function_travels_by_value_with_what_it_declares(tmp_path):
    offset = np.uint16(7)

    @special_outputs("counts")
    @numpy(dtype="preserve", oom_recovery=True)
    def shift(stack, *, times=2):
        return stack * 1.0 + offset * times, int(stack.size)

    (tmp_path / "function").write_bytes(cloudpickle.dumps(shift))
    code = (
        "import pickle, numpy as np\n"
        f"shift = pickle.loads(open({str(tmp_path / 'function')!r}, 'rb').read())\n"
        "image, count = shift(np.ones((1, 2, 2), np.uint16), times=3)\n"
        "print(image.dtype, image.max(), count, shift.openhcs_memory.dtype, shift.__special_outputs__[0].name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split() == ["uint16", "22", "4", "preserve", "counts"], done.stderr


def test_with_everything_installed_decorating_and_cleaning_import_nothing():
    code = (
        "import sys\n"
        "from openhcs_host import decorators\n"
        "from openhcs_host.arrays.cleanup import cleanup_all_gpu_frameworks\n"
        "for key in ('numpy', 'cupy', 'torch', 'tensorflow', 'jax', 'pyclesperanto'):\n"
        "    getattr(decorators, key)(oom_recovery=True, dtype='uint16')(lambda stack: stack)\n"
        "cleanup_all_gpu_frameworks(0)\n"
        "heavy = {'numpy', 'cupy', 'torch', 'tensorflow', 'jax', 'pyclesperanto', 'pyopencl'}\n"
        "print([name for name in sys.modules if name in heavy or name.startswith('openhcs_mem')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_cleaning_a_library_in_use_leaves_its_arrays_alone(library):
    from openhcs_host.arrays.cleanup import cleanup_all_gpu_frameworks

    tensor = library.arange(10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        freed = cleanup_all_gpu_frameworks()
    assert "torch" in freed and tensor.tolist() == list(range(10))
