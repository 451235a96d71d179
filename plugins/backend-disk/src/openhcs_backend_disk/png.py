"""The format ``.png``: images of 8 or 16 bits, grey, RGB or RGBA."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

import imagecodecs
import numpy as np

from openhcs_backend_disk.checks import plain_array, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

__all__ = ["PngFormat"]

OPENHCS_API = 1

_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"


class PngFormat(Format):
    """Arrays of uint8 or uint16: ``[Y, X]``, ``[Y, X, 3]`` or ``[Y, X, 4]``."""

    key = ".png"

    def write(
        self,
        data: Any,
        stream: BinaryIO,
        *,
        image: ImageMetadata | None = None,
        level: int | None = None,
        **options: Any,
    ) -> None:
        """Write an image, compressed without loss; ``level`` 0 to 9 trades time for size."""
        refuse_options(self.key, "writing", options, ("level",))
        array = plain_array(data, self.key)
        shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
        if array.dtype.name not in ("uint8", "uint16") or not shaped or array.size == 0:
            raise UnsupportedDataError(
                "format '.png' holds uint8 or uint16 of shape (Y, X), (Y, X, 3) or (Y, X, 4), "
                f"not {array.dtype} of shape {array.shape}; save other arrays as .tif or .npy"
            )
        if level is not None and level not in range(10):
            raise ConfigurationError(f"format '.png': level goes from 0 to 9, not {level!r}")
        native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
        stream.write(imagecodecs.png_encode(native, level=level))

    def read(self, stream: BinaryIO, **options: Any) -> np.ndarray[Any, Any]:
        """Return the image."""
        refuse_options(self.key, "reading", options)
        content = stream.read()
        if not imagecodecs.png_check(content):
            raise FormatError("it is not a PNG file: the signature is missing")
        if content.rfind(_END) < 0:
            # The decoder stops at the last pixel and would not miss the end.
            raise FormatError("it is cut off: its end is missing; write or copy it again")
        try:
            image: np.ndarray[Any, Any] = imagecodecs.png_decode(content)
        except (imagecodecs.PngError, ValueError) as error:
            raise FormatError(f"it is a damaged PNG file: {error}") from error
        return image


@hookimpl
def openhcs_create_format(key: str) -> PngFormat:
    """Create the PNG format."""
    return PngFormat()
