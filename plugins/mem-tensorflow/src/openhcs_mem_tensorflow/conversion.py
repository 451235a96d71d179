"""Values between NumPy arrays and tensors, which never change.

TensorFlow copies memory or takes it over as it sees fit: by alignment, and by how often an object is referred to.
So the copy is made here, aligned as its kernels demand, and handed over as DLPack, which shares always.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from openhcs_host.arrays.alignment import ALIGNMENT, aligned_copy, begins_aligned
from openhcs_host.arrays.dtypes import name_of
from openhcs_host.errors import MemoryConversionError

__all__ = ["Conversion", "is_shareable", "tensorflow_name"]


def is_shareable(array: np.ndarray[Any, Any]) -> bool:
    """Whether a tensor may be a view: writable (DLPack's demand), native, C order, aligned to 64 bytes."""
    flags = array.flags
    compact = flags.writeable and flags.c_contiguous and array.dtype.isnative
    return bool(compact) and begins_aligned(array)


class Conversion:
    """Both directions, for one imported TensorFlow."""

    def __init__(self, tensorflow: Any) -> None:
        self._tensorflow = tensorflow

    def from_numpy(self, array: np.ndarray[Any, Any], device: str, copy: bool | None, given: bool) -> Any:
        """Return a tensor of equal values, which sees no later write to ``array``.

        Memory is shared only if it is ``given``, or if ``copy=False`` demands it; the owner of that memory
        then must not write to it any more.
        """
        shareable = is_shareable(array)
        if copy is False and not (shareable and device == "cpu"):
            why = f"native arrays in C order that are writable and begin at a multiple of {ALIGNMENT} bytes"
            _refuse_in(f"TensorFlow shares {why} only, on the CPU; allow a copy with copy=None")
        if copy or not (shareable and (given or copy is False)):
            array = aligned_copy(array)
        tensor = self._viewing(array)
        return tensor if device == "cpu" else self.on_device(tensor, device)

    def to_numpy(self, tensor: Any, copy: bool | None) -> np.ndarray[Any, Any]:
        """Return a read-only view of a tensor on the CPU, or a copy of it."""
        if tensor.dtype is self._tensorflow.bfloat16:  # as such it comes writable, and not at all if 0-d
            bits = np.asarray(self._tensorflow.bitcast(tensor, self._tensorflow.uint16))
            array: np.ndarray[Any, Any] = bits.view(tensor.dtype.as_numpy_dtype)
        else:
            array = np.asarray(tensor)
        return array.copy() if copy else array

    def on_device(self, tensor: Any, device: str) -> Any:
        """Return the tensor on a device of the contract's name."""
        with self._tensorflow.device(tensorflow_name(device)):
            return self._tensorflow.identity(tensor)

    def _viewing(self, array: np.ndarray[Any, Any]) -> Any:
        tensorflow = self._tensorflow
        if name_of(array.dtype) == "bfloat16":  # NumPy has no DLPack for it
            bits = tensorflow.experimental.dlpack.from_dlpack(array.view(np.uint16).__dlpack__())
            return tensorflow.bitcast(bits, tensorflow.bfloat16)
        return tensorflow.experimental.dlpack.from_dlpack(array.__dlpack__())


def tensorflow_name(device: str) -> str:
    """Return TensorFlow's name of a device: ``/GPU:0`` for ``cuda:0``."""
    return "/CPU:0" if device == "cpu" else f"/GPU:{device.removeprefix('cuda:')}"


def _refuse_in(why: str) -> NoReturn:
    raise MemoryConversionError("numpy", "tensorflow", "tf.experimental.dlpack.from_dlpack", why)
