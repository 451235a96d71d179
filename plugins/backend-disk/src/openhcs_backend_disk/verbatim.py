"""The formats ``.bin`` and ``.zip``: bytes, verbatim."""

from __future__ import annotations

from typing import Any, BinaryIO

from openhcs_backend_disk.checks import refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import UnsupportedDataError

__all__ = ["BytesFormat"]

OPENHCS_API = 1


class BytesFormat(Format):
    """Bytes as they are; what is in them is the caller's affair."""

    def __init__(self, key: str) -> None:
        self.key = key

    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write the bytes."""
        refuse_options(self.key, "writing", options)
        if not isinstance(data, (bytes, bytearray)):
            raise UnsupportedDataError(
                f"format {self.key!r} holds bytes, not {type(data).__name__}; "
                "encode the data first, or choose the extension of a format that holds it"
            )
        stream.write(data)

    def read(self, stream: BinaryIO, **options: Any) -> bytes:
        """Return the bytes."""
        refuse_options(self.key, "reading", options)
        return stream.read()


@hookimpl
def openhcs_create_format(key: str) -> BytesFormat:
    """Create the format of bytes for one of its extensions."""
    return BytesFormat(key)
