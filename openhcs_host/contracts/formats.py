"""The contract of file formats: one object per extension, bytes in and out of streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, BinaryIO

from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.provided import Provided

__all__ = ["Format"]


class Format(Provided, ABC):
    """Reads and writes the files of one extension; its key is that extension in lower case, ``.tif``.

    A format knows bytes, not places: any backend that stores bytes can use it.
    """

    @abstractmethod
    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write ``data`` so that ``read`` gives back equal values, dtype and shape.

        The stream is seekable. Raises ``UnsupportedDataError`` before the first byte if the format
        cannot hold the data without change.
        """

    @abstractmethod
    def read(self, stream: BinaryIO, **options: Any) -> Any:
        """Return the content; raise ``FormatError`` if the bytes are not this format."""
