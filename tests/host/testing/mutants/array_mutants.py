"""Three correct memory types (writable, constant, on a device), and ways to get one thing wrong."""

from __future__ import annotations

import contextlib
import sys
import types
from typing import ClassVar

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.arrays.libraries import require
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, LibraryMissingError, MemoryConversionError

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class Grid:
    """An array of a library of its own."""

    constant = False

    def __init__(self, values, device="cpu"):
        self.values, self.device = values, device

    def __getitem__(self, item):
        return type(self)(self.values[item], self.device)


def refuse(reason):
    raise MemoryConversionError("numpy", "grid", "take", reason)


class Base(MemoryType):
    """Grids that share memory where both may write to it, on a CPU and a device with memory of its own."""

    module_prefixes = ("grid",)
    names: ClassVar[tuple[str, ...]] = ("cpu", "grid:0")

    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls
        cls.key = cls.__name__
        cls.module_prefixes = (f"{cls.__name__}_arrays",)
        cls.array = type("Grid", (Grid,), {"__module__": f"{cls.__name__}_arrays", "constant": cls.immutable})

    def new(self, values, device="cpu"):
        return self.array(values, device)

    def owns(self, array):
        return isinstance(array, self.array)

    def devices(self):
        return self.names

    def facts(self, array):
        values = array.values
        return ArrayFacts(
            values.shape,
            values.dtype.name,
            array.device,
            values.nbytes,
            writable=not self.immutable and values.flags.writeable,
            contiguous=values.flags.c_contiguous,
            native=all(stride > 0 for stride in values.strides),
        )

    def holds(self, dtype, device=None):
        if dtype == "float16":
            return "float32"
        known = ("bool", "uint8", "uint16", "int32", "uint32", "float32", "float64", "complex64", "bfloat16")
        return dtype if dtype in known else None

    def fits(self, array):
        plain = array.flags.writeable and array.flags.aligned and array.dtype.isnative
        return plain and all(stride > 0 for stride in array.strides)

    def from_numpy(self, array, *, device=None, copy=None, given=False):
        device = self.names[0] if device is None else device
        if device not in self.names:
            refuse(f"there is no device {device!r}")
        kept = self.holds(array.dtype.name, device)
        if kept is None:
            refuse(f"no grid holds {array.dtype}; name another dtype")
        shares = copy is not True and device == "cpu" and kept == array.dtype.name and self.fits(array)
        shares = shares and (given or copy is False or not self.immutable)
        if copy is False and not shares:
            refuse("it cannot be shared as it lies; allow a copy")
        return self.new(array if shares else self.copied(array, kept), device)

    def copied(self, array, kept):
        kind = array.dtype.newbyteorder("=") if kept == array.dtype.name else kept
        return np.array(array, kind, order="C", copy=True)

    def to_numpy(self, array, *, copy=None):
        shares = self.shares_out(self.facts(array))
        if copy is False and not shares:
            refuse("it is on a device; allow a copy")
        if copy or not shares:
            return np.array(array.values, order="C", copy=True)
        view = array.values.view()
        view.flags.writeable = not self.immutable and view.flags.writeable
        return view

    def shares_out(self, facts):
        return facts.device == "cpu"

    def shares_in(self, facts, device=None):
        kept = self.holds(facts.dtype, device) == facts.dtype
        return kept and facts.writable and facts.native and device in (None, "cpu") and not self.immutable

    def shares_on_demand(self, array, device=None):
        kept = self.holds(array.dtype.name, device) == array.dtype.name
        return self.immutable and kept and self.fits(array) and device in (None, "cpu")

    def check(self, slices):
        if not slices or not all(self.owns(each) and each.values.ndim == 2 for each in slices):
            raise ArrayError("a stack is made of 2-D grids, one at least")
        if len({(each.values.shape, each.values.dtype, each.device) for each in slices}) > 1:
            raise ArrayError("they have different shapes or dtypes or devices")

    def stack(self, slices):
        self.check(slices)
        return self.new(np.stack([each.values for each in slices]), slices[0].device)

    def unstack(self, stack):
        return [self.new(plane, stack.device) for plane in stack.values]

    def cast(self, array, dtype):
        from openhcs_host.arrays.casting import dtype_named

        return self.new(array.values.astype(dtype_named(dtype)), array.device)

    def to_device(self, array, device):
        return array if device == array.device else self.new(array.values.copy(), device)

    def is_out_of_memory(self, error):
        return isinstance(error, MemoryError)


class reference(Base):
    pass


class reference_constant(Base):
    immutable = True


