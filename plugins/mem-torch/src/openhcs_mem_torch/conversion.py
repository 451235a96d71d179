"""Values between NumPy arrays and tensors: shared where nobody can be surprised, equal always.

PyTorch fails on, or ends the process for, memory that NumPy takes for granted: negative strides, foreign
byte order, misalignment, memory that must not be written to. Such arrays are copied before it sees them.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import numpy as np

from openhcs_host.errors import MemoryConversionError

__all__ = ["Conversion", "is_shareable"]

_PLAIN: Final = frozenset(np.dtype(code) for code in "?bBhHiIlLqQefdFD")


def is_shareable(array: np.ndarray[Any, Any]) -> bool:
    """Whether a tensor may be a view of ``array``: writable, aligned, native, no stride negative or zero.

    NumPy calls complex numbers aligned where strides are half elements, which PyTorch has no way to say.
    """
    flags = array.flags
    if not (flags.writeable and flags.aligned and array.dtype.isnative):
        return False
    whole = flags.c_contiguous or array.dtype.kind != "c"
    return whole and min(array.strides, default=1) > 0


class Conversion:
    """Both directions, for one imported PyTorch."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def from_numpy(self, array: np.ndarray[Any, Any], device: str, copy: bool | None) -> Any:
        """Return a tensor of equal values on ``device``. Raises ``MemoryConversionError``."""
        shareable = is_shareable(array)
        if copy is False and not (shareable and device == "cpu"):
            _refuse_in(array, device)
        if not shareable or (copy and device == "cpu"):
            array = np.array(array, array.dtype.newbyteorder("="), order="C", copy=True)
        if array.dtype in _PLAIN:
            tensor = self._torch.from_numpy(array)
        elif array.dtype.name == "bfloat16":
            tensor = self._torch.from_numpy(array.view(np.int16)).view(self._torch.bfloat16)
        else:
            raise MemoryConversionError(
                "numpy",
                "torch",
                "torch.from_numpy",
                f"PyTorch has no {array.dtype}; name a dtype that it has",
            )
        return tensor if device == "cpu" else tensor.to(device)

    def to_numpy(self, tensor: Any, copy: bool | None) -> np.ndarray[Any, Any]:
        """Return an array of equal values, a view where ``copy`` lets it be one.

        A tensor that is expanded is copied unless ``copy`` is ``False``, and then read-only: one write to
        it would change many elements.
        """
        try:
            array: np.ndarray[Any, Any] = tensor.numpy()
        except (RuntimeError, TypeError):
            # What needs more than a view; PyTorch's own refusal is the quickest way to know it.
            array, shared = self._resolved(tensor, copy)
        else:
            shared = True
        if copy:
            return array.copy() if shared else array
        if 0 in array.strides and array.size:
            if copy is None:
                return array.copy()
            array.flags.writeable = False
        return array

    def require_plain(self, tensor: Any) -> None:
        """Raise ``MemoryConversionError`` for a tensor whose values do not lie in memory one by one."""
        if tensor.layout is not self._torch.strided or tensor.is_nested:
            kind = "nested" if tensor.is_nested else str(tensor.layout)
            _refuse_out(f"a {kind} tensor has no plain values in memory; make it dense first")
        if tensor.is_quantized:
            _refuse_out("a quantised tensor has no plain values; dequantize it first")
        if tensor.is_meta:
            _refuse_out("a meta tensor has no values; make it on a device, with to_empty for example")

    def stack(self, planes: tuple[Any, ...]) -> Any:
        """Return a new tensor of planes of one shape, dtype and device."""
        try:
            arrays = [plane.numpy() for plane in planes]
        except (RuntimeError, TypeError):  # of a device, of autograd, or without NumPy's counterpart
            return self._torch.stack(planes)
        # On the CPU PyTorch stacks planes of 16 bits more than twice as slowly as NumPy.
        return self._torch.from_numpy(np.stack(arrays))

    def _resolved(self, tensor: Any, copy: bool | None) -> tuple[np.ndarray[Any, Any], bool]:
        self.require_plain(tensor)
        plain = tensor.detach()
        lazy = plain.is_conj() or plain.is_neg()
        away = plain.device.type != "cpu"
        if copy is False and (lazy or away):
            why = "its conjugate or negative is not computed yet" if lazy else f"it is on {plain.device}"
            _refuse_out(f"{why}, so that sharing its memory is impossible; allow a copy with copy=None")
        return self._viewed(plain.resolve_conj().resolve_neg().cpu()), not (lazy or away)

    def _viewed(self, tensor: Any) -> np.ndarray[Any, Any]:
        if tensor.dtype is self._torch.bfloat16:
            try:
                from ml_dtypes import bfloat16
            except ImportError:
                _refuse_out(
                    "NumPy has bfloat16 only with ml_dtypes. "
                    "Run: pip install ml-dtypes; or name dtype='float32'"
                )
            viewed: np.ndarray[Any, Any] = tensor.view(self._torch.int16).numpy().view(bfloat16)
            return viewed
        try:
            array: np.ndarray[Any, Any] = tensor.numpy()
        except TypeError as error:
            raise MemoryConversionError(
                "torch",
                "numpy",
                "Tensor.numpy",
                f"NumPy has no counterpart of {tensor.dtype}; cast the tensor first ({error})",
            ) from error
        return array


def _refuse_in(array: np.ndarray[Any, Any], device: str) -> NoReturn:
    if device != "cpu":
        why = f"memory of the host cannot be shared with {device}"
    elif not array.flags.writeable:
        why = "the array is read-only, and a tensor can always be written to"
    else:
        why = f"PyTorch takes no array of {array.dtype.str} with strides {array.strides} as it is"
    raise MemoryConversionError("numpy", "torch", "torch.from_numpy", f"{why}; allow a copy with copy=None")


def _refuse_out(why: str) -> NoReturn:
    raise MemoryConversionError("torch", "numpy", "Tensor.numpy", why)
