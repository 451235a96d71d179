"""Opening files that nobody vouches for."""

from __future__ import annotations

import io
from typing import Any

from openhcs_host.errors import FormatError

__all__ = ["BoundedFile"]


class BoundedFile(io.FileIO):
    """A file that gives out bounded pieces: a header that claims gigabytes is an error, not an allocation.

    Raises ``FormatError`` when more than ``largest`` bytes are wanted at once.
    """

    def __init__(self, path: str, largest: int) -> None:
        super().__init__(path)
        self._largest = largest

    def read(self, size: int | None = -1, /) -> bytes:
        """Read ``size`` bytes; reading without a size is refused."""
        if size is None or not 0 <= size <= self._largest:
            raise FormatError(f"its header wants {size} bytes at once")
        return super().read(size) or b""

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into a buffer."""
        if memoryview(buffer).nbytes > self._largest:
            raise FormatError(f"its header wants {memoryview(buffer).nbytes} bytes at once")
        return super().readinto(buffer)
