"""The format ``.txt``: a string, verbatim, in UTF-8."""

from __future__ import annotations

from typing import Any, BinaryIO

from openhcs_backend_disk.checks import decoded, encoded, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import UnsupportedDataError

__all__ = ["TextFormat"]

OPENHCS_API = 1


class TextFormat(Format):
    """Strings; every character, line ends included, comes back as it was."""

    key = ".txt"

    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write a string."""
        refuse_options(self.key, "writing", options)
        if not isinstance(data, str):
            raise UnsupportedDataError(
                f"format {self.key!r} holds a string, not {type(data).__name__}; pass str(data) to save its text"
            )
        stream.write(encoded(data, self.key))

    def read(self, stream: BinaryIO, **options: Any) -> str:
        """Return the text."""
        refuse_options(self.key, "reading", options)
        return decoded(stream, self.key)


@hookimpl
def openhcs_create_format(key: str) -> TextFormat:
    """Create the text format."""
    return TextFormat()