class reference_device(Base):
    """Flat images of 32-bit floats on a device, and nothing else."""

    names = ("grid:0",)

    def holds(self, dtype, device=None):
        return "float32" if dtype in ("float32", "uint16", "uint8", "bool") else None

    def from_numpy(self, array, *, device=None, copy=None, given=False):
        if not 1 <= array.ndim <= 3 or array.size == 0:
            refuse(f"a grid has one to three axes and an element, and shape {array.shape} has not")
        return super().from_numpy(array, device=device, copy=copy, given=given)


class Handing(Base):
    """Takes the arrays of other libraries of grids on the device, where they are."""

    names = ("cpu", "grid:0", "grid:1")
    dlpack_devices = frozenset({"grid"})

    def from_dlpack(self, array, *, copy=None):
        return self.new(array.values.copy() if copy else array.values, array.device)


del PLUGINS["Handing"]


class reference_handing(Handing):
    pass


class reference_handing_constant(Handing):
    immutable = True


class handing_ignores_copy(Handing):
    def from_dlpack(self, array, *, copy=None):
        return super().from_dlpack(array)


class handing_over_the_host(Handing):
    def from_dlpack(self, array, *, copy=None):
        return self.new(array.values, "cpu")


class handing_declared_only(Base):
    dlpack_devices = frozenset({"grid"})


class reference_missing(Base):
    """The library is not here: everything that needs it is skipped."""

    def availability(self):
        return Availability("library missing", "there is no library of grids", "pip install grid")

    def devices(self):
        require(self.availability())


class missing_without_an_error(reference_missing):
    def devices(self):
        return super(reference_missing, self).devices()


class missing_with_another_error(reference_missing):
    def devices(self):
        raise LibraryMissingError("no grids", "library missing")


class missing_without_a_remedy(reference_missing):
    def availability(self):
        return Availability("library missing", "there is no library of grids")


class silent_cast(Base):
    def holds(self, dtype, device=None):
        return "float32" if dtype == "float64" else super().holds(dtype, device)


class silent_integer_cast(Base):
    def holds(self, dtype, device=None):
        return "int32" if dtype in ("int64", "uint32") else super().holds(dtype, device)


class rounds_large_integers(Base):
    def copied(self, array, kept):
        copied = super().copied(array, kept)
        if kept != "uint32":
            return copied
        return np.where(copied < 2**31, copied.astype("f4").astype("f8"), copied).astype("u4")

    def fits(self, array):
        return super().fits(array) and array.dtype != np.uint32

    def shares_in(self, facts, device=None):
        return super().shares_in(facts, device) and facts.dtype != "uint32"


class holds_more_than_it_takes(Base):
    def from_numpy(self, array, **options):
        if array.dtype.kind == "c":
            refuse("no grid is complex, whatever holds says")
        return super().from_numpy(array, **options)


class takes_more_than_it_holds(Base):
    def from_numpy(self, array, **options):
        if array.dtype == np.int64:
            return self.new(array.copy())
        return super().from_numpy(array, **options)


class nan_replaced(Base):
    def copied(self, array, kept):
        copied = super().copied(array, kept)
        return np.nan_to_num(copied) if copied.dtype == np.float32 else copied


class sign_of_zero_lost(Base):
    def to_numpy(self, array, *, copy=None):
        out = super().to_numpy(array, copy=copy)
        return out + 0 if out.dtype == np.float64 else out


class byte_order_lost(Base):
    def copied(self, array, kept):
        return super().copied(array.view(array.dtype.newbyteorder("=")), kept)


class transposed_there_and_back(Base):
    def new(self, values, device="cpu"):
        return super().new(values.T if values.ndim == 2 else values, device)

    def facts(self, array):
        flipped = super().new(array.values.T) if array.values.ndim == 2 else array
        return super().facts(super().new(flipped.values, array.device))

    def to_numpy(self, array, *, copy=None):
        if array.values.ndim == 2:
            array = super().new(array.values.T, array.device)
        return super().to_numpy(array, copy=copy)


class axes_moved_in_3d(Base):
    def copied(self, array, kept):
        copied = super().copied(array, kept)
        return copied.swapaxes(0, 1).reshape(copied.shape) if copied.ndim == 3 else copied


class fortran_order_lost(Base):
    def from_numpy(self, array, **options):
        if array.ndim == 2 and array.flags.f_contiguous and not array.flags.c_contiguous:
            array = array.T.reshape(array.shape)
        return super().from_numpy(array, **options)


class strides_ignored(Base):
    def copied(self, array, kept):
        if array.ndim == 2 and array.strides[-1] > array.itemsize:
            array = np.lib.stride_tricks.as_strided(array, strides=(array.strides[0], array.itemsize))
        return super().copied(array, kept)

    def fits(self, array):
        return super().fits(array) and array.flags.c_contiguous

    def shares_in(self, facts, device=None):
        return super().shares_in(facts, device) and facts.contiguous


