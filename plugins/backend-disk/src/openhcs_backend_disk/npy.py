"""The format ``.npy``: any NumPy array, in NumPy's own format."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from openhcs_backend_disk.checks import plain_array, refuse_options
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import FormatError, UnsupportedDataError

__all__ = ["NpyFormat"]

OPENHCS_API = 1


class NpyFormat(Format):
    """Arrays of any shape and dtype; arrays of Python objects only with ``allow_pickle=True``."""

    key = ".npy"

    def write(
        self,
        data: Any,
        stream: BinaryIO,
        *,
        image: ImageMetadata | None = None,
        allow_pickle: bool = False,
        **options: Any,
    ) -> None:
        """Write an array; NPY has no place for what an image is."""
        refuse_options(self.key, "writing", options, ("allow_pickle",))
        array = plain_array(data, self.key)
        if array.dtype.hasobject and not allow_pickle:
            raise UnsupportedDataError(
                "format '.npy' holds Python objects as pickles only, and unpickling runs code; "
                "give the array a plain dtype, or pass allow_pickle=True when saving and when loading"
            )
        if array.flags.c_contiguous and array.dtype.kind in "biufcmM":
            # What np.save writes, but in one write: it copies the array in pieces unless the file is open
            # for nothing but writing.
            np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
            stream.write(array.reshape(-1).view(np.uint8).data)
        else:
            np.lib.format.write_array(stream, array, allow_pickle=allow_pickle)

    def read(self, stream: BinaryIO, *, allow_pickle: bool = False, **options: Any) -> np.ndarray[Any, Any]:
        """Return the array; with ``allow_pickle`` also one of objects, which runs code of the file's author."""
        refuse_options(self.key, "reading", options, ("allow_pickle",))
        try:
            array: np.ndarray[Any, Any] = np.lib.format.read_array(stream, allow_pickle=allow_pickle)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # a damaged header, or pickle, surfaces as nearly any error there is
            raise FormatError(f"it is not an NPY file that can be read: {error}") from error
        if stream.read(1):
            raise FormatError(
                "it goes on after the array, and NPY files hold one; use numpy.load on the open file for the rest"
            )
        return array


@hookimpl
def openhcs_create_format(key: str) -> NpyFormat:
    """Create the NPY format."""
    return NpyFormat()
