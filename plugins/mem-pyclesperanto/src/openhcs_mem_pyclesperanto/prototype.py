"""The memory type ``pyclesperanto_prototype``: everything pushed becomes float32."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from openhcs_host import hookimpl
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError
from openhcs_mem_pyclesperanto import library
from openhcs_mem_pyclesperanto.checks import check_device, is_out_of_memory, refuse_sharing

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PrototypeMemory"]

OPENHCS_API = 1

_EXACT_IN_FLOAT32: Final = frozenset(
    ("bool", "uint8", "int8", "uint16", "int16", "float16", "bfloat16", "float32")
)


class PrototypeMemory(MemoryType):
    """Images on the device that the prototype has selected; float32 unless one of its functions made others."""

    key = "pyclesperanto_prototype"
    module_prefixes: ClassVar[tuple[str, ...]] = ("pyclesperanto_prototype",)

    @functools.cached_property
    def _clep(self) -> Any:
        return library.load(self.key)

    def owns(self, array: object) -> bool:
        """Whether ``array`` is one of the prototype's images; other arrays of pyopencl are not."""
        clep = library.LIBRARIES[self.key].imported()
        return clep is not None and type(array).__module__.startswith(self.key) and hasattr(array, "queue")

    def availability(self) -> Availability:
        """Say whether the prototype is installed and a device is there, without importing it."""
        return library.availability(self.key)

    def devices(self) -> Sequence[str]:
        """Return the device that the prototype has selected; its ``select_device`` selects others."""
        return (_name(self._clep.get_device().device),)

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype, device and layout."""
        return ArrayFacts(
            shape=tuple(array.shape),
            dtype=array.dtype.name,
            device=_name(array.queue.device),
            nbytes=array.nbytes,
            contiguous=bool(array.flags.c_contiguous),
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``float32`` for what it keeps exactly: bool, integers of 8 and 16 bits, floats up to 32."""
        return "float32" if dtype in _EXACT_IN_FLOAT32 else None

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return a copy of the values."""
        refuse_sharing(self.key, "numpy", copy)
        pulled: np.ndarray[Any, Any] = array.get()
        return pulled

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return a float32 image; the transfer is finished then."""
        if array.dtype.name not in _EXACT_IN_FLOAT32:
            raise MemoryConversionError(
                "numpy",
                self.key,
                "push",
                f"the prototype makes float32 of everything and would not keep the values of {array.dtype}; "
                "name dtype='float32' to allow rounding, or use pyclesperanto",
            )
        refuse_sharing("numpy", self.key, copy)
        check_device(self.key, device, self.devices()[0])
        return self._clep.push(array.astype("float32", order="C", copy=False))

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Return ``False``."""
        return False

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``False``."""
        return False

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D images of one shape and dtype into a new one, on the device."""
        check_slices(self, slices)
        stack = self._clep.create((len(slices), *slices[0].shape), slices[0].dtype.type)
        for z, plane in enumerate(slices):
            self._clep.copy_slice(plane, stack, z)
        return stack

    def unstack(self, stack: Any) -> list[Any]:
        """Return copies of the planes: the prototype's functions refuse views that begin inside a buffer."""
        clep, kind = self._clep, stack.dtype.type
        planes = (clep.create(tuple(stack.shape[1:]), kind) for _ in range(stack.shape[0]))
        return [clep.copy_slice(stack, plane, z) for z, plane in enumerate(planes)]

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the image as float32, the one dtype that the prototype's functions all take."""
        if dtype != "float32":
            raise ArrayError(f"the prototype computes in float32; cast to {dtype!r} in NumPy")
        import numpy as np

        return array.astype(np.float32)

    def to_device(self, array: Any, device: str) -> Any:
        """Return the image, which lies on the selected device."""
        check_device(self.key, device, _name(array.queue.device))
        return array

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether a device, or Python, ran out of memory."""
        return isinstance(error, MemoryError) or is_out_of_memory(error)


def _name(device: Any) -> str:
    import pyopencl

    known = [each for platform in pyopencl.get_platforms() for each in platform.get_devices()]
    return f"opencl:{known.index(device)}"


@hookimpl
def openhcs_create_memory(key: str) -> PrototypeMemory:
    """Create the memory type of the prototype."""
    return PrototypeMemory()
