"""The memory type ``tensorflow``."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from openhcs_host import hookimpl
from openhcs_host.arrays import cuda
from openhcs_host.arrays.dtypes import NUMBERS, name_of
from openhcs_host.arrays.slices import check_slices
from openhcs_host.contracts.memory import ArrayFacts, Availability, MemoryType
from openhcs_host.errors import ArrayError, DeviceUnavailableError, MemoryConversionError
from openhcs_mem_tensorflow import library

if TYPE_CHECKING:
    import numpy as np

    from openhcs_mem_tensorflow.conversion import Conversion

__all__ = ["TensorflowMemory"]

OPENHCS_API = 1

_DLPACK_CUDA: Final = 2


class TensorflowMemory(MemoryType):
    """Tensors that never change, on the CPU and on CUDA devices."""

    key = "tensorflow"
    module_prefixes: ClassVar[tuple[str, ...]] = ("tensorflow",)
    dlpack_devices: ClassVar[frozenset[str]] = frozenset({"cuda"})
    immutable: ClassVar[bool] = True

    @functools.cached_property
    def _tensorflow(self) -> Any:
        return library.load()

    @functools.cached_property
    def _conversion(self) -> Conversion:
        from openhcs_mem_tensorflow.conversion import Conversion

        return Conversion(self._tensorflow)

    @functools.cached_property
    def _default(self) -> str:
        return self.devices()[0]

    def owns(self, array: object) -> bool:
        """Whether ``array`` is a tensor with values; variables and tensors of a graph are not."""
        tensorflow = library.TENSORFLOW.imported()
        return tensorflow is not None and isinstance(array, tensorflow.Tensor) and hasattr(array, "numpy")

    def availability(self) -> Availability:
        """Say whether TensorFlow is installed, without importing it."""
        return library.availability()

    def devices(self) -> Sequence[str]:
        """Return the CUDA devices that TensorFlow can use, then ``cpu``."""
        count = len(self._tensorflow.config.list_physical_devices("GPU"))
        return (*(f"cuda:{index}" for index in range(count)), "cpu")

    def missing_device(self, device: str) -> Availability:
        """Say whether TensorFlow is built for CUDA, and what its driver lacks."""
        return library.missing_cuda(self._tensorflow, self.devices())

    def facts(self, array: Any) -> ArrayFacts:
        """Return shape, dtype and the device that holds the memory."""
        shape, dtype = tuple(array.shape.as_list()), array.dtype
        return ArrayFacts(
            shape, dtype.name, _contract_name(array.backing_device), dtype.size * math.prod(shape), False
        )

    def holds(self, dtype: str, device: str | None = None) -> str | None:
        """Return ``dtype`` if TensorFlow has it: bool, integers, floats with bfloat16, complex numbers."""
        return dtype if dtype in NUMBERS else None

    def to_numpy(self, array: Any, *, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return a read-only view of a tensor on the CPU; a copy from a device, or when asked."""
        device = _contract_name(array.backing_device)
        if array.dtype.name not in NUMBERS:
            raise MemoryConversionError(
                "tensorflow",
                "numpy",
                "numpy.asarray",
                f"a tensor of {array.dtype.name} holds no numbers; cast it first",
            )
        if device != "cpu":
            if copy is False:
                raise MemoryConversionError(
                    "tensorflow",
                    "numpy",
                    "numpy.asarray",
                    f"memory of {device} cannot be shared; allow a copy with copy=None",
                )
            array = self._conversion.on_device(array, "cpu")
        return self._conversion.to_numpy(array, copy)

    def from_numpy(
        self,
        array: np.ndarray[Any, Any],
        *,
        device: str | None = None,
        copy: bool | None = None,
        given: bool = False,
    ) -> Any:
        """Return a tensor that sees no later write to ``array``, unless sharing is demanded."""
        if name_of(array.dtype) not in NUMBERS:
            raise MemoryConversionError(
                "numpy",
                "tensorflow",
                "tf.experimental.dlpack.from_dlpack",
                f"TensorFlow has no {array.dtype}; name a dtype that it has",
            )
        return self._conversion.from_numpy(array, self._device(device), copy, given)

    def shares_out(self, facts: ArrayFacts) -> bool:
        """Whether it lies on the CPU."""
        return facts.device == "cpu"

    def shares_in(self, facts: ArrayFacts, device: str | None = None) -> bool:
        """Return ``False``: the memory of a tensor that never changes is its own."""
        return False

    def shares_on_demand(self, array: np.ndarray[Any, Any], device: str | None = None) -> bool:
        """Whether a tensor on the CPU can be a view: writable, native, C order, aligned to 64 bytes."""
        from openhcs_mem_tensorflow.conversion import is_shareable

        return is_shareable(array) and self._device(device) == "cpu"

    def stack(self, slices: Sequence[Any]) -> Any:
        """Stack 2-D tensors of one shape, dtype and device into a new one on that device."""
        check_slices(self, slices)
        with self._tensorflow.device(slices[0].device):
            return self._tensorflow.stack(list(slices))

    def unstack(self, stack: Any) -> list[Any]:
        """Return the planes; they are views where a plane's size is a multiple of 64 bytes."""
        with self._tensorflow.device(stack.device):
            return list(self._tensorflow.unstack(stack))

    def cast(self, array: Any, dtype: str) -> Any:
        """Return the tensor as ``tf.cast`` makes it."""
        if dtype not in NUMBERS:
            raise ArrayError(f"TensorFlow has no dtype {dtype!r}; it has {', '.join(sorted(NUMBERS))}")
        return self._tensorflow.cast(array, dtype)

    def from_dlpack(self, array: Any, *, copy: bool | None = None) -> Any:
        """Return a tensor on the CUDA device of ``array``: a view, or a copy when asked."""
        kind, index = array.__dlpack_device__()
        if kind != _DLPACK_CUDA:
            raise _no_hand_over(array, "it lies on no CUDA device; go over NumPy")
        if copy:
            array = _copied_by_its_library(array)
        if array.__cuda_array_interface__["data"][0] % 64:
            raise _no_hand_over(
                array, "it does not begin at a multiple of 64 bytes, as kernels demand; copy it"
            )
        capsule = array.__dlpack__()
        cuda.wait_for(index)
        return self._tensorflow.experimental.dlpack.from_dlpack(capsule)

    def to_device(self, array: Any, device: str) -> Any:
        """Return the tensor on another device; itself if it is there."""
        wanted = self._device(device)
        return array if self.facts(array).device == wanted else self._conversion.on_device(array, wanted)

    def is_out_of_memory(self, error: BaseException) -> bool:
        """Whether TensorFlow, or Python, ran out of memory."""
        if isinstance(error, MemoryError):
            return True
        tensorflow = library.TENSORFLOW.imported()
        return tensorflow is not None and isinstance(error, tensorflow.errors.ResourceExhaustedError)

    def _device(self, device: str | None) -> str:
        if device is None:
            return self._default
        if device == "cpu":
            return device
        if re.fullmatch(r"cuda:\d+", device) is None:
            raise MemoryConversionError(
                "any array",
                "tensorflow",
                "tf.identity",
                f"TensorFlow has no device {device!r}; it has 'cpu' and 'cuda:0'",
            )
        if device not in self.devices():
            found = self.missing_device(device)
            raise DeviceUnavailableError(f"there is no device {device}: {found}", found.state)
        return device


@functools.lru_cache(maxsize=64)
def _contract_name(device: str) -> str:
    """Return ``cuda:0`` for TensorFlow's ``/job:localhost/replica:0/task:0/device:GPU:0``."""
    kind, _, index = device.rpartition("device:")[2].partition(":")
    return "cpu" if kind == "CPU" else f"cuda:{index}"


def _copied_by_its_library(array: Any) -> Any:
    # tf.identity shares, and tf.raw_ops.DeepCopy ends the process.
    return array.detach().clone().contiguous() if hasattr(array, "clone") else array.copy()


def _no_hand_over(array: Any, why: str) -> MemoryConversionError:
    return MemoryConversionError(
        type(array).__name__, "tensorflow", "tf.experimental.dlpack.from_dlpack", why
    )


@hookimpl
def openhcs_create_memory(key: str) -> TensorflowMemory:
    """Create the memory type of TensorFlow."""
    return TensorflowMemory()
