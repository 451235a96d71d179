"""The format ``.npz``: several named arrays in one file, as ``numpy.savez`` writes them."""

from __future__ import annotations

import errno
import io
import zipfile
from typing import Any, BinaryIO, Final, cast

import numpy as np

from openhcs_backend_disk.checks import plain_array, refuse_options
from openhcs_backend_disk.npy import NpyFormat
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import FormatError, UnsupportedDataError

__all__ = ["NpzFormat"]

OPENHCS_API = 1

_ARRAY: Final = NpyFormat()
_MEMBER: Final = ".npy"
_LONGEST_NAME: Final = 0xFFFF - len(_MEMBER)
_END_RECORD: Final = 22  # bytes
_SAID_ELSEWHERE: Final = 0xFFFF  # the number of members, when it is larger


class NpzFormat(Format):
    """A dictionary of name to array, uncompressed; never pickles. Compressed files can be read."""

    key = ".npz"

    def write(
        self, data: Any, stream: BinaryIO, *, image: ImageMetadata | None = None, **options: Any
    ) -> None:
        """Write the arrays in their order; the same arrays always give the same bytes."""
        refuse_options(self.key, "writing", options)
        arrays = _checked(data)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name, array in arrays.items():
                # Without a date of its own, a member has the first that ZIP knows.
                member = zipfile.ZipInfo(name + _MEMBER)
                with archive.open(member, "w", force_zip64=True) as out:
                    _ARRAY.write(array, cast("BinaryIO", out))

    def read(self, stream: BinaryIO, **options: Any) -> dict[str, np.ndarray[Any, Any]]:
        """Return the arrays by name, in the order of the file."""
        refuse_options(self.key, "reading", options)
        try:
            with zipfile.ZipFile(stream) as archive:
                _check_count(archive, stream)
                return _read(archive)
        except (FormatError, MemoryError):
            raise
        except OSError as error:
            if error.errno != errno.EINVAL:  # a place before the beginning of the file: it is damaged
                raise
            raise FormatError("it is a damaged NPZ file: it refers to what it does not contain") from error
        except Exception as error:  # a damaged archive surfaces as nearly any error there is
            raise FormatError(f"it is not an NPZ file that can be read: {error}") from error


def _checked(data: Any) -> dict[str, np.ndarray[Any, Any]]:
    if not isinstance(data, dict):
        raise UnsupportedDataError(
            f"format '.npz' holds a dictionary of name to array, not {type(data).__name__}; "
            "save a single array as .npy"
        )
    arrays = {}
    for name, value in data.items():
        _check_name(name)
        arrays[name] = plain_array(value, ".npz")
        if arrays[name].dtype.hasobject:
            raise UnsupportedDataError(
                f"format '.npz' holds no Python objects, and {name!r} is an array of them; give it a plain dtype"
            )
    return arrays


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or "\0" in name or "\\" in name:
        raise UnsupportedDataError(
            f"the arrays of an '.npz' file have strings without NUL and backslash as names, not {name!r}; rename it"
        )
    try:
        length = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise UnsupportedDataError(
            f"an array in an '.npz' file cannot be named {name!r}; rename it"
        ) from error
    if length > _LONGEST_NAME:
        raise UnsupportedDataError(
            f"the name {name[:40]!r}… has {length} bytes and an '.npz' file holds {_LONGEST_NAME}; shorten it"
        )


def _check_count(archive: zipfile.ZipFile, stream: BinaryIO) -> None:
    # The module reads on until the list of members is used up, and does not miss one that damage has hidden.
    stream.seek(-_END_RECORD - len(archive.comment), io.SEEK_END)
    record = stream.read(_END_RECORD)
    said, found = int.from_bytes(record[10:12], "little"), len(archive.infolist())
    if not record.startswith(b"PK\5\6") or said not in (found, _SAID_ELSEWHERE):
        raise FormatError(f"it is a damaged NPZ file: {found} arrays can be found of {said}")


def _read(archive: zipfile.ZipFile) -> dict[str, np.ndarray[Any, Any]]:
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(_MEMBER)
        if name == member.filename:
            raise FormatError(f"it contains {name!r}, which is no array; NPZ files hold nothing else")
        if name in arrays:
            raise FormatError(f"it contains two arrays named {name!r}")
        # Read as a whole, which compares its checksum, before anything in it is believed.
        arrays[name] = _ARRAY.read(io.BytesIO(archive.read(member)))
    return arrays


@hookimpl
def openhcs_create_format(key: str) -> NpzFormat:
    """Create the NPZ format."""
    return NpzFormat()
