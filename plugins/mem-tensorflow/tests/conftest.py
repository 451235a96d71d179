"""Arrays of every dtype and layout, each beside the plain C-ordered bytes that it stands for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from openhcs_host import Host

DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


def extremes(dtype, shape=(3, 4, 5)):
    """Zero, one, the smallest and largest, and what rounding and signs would lose; then counting on."""
    kind, size = np.dtype(dtype).kind, int(np.prod(shape))
    if kind == "b":
        values = [False, True]
    elif kind in "iu":
        info = np.iinfo(dtype)
        values = [0, 1, info.min, info.max, info.max - 1, info.max // 2 + 2]
    else:
        part = np.float32 if np.dtype(dtype).itemsize == 8 and kind == "c" else np.float64
        info = np.finfo(part if kind == "c" else dtype)
        values = [0.0, -0.0, info.max, info.min, info.tiny, info.eps, np.inf, -np.inf, np.nan]
    if kind == "c":
        values = [complex(a, b) for a, b in itertools.islice(itertools.product(values, values), 3, None, 4)]
    plain = np.array((values * size)[:size], dtype)
    return plain.reshape(shape)


def _misaligned(plain):
    raw = np.zeros(plain.nbytes + 1, np.uint8)[1:]
    raw[:] = np.frombuffer(plain.tobytes(), np.uint8)
    return raw.view(plain.dtype).reshape(plain.shape)


def _strided(plain):
    wide = np.zeros((*plain.shape[:-1], 2 * plain.shape[-1]), plain.dtype)
    wide[..., ::2] = plain
    return wide[..., ::2]


def _read_only(plain):
    array = plain.copy()
    array.flags.writeable = False
    return array


def _field(plain):
    table = np.zeros(plain.shape, [("tag", "u1"), ("value", plain.dtype), ("more", "u1", 3)])
    table["value"] = plain
    return table["value"]


LAYOUTS = {
    "C order": np.copy,
    "Fortran order": np.asfortranarray,
    "strided": _strided,
    "negative strides": lambda plain: plain[::-1, :, ::-1].copy()[::-1, :, ::-1],
    "transposed": lambda plain: plain.transpose(2, 0, 1).copy().transpose(1, 2, 0),
    "foreign byte order": lambda plain: plain.astype(plain.dtype.newbyteorder()),
    "misaligned": _misaligned,
    "read-only": _read_only,
    "a field of records": _field,
}
SHAPES = {
    "0-d": (),
    "empty": (0, 3),
    "empty last": (3, 0),
    "1-d": (7,),
    "2-d": (5, 6),
    "length one": (1, 1, 6),
    "4-d": (2, 3, 4, 5),
    "5-d": (2, 3, 1, 4, 5),
}


@pytest.fixture(params=DTYPES)
def dtype(request):
    return request.param


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


@pytest.fixture(params=SHAPES)
def shape(request):
    return SHAPES[request.param]


@pytest.fixture
def examples():
    return extremes


@pytest.fixture
def same_values():
    """Whether two NumPy arrays are equal to the last bit, NaN and signs of zero included."""

    def same(array, plain):
        native = plain.dtype.newbyteorder("=")
        return (array.shape, array.dtype, array.tobytes()) == (plain.shape, native, plain.tobytes())

    return same


@pytest.fixture(scope="session")
def memory():
    """The memory type as the host makes it, from its entry point."""
    with Host() as host:
        yield host.memory("tensorflow")
