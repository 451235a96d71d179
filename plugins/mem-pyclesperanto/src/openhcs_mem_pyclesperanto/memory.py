"""The memory type ``pyclesperanto``."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from openhcs_host import hookimpl
from openhcs_host.arrays.dtypes import name_of
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError
from openhcs_mem_pyclesperanto import library
from openhcs_mem_pyclesperanto.checks import check_device, is_out_of_memory, refuse_sharing

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PyclesperantoMemory"]

OPENHCS_API = 1

_KEPT: Final = {name: name for name in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")} | {
    "bool": "uint8",
    "float16": "float32",
}


class PyclesperantoMemory(MemoryType):
    """Images of one to three axes on the device that pyclesperanto has selected."""

    key = "pyclesperanto"
    module_prefixes: ClassVar[tuple[str, ...]] = (
        *("pyclesperanto", "pyclesperanto_opencl", "pyclesperanto_cuda", "pyclesperanto_metal"),
    )

    @functools.cached_property
    def _cle(self) -> Any:
        return library.load(self.key)

    def owns(self, array: object) -> bool:
        """Whether ``array`` is one of pyclesperanto's images."""
        cle = library.LIBRARIES[self.key].imported()
        return cle is not None and isinstance(array, cle.Array)

    def availability(self) -> Availability:
        """Say whether pyclesperanto is installed and a device is there, without importing it."""
        return library.availability(self.key)

    def devices(self) -> Sequence[str]:
        """Return the device that pyclesperanto has selected; ``pyclesperanto.select_device`` selects others."""
        return (self._name(self._cle.get_device()),)

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype and device."""
        shape, dtype = tuple(array.shape), array.dtype
        nbytes = math.prod(shape) * dtype.itemsize
        return ArrayFacts(shape, dtype.name, self._name(array.device), nbytes)

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype``, ``uint8`` for bool, ``float32`` for float16; pyclesperanto would cut 64 bits."""
        return _KEPT.get(dtype)

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
        """Return an image of one to three axes with at least one pixel; the transfer is finished then."""
        kept = _KEPT.get(name_of(array.dtype))
        if kept is None:
            self._refuse(
                f"pyclesperanto would not keep the values of {array.dtype}; name dtype='float32' or another"
            )
        if not 1 <= array.ndim <= 3 or not array.size:
            self._refuse(
                f"images of pyclesperanto have one to three axes and a pixel, not the shape {array.shape}"
            )
        refuse_sharing("numpy", self.key, copy)
        check_device(self.key, device, self.devices()[0])
        made = self._cle.push(array.astype(kept, order="C", copy=False))
        if made.dtype.name != kept or tuple(made.shape) != array.shape:
            self._refuse(f"it made {made.dtype} {tuple(made.shape)} of {array.dtype} {array.shape}")
        return made

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Return ``False``."""
        return False

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``False``."""
        return False

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D images of one shape and dtype into a new one, on the device."""
        check_slices(self, slices)
        first = slices[0]
        stack = self._cle.create((len(slices), *first.shape), first.dtype, device=first.device)
        for z, plane in enumerate(slices):
            stack[z] = plane  # copies the region, without a kernel
        return stack

    def unstack(self, stack: Any) -> list[Any]:
        """Return copies of the planes, made on the device; pyclesperanto has no views."""
        return [self._plane(stack, z) for z in range(stack.shape[0])]

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the image in another dtype that pyclesperanto has."""
        if _KEPT.get(dtype) != dtype:
            raise ArrayError(f"pyclesperanto has no dtype {dtype!r}; it has {', '.join(_KEPT.values())}")
        import numpy as np

        return array.astype(np.dtype(dtype).type)

    def to_device(self, array: Any, device: str) -> Any:
        """Return the image, which lies on the selected device."""
        check_device(self.key, device, self._name(array.device))
        return array

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether a device, or Python, ran out of memory."""
        return isinstance(error, MemoryError) or is_out_of_memory(error)

    def _plane(self, stack: Any, z: int) -> Any:
        plane = self._cle.create(tuple(stack.shape[1:]), stack.dtype, device=stack.device)
        return self._cle.copy_slice(stack, plane, z)

    def _name(self, device: Any) -> str:
        return f"{self._cle.get_backend_name()}:{device.index}"

    def _refuse(self, why: str) -> None:
        raise MemoryConversionError("numpy", self.key, "push", why)


@hookimpl
def openhcs_create_memory(key: str) -> PyclesperantoMemory:
    """Create the memory type of pyclesperanto."""
    return PyclesperantoMemory()
