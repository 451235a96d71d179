"""What the formats of this distribution check alike: options, arrays, text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from openhcs_host.errors import FormatError, UnsupportedDataError

__all__ = ["decoded", "encoded", "plain_array", "refuse_options"]


def refuse_options(key: str, doing: str, options: Mapping[str, Any], known: tuple[str, ...] = ()) -> None:
    """Raise ``TypeError`` if options are left over; a misspelt one must not pass."""
    if options:
        names = ", ".join(map(repr, sorted(options)))
        offer = ", ".join(known) or "none"
        raise TypeError(f"format {key!r} has no option {names} when {doing}; its options: {offer}")


def plain_array(data: Any, key: str) -> np.ndarray[Any, Any]:
    """Return ``data`` as a plain NumPy array, or raise ``UnsupportedDataError`` if it is none."""
    if not isinstance(data, np.ndarray):
        raise UnsupportedDataError(
            f"format {key!r} holds NumPy arrays, not {type(data).__name__}; convert the data to NumPy first"
        )
    if isinstance(data, np.ma.MaskedArray):
        raise UnsupportedDataError(
            f"format {key!r} cannot hold the mask of a masked array; save array.data, or array.filled(...)"
        )
    return np.asarray(data)


def encoded(text: str, key: str) -> bytes:
    """Return ``text`` in UTF-8, or raise ``UnsupportedDataError`` if a character has no place there."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsupportedDataError(
            f"format {key!r} is UTF-8 and cannot hold the character {text[error.start]!r} "
            f"at position {error.start}; replace it"
        ) from error


def decoded(stream: BinaryIO, key: str) -> str:
    """Return the text of a stream exactly as it stands, or raise ``FormatError`` if it is not UTF-8."""
    content = stream.read()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"a {key} file is UTF-8 text, and byte {error.start} (0x{content[error.start]:02x}) is not; "
            "convert the file to UTF-8"
        ) from error
