"""Two correct converters from a library of grids to NumPy, and ways to get one thing wrong."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from array_mutants import Base as Grids

from openhcs_host import hookimpl
from openhcs_host.contracts.memory import ConversionCost, Converter
from openhcs_host.errors import MemoryConversionError
from openhcs_host.testing import ConverterKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(ConverterKit, abstract=True):
    def overwrite(self, array):
        if isinstance(array, np.ndarray):
            array[...] = 0
        else:
            array.values[...] = 0


def refuse(reason):
    raise MemoryConversionError("grid", "numpy", "view", reason)


class Base(Converter):
    """Views of the memory of grids."""

    cost = ConversionCost.ZERO_COPY
    constant: ClassVar[bool] = False
    memory: ClassVar[type]

    def __init_subclass__(cls) -> None:
        cls.key = f"{cls.__name__}.numpy"
        PLUGINS[cls.key] = cls
        cls.memory = type(cls.__name__, (Grids,), {"immutable": cls.constant})

    def convert(self, array, *, device=None, copy=None):
        if device not in (None, "cpu"):
            refuse(f"NumPy has no device {device!r}")
        if array.device != "cpu" and copy is False:
            refuse("it is on a device; allow a copy")
        return array.values.copy() if copy or array.device != "cpu" else self.view(array)

    def view(self, array):
        view = array.values.view()
        view.flags.writeable = not array.constant
        return view


class reference(Base):
    pass


class reference_constant(Base):
    constant = True


class reference_copying(Base):
    cost = ConversionCost.DEVICE_COPY

    def convert(self, array, *, device=None, copy=None):
        if copy is False:
            refuse("it always copies")
        return super().convert(array, device=device, copy=True)


class silent_cast(Base):
    def convert(self, array, *, device=None, copy=None):
        out = super().convert(array, device=device, copy=copy)
        return out.astype(np.float32) if out.dtype == np.float64 else out


class values_rounded(Base):
    def convert(self, array, *, device=None, copy=None):
        out = super().convert(array, device=device, copy=copy)
        return np.round(out) if out.dtype == np.float64 else out


class transposed(Base):
    def convert(self, array, *, device=None, copy=None):
        out = super().convert(array, device=device, copy=copy)
        return out.T if out.ndim == 2 else out


class axes_moved_in_3d(Base):
    def convert(self, array, *, device=None, copy=None):
        out = super().convert(array, device=device, copy=copy)
        return out.swapaxes(0, 1) if out.ndim == 3 else out


class parts_are_the_whole(Base):
    def view(self, array):
        whole = array.values.base
        return whole if whole is not None and whole.shape != array.values.shape else super().view(array)


class result_of_its_source(Base):
    def convert(self, array, *, device=None, copy=None):
        return array


class zero_copy_promised(Base):
    def view(self, array):
        return array.values.copy()


class zero_copy_not_declared(Base):
    cost = ConversionCost.DEVICE_COPY


class copy_ignored(Base):
    def convert(self, array, *, device=None, copy=None):
        return super().convert(array, device=device, copy=copy and None)


class copies_when_forbidden(Base):
    cost = ConversionCost.DEVICE_COPY

    def convert(self, array, *, device=None, copy=None):
        return super().convert(array, device=device, copy=True)


class constant_array_comes_out_writable(Base):
    constant = True

    def view(self, array):
        return array.values


class source_spoilt(Base):
    def convert(self, array, *, device=None, copy=None):
        out = super().convert(array, device=device, copy=True if copy is None else copy)
        if array.values.size and copy is None:
            array.values[...] = 0
        return out


class device_refused(Base):
    def convert(self, array, *, device=None, copy=None):
        if device is not None:
            refuse("no devices, please")
        return super().convert(array, copy=copy)


class cost_is_a_number(Base):
    cost = 0


class one_buffer_for_all(Base):
    buffers: ClassVar[dict] = {}
    cost = ConversionCost.DEVICE_COPY

    def convert(self, array, *, device=None, copy=None):
        if copy is False:
            refuse("it always copies")
        return self.buffers.setdefault((array.values.shape, array.values.dtype), array.values)


@hookimpl
def openhcs_create_converter(key):
    return PLUGINS[key]()


@hookimpl
def openhcs_create_memory(key):
    return PLUGINS[f"{key}.numpy"].memory()
