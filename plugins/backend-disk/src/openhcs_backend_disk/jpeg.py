"""The formats ``.jpg`` and ``.jpeg``: images of 8 bits for people to look at, at the price of their pixels."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

import imagecodecs
import numpy as np

from openhcs_backend_disk.checks import plain_array, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

__all__ = ["JpegFormat"]

OPENHCS_API = 1

_LONGEST: Final = 65500  # pixels of a side that the encoder takes
_RESTARTS: Final = range(0xD0, 0xD8)
_END: Final = 0xD9


class JpegFormat(Format):
    """Arrays of uint8: ``[Y, X]`` or ``[Y, X, 3]``. JPEG has no checksum: of damage, only a missing end shows."""

    def __init__(self, key: str) -> None:
        self.key = key

    def write(
        self,
        data: Any,
        stream: BinaryIO,
        *,
        image: ImageMetadata | None = None,
        lossy: bool = False,
        quality: int = 95,
        **options: Any,
    ) -> None:
        """Write an image, if ``lossy=True`` says that its pixels may change; ``quality`` goes from 1 to 100."""
        refuse_options(self.key, "writing", options, ("lossy", "quality"))
        array = plain_array(data, self.key)
        shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
        if array.dtype != np.uint8 or not shaped or array.size == 0 or max(array.shape) > _LONGEST:
            raise UnsupportedDataError(
                f"format {self.key!r} holds uint8 of shape (Y, X) or (Y, X, 3), at most {_LONGEST} pixels a side, "
                f"not {array.dtype} of shape {array.shape}; save other arrays as .tif or .npy"
            )
        if lossy is not True:
            raise UnsupportedDataError(
                f"format {self.key!r} alters pixels: what is loaded is not what was saved. "
                "Save as .png or .tif to keep them, or pass lossy=True"
            )
        if isinstance(quality, bool) or quality not in range(1, 101):
            raise ConfigurationError(f"format {self.key!r}: quality goes from 1 to 100, not {quality!r}")
        # Colours keep the resolution of the image; by default they would have half of it.
        content = imagecodecs.jpeg8_encode(np.ascontiguousarray(array), level=quality, subsampling="444")
        stream.write(content)

    def read(self, stream: BinaryIO, **options: Any) -> np.ndarray[Any, Any]:
        """Return the pixels as the file describes them, not turned and with no colours converted but to RGB."""
        refuse_options(self.key, "reading", options)
        content = stream.read()
        if content[:3] != b"\xff\xd8\xff":
            raise FormatError("it is not a JPEG file: the signature is missing")
        if not _has_end(content):
            # The decoder would make up what is missing, in grey.
            raise FormatError("it is cut off: its end is missing; write or copy it again")
        try:
            image: np.ndarray[Any, Any] = imagecodecs.jpeg8_decode(content)
        except (imagecodecs.Jpeg8Error, ValueError) as error:
            raise FormatError(f"it is a damaged JPEG file: {error}") from error
        if image.ndim == 3 and image.shape[2] != 3:
            raise FormatError(
                f"it has {image.shape[2]} colours, made for printing, and would be taken for RGBA; convert it to RGB"
            )
        return image


def _has_end(content: bytes) -> bool:
    """Whether the segments lead to the mark of the end; a picture within the picture has one of its own."""
    place = 2
    while 0 <= place < len(content) - 1 and content[place] == 0xFF:
        mark = content[place + 1]
        if mark == _END:
            return True
        if mark == 0xFF:  # filling
            place += 1
            continue
        if mark == 0 or mark in _RESTARTS:  # among the pixels: look for the next mark
            place = content.find(b"\xff", place + 2)
            continue
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if mark == 0xDA:  # pixels follow, up to the next mark
            place = content.find(b"\xff", place)
    return False


@hookimpl
def openhcs_create_format(key: str) -> JpegFormat:
    """Create the JPEG format for one of its extensions."""
    return JpegFormat(key)