class backwards_refused(Base):
    def from_numpy(self, array, **options):
        if any(stride < 0 for stride in array.strides):
            refuse("negative strides are not supported by grids")
        return super().from_numpy(array, **options)


class shape_of_scalars_lost(Base):
    def copied(self, array, kept):
        return np.atleast_1d(super().copied(array, kept))

    def fits(self, array):
        return super().fits(array) and array.ndim > 0

    def shares_in(self, facts, device=None):
        return super().shares_in(facts, device) and facts.shape != ()


class scalars_come_out_as_numbers(Base):
    def to_numpy(self, array, *, copy=None):
        return super().to_numpy(array, copy=copy)[()]


class copy_in_ignored(Base):
    def from_numpy(self, array, *, device=None, copy=None, given=False):
        return super().from_numpy(array, device=device, copy=copy and None, given=given)


class copy_made_late(Base):
    """As an asynchronous copy does, it reads the source when somebody looks."""

    def from_numpy(self, array, *, device=None, copy=None, given=False):
        if copy and array.size > 1000:
            return super().from_numpy(array, device=device, given=True)
        return super().from_numpy(array, device=device, copy=copy, given=given)


class copies_when_forbidden(Base):
    def from_numpy(self, array, *, device=None, copy=None, given=False):
        return super().from_numpy(array, device=device, copy=copy or None, given=given)


class refuses_without_a_reason(Base):
    def from_numpy(self, array, *, device=None, copy=None, given=False):
        if self.holds(array.dtype.name) is None:
            refuse("")
        return super().from_numpy(array, device=device, copy=copy, given=given)


class refuses_as_type_error(Base):
    def from_numpy(self, array, *, device=None, copy=None, given=False):
        if self.holds(array.dtype.name) is None:
            raise TypeError(f"no grid holds {array.dtype}")
        return super().from_numpy(array, device=device, copy=copy, given=given)


class writes_through_read_only(Base):
    def fits(self, array):
        return array.dtype.isnative and all(stride > 0 for stride in array.strides)

    def from_numpy(self, array, **options):
        made = super().from_numpy(array, **options)
        if not made.values.flags.writeable:
            made.values = np.lib.stride_tricks.as_strided(np.asarray(made.values.base), made.values.shape)
        return made


class writes_through_broadcasting(Base):
    def fits(self, array):
        return array.dtype.isnative and array.flags.writeable and all(s >= 0 for s in array.strides)


class source_locked(Base):
    def from_numpy(self, array, **options):
        made = super().from_numpy(array, **options)
        if made.values is array and array.size:
            made.values = array.view()
            array.flags.writeable = False
        return made


class source_spoilt(Base):
    def copied(self, array, kept):
        copied = super().copied(array, kept)
        if array.flags.writeable and array.ndim == 2:
            array[:1, :1] = 0
        return copied


class copy_out_ignored(Base):
    def to_numpy(self, array, *, copy=None):
        return super().to_numpy(array, copy=copy and None)


class copy_out_is_read_only(Base):
    def to_numpy(self, array, *, copy=None):
        out = super().to_numpy(array, copy=copy)
        out.flags.writeable = not copy
        return out


class copies_out_when_forbidden(Base):
    def to_numpy(self, array, *, copy=None):
        return super().to_numpy(array, copy=True if copy is False else copy)


class constant_array_comes_out_writable(Base):
    immutable = True

    def to_numpy(self, array, *, copy=None):
        return array.values.copy() if copy else array.values


class constant_array_shares_its_source(Base):
    immutable = True

    def from_numpy(self, array, *, device=None, copy=None, given=False):
        return super().from_numpy(array, device=device, copy=copy, given=True)


class immutability_not_declared(Base):
    def facts(self, array):
        import attrs

        return attrs.evolve(super().facts(array), writable=False)


class shares_in_promised(Base):
    def shares_in(self, facts, device=None):
        return True


class shares_in_denied(Base):
    def shares_in(self, facts, device=None):
        return False


class sharing_on_demand_promised(Base):
    def shares_on_demand(self, array, device=None):
        return True


class sharing_on_demand_not_told(Base):
    immutable = True

    def shares_on_demand(self, array, device=None):
        return False


class shares_out_promised(Base):
    def shares_out(self, facts):
        return True

    def to_numpy(self, array, *, copy=None):
        return array.values.copy() if array.device != "cpu" else super().to_numpy(array, copy=copy)


class shares_out_denied(Base):
    def to_numpy(self, array, *, copy=None):
        return array.values.copy() if copy else array.values.view()

    def shares_out(self, facts):
        return False


class facts_of_another_shape(Base):
    def facts(self, array):
        import attrs

        return attrs.evolve(super().facts(array), shape=array.values.shape[::-1])


