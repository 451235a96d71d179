"""What the parts of the memory kit share: the memory type, and looks at its arrays that are not its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np
import pytest

from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import MemoryConversionError
from openhcs_host.seam.host import Host
from openhcs_host.testing.arrays import Case, image
from openhcs_host.testing.backends import HostedKit

__all__ = ["MemoryBase", "needs_no_library"]

Test = TypeVar("Test", bound=Callable[..., None])
Array = np.ndarray[Any, Any]


def needs_no_library(test: Test) -> Test:
    """Let a test run where the library is missing, too."""
    test.__dict__["needs_no_library"] = True
    return test


class MemoryBase(HostedKit):
    """Fixtures, and what an author may override."""

    views: ClassVar[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
        {"a part": lambda array: array[1:, 1:], "every second": lambda array: array[:, ::2]}
    )
    """Name to what makes another array of a 2-D one, with the library as with NumPy; as views where it can."""
    out_of_memory: ClassVar[Sequence[Callable[[], BaseException]]] = (MemoryError,)
    """Each makes an error as the library raises it when a device is full."""

    @pytest.fixture
    def memory(self, host: Host) -> MemoryType:
        """Return the memory type as the host hands it out."""
        return host.memory(self.key, **self.config)

    def read(self, array: Any) -> Array:
        """Return the values of one of its arrays by the library's own means, not the plugin's."""
        return np.asarray(array)

    def overwrite(self, array: Any) -> None:
        """Change every value of one of its arrays in place, by the library's own means."""
        array[...] = 0

    def _does_not_apply(self, request: pytest.FixtureRequest) -> str | None:
        if getattr(request.function, "needs_no_library", False):
            return None
        if "memory" not in request.fixturenames:
            return None
        found = request.getfixturevalue("memory").availability()
        return None if found.state == "ready" else f"{found.state}: {found.detail}"

    def _pixel(self, memory: MemoryType) -> str:
        """Return a dtype that the memory type keeps as it is, one of pixels if it can be."""
        for dtype in ("uint16", "float32", "uint8"):
            if memory.holds(dtype) == dtype:
                return dtype
        pytest.fail(f"{self.key} holds no dtype of pixels: neither uint16 nor float32 nor uint8")

    def _plane(self, memory: MemoryType, shape: tuple[int, ...] = (3, 4)) -> tuple[Array, Any]:
        """Return a NumPy array and a private array of the memory type with the same values."""
        array = image(self._pixel(memory), shape)
        return array, memory.from_numpy(array.copy(), copy=True)

    def _taken(self, memory: MemoryType, case: Case, **options: Any) -> Any:
        """Return the array made of a case, ``None`` if it was refused and might be."""
        try:
            return memory.from_numpy(case.array, **options)
        except MemoryConversionError as error:
            assert case.may_be_refused, f"{case.name} was refused: {error}"
            assert len(error.reason) > 10, f"the refusal of {case.name} gives no reason"
            return None
