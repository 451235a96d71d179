"""Values between NumPy arrays and JAX's, which never change, and whose copies are made behind one's back.

``jnp.asarray`` returns before it has read its source, and ``jax.device_put`` shares memory that happens to begin
at a multiple of 64 bytes, whatever it was told. So the copy is made here, at such an address, and given away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from openhcs_host.arrays.alignment import ALIGNMENT, aligned_copy, aligned_empty, begins_aligned
from openhcs_host.errors import MemoryConversionError

__all__ = ["Conversion", "is_compact", "is_shareable"]


def is_compact(array: np.ndarray[Any, Any]) -> bool:
    """Whether JAX takes the array's memory as it lies: C order, native, aligned for its dtype."""
    return bool(array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative)


def is_shareable(array: np.ndarray[Any, Any]) -> bool:
    """Whether JAX makes a view of the array and no copy: it begins at a multiple of 64 bytes besides."""
    return is_compact(array) and begins_aligned(array)


class Conversion:
    """Both directions, for one imported JAX."""

    def __init__(self, jax: Any) -> None:
        self._jax = jax

    def from_numpy(self, array: np.ndarray[Any, Any], device: Any, copy: bool | None, given: bool) -> Any:
        """Return a JAX array of equal values on ``device``, which sees no later write to ``array``.

        Memory is shared only if it is ``given``, or if ``copy=False`` demands it; the owner of that memory
        then must not write to it any more.
        """
        on_cpu = device.platform == "cpu"
        if copy is False:
            return self._shared(array, device)
        if not on_cpu:
            source = array if is_compact(array) else aligned_copy(array)
            return self._put(source, device).block_until_ready()  # only then is the source read
        take = given and not copy and is_compact(array)
        return self._put(array if take else aligned_copy(array), device)

    def to_numpy(self, array: Any, copy: bool | None) -> np.ndarray[Any, Any]:
        """Return a read-only view where the memory is the host's, else a copy."""
        if self._jax.dtypes.issubdtype(array.dtype, self._jax.dtypes.extended):
            _refuse("jax", "numpy", f"NumPy has no {array.dtype}; take jax.random.key_data of keys")
        if copy:
            return np.array(array)
        if copy is False and any(device.platform != "cpu" for device in array.devices()):
            _refuse("jax", "numpy", "memory of a device cannot be shared; allow a copy with copy=None")
        if copy is False and len(array.devices()) > 1:
            _refuse("jax", "numpy", "it is spread over devices; allow a copy with copy=None")
        view: np.ndarray[Any, Any] = np.asarray(array)
        return view

    def stack(self, planes: Sequence[Any]) -> Any:
        """Return a new array of planes of one shape, dtype and device, copied once."""
        device = _only_device(planes[0])
        if device.platform != "cpu":
            return self._jax.numpy.stack(planes)
        target = aligned_empty((len(planes), *planes[0].shape), planes[0].dtype)
        np.stack([np.asarray(plane) for plane in planes], out=target)
        return self._put(target, device)

    def unstack(self, stack: Any) -> list[Any]:
        """Return the planes, on the CPU as views where each begins at a multiple of 64 bytes."""
        device = _only_device(stack)
        if device.platform != "cpu":
            return list(stack)
        planes: list[Any] = self._jax.device_put(list(np.asarray(stack)), device)
        return planes

    def _shared(self, array: np.ndarray[Any, Any], device: Any) -> Any:
        if device.platform != "cpu":
            _refuse("numpy", "jax", f"memory of the host cannot be shared with {device}; allow a copy")
        if not is_shareable(array):
            why = f"JAX shares native arrays in C order that begin at a multiple of {ALIGNMENT} bytes only"
            _refuse("numpy", "jax", f"{why}; allow a copy with copy=None")
        shared = self._put(array, device)
        if array.size and shared.unsafe_buffer_pointer() != array.ctypes.data:
            _refuse("numpy", "jax", "this version of JAX copied it all the same; allow that with copy=None")
        return shared

    def _put(self, array: np.ndarray[Any, Any], device: Any) -> Any:
        made = self._jax.device_put(array, device)
        if made.dtype != array.dtype or made.shape != array.shape:
            _refuse("numpy", "jax", f"JAX made {made.dtype} {made.shape} of {array.dtype} {array.shape}")
        return made


def _only_device(array: Any) -> Any:
    return min(array.devices(), key=lambda device: device.id)


def _refuse(source: str, target: str, why: str) -> NoReturn:
    raise MemoryConversionError(source, target, "jax.device_put" if target == "jax" else "numpy.asarray", why)