class facts_count_elements(Base):
    def facts(self, array):
        import attrs

        return attrs.evolve(super().facts(array), nbytes=array.values.size)


class facts_always_contiguous(Base):
    def facts(self, array):
        import attrs

        return attrs.evolve(super().facts(array), contiguous=True)


class facts_in_the_librarys_words(Base):
    def facts(self, array):
        import attrs

        return attrs.evolve(super().facts(array), dtype=f"grid.{array.values.dtype}")


class wrong_device(Base):
    def from_numpy(self, array, *, device=None, copy=None, given=False):
        made = super().from_numpy(array, device=device, copy=copy, given=given)
        made.device = "cpu"
        return made


class unknown_device_is_the_default(Base):
    def from_numpy(self, array, *, device=None, **options):
        return super().from_numpy(array, device=device if device in self.names else None, **options)


class never_moves(Base):
    def to_device(self, array, device):
        return array


class default_device_is_another(Base):
    names = ("grid:0", "cpu")

    def from_numpy(self, array, *, device=None, **options):
        return super().from_numpy(array, device=device or "cpu", **options)


class devices_without_names(Base):
    names = ("cpu", "Grid 0")


class stack_of_one_aliases(Base):
    def stack(self, slices):
        self.check(slices)
        if len(slices) == 1:
            return self.new(slices[0].values[np.newaxis], slices[0].device)
        return super().stack(slices)


class stack_in_reverse(Base):
    def stack(self, slices):
        return super().stack(slices[::-1])


class stack_along_the_last_axis(Base):
    def stack(self, slices):
        self.check(slices)
        return self.new(np.stack([each.values for each in slices], axis=-1), slices[0].device)


class stack_promotes(Base):
    def check(self, slices):
        if slices and all(self.owns(each) for each in slices):
            kind = np.result_type(*(each.values.dtype for each in slices))
            slices = [self.new(each.values.astype(kind), each.device) for each in slices]
        super().check(slices)


class stack_of_volumes(Base):
    def check(self, slices):
        if not all(self.owns(each) and each.values.ndim == 3 for each in slices) or not slices:
            super().check(slices)


class stack_of_nothing(Base):
    def stack(self, slices):
        return super().stack(slices) if slices else self.new(np.zeros((0, 0, 0)))


class stack_on_the_cpu(Base):
    def stack(self, slices):
        made = super().stack(slices)
        made.device = "cpu"
        return made


class unstack_along_the_last_axis(Base):
    def unstack(self, stack):
        return [self.new(plane, stack.device) for plane in np.moveaxis(stack.values, -1, 0)]


class unstack_to_numpy(Base):
    def unstack(self, stack):
        return list(stack.values)


class cast_ignored(Base):
    def cast(self, array, dtype):
        return array


class cast_in_place(Base):
    def cast(self, array, dtype):
        made = super().cast(array, dtype)
        array.values = made.values
        return made


class owns_whatever_looks_alike(Base):
    def owns(self, array):
        return hasattr(array, "shape") or isinstance(array, self.array)


class library_imported_at_once(Base):
    def __init__(self):
        for prefix in self.module_prefixes:
            sys.modules.setdefault(prefix, types.ModuleType(prefix))


class library_imported_by_free(Base):
    def free(self, device=None):
        for prefix in self.module_prefixes:
            sys.modules.setdefault(prefix, types.ModuleType(prefix))


class arrays_not_announced(Base):
    pass


arrays_not_announced.module_prefixes = ("arrays_of_nobody",)


class key_of_another_device_kind(Base):
    dlpack_devices = frozenset({"cpu"})


class free_loses_arrays(Base):
    made: ClassVar[list] = []

    def new(self, values, device="cpu"):
        grid = super().new(values, device)
        self.made.append(grid)
        return grid

    def free(self, device=None):
        for grid in self.made:
            grid.values = np.zeros_like(grid.values)


class every_error_is_want_of_memory(Base):
    def is_out_of_memory(self, error):
        return True


class want_of_memory_not_seen(Base):
    def is_out_of_memory(self, error):
        return "grid is full" in str(error)


class more_free_than_there_is(Base):
    def memory_info(self, device=None):
        return 2, 1


class stream_only_once(Base):
    used = False

    def stream(self, device=None):
        if self.used:
            raise RuntimeError("the stream is closed")
        self.used = True
        return contextlib.nullcontext()


class one_buffer_for_all(Base):
    buffers: ClassVar[dict] = {}

    def copied(self, array, kept):
        copied = super().copied(array, kept)
        buffer = self.buffers.setdefault((copied.shape, copied.dtype.name), copied)
        buffer[...] = copied
        return buffer


class close_only_once(Base):
    closed = False

    def close(self):
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


@hookimpl
def openhcs_create_memory(key):
    return PLUGINS[key]()
