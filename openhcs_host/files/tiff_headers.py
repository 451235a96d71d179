"""The headers of TIFF files that nobody vouches for: size, type and a few tags, without the pixels.

tifffile reads them. The host does not require it, so a distribution that calls this has tifffile among its
own dependencies; without it the error says what to install.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from openhcs_host.errors import FormatError, PluginLoadError
from openhcs_host.files.bounded import BoundedFile

__all__ = ["HeaderError", "TiffHeader", "read_headers", "read_tiff_header"]

_LARGEST_READ: Final = 1 << 23
_LONGEST_REASON: Final = 120
# Reading waits for the disk or the network; more threads would wait for each other.
_THREADS: Final = 4
_AT_ONCE: Final = 512

Key = TypeVar("Key")
Header = TypeVar("Header")


class HeaderError(FormatError):
    """An image whose header cannot be read as TIFF."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path!r} cannot be read as TIFF: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.path, self.reason)


@attrs.frozen(kw_only=True)
class TiffHeader:
    """What the first page of a TIFF says of itself."""

    width: int
    """Pixels per row."""
    height: int
    """Rows."""
    dtype: str
    """NumPy's name of the pixel type."""
    samples: int
    """Values per pixel; a plane has one, a colour image three."""
    pages: int
    """1, or 2 when there are more; a plane is one page."""
    tags: Mapping[int, str | bytes] = attrs.field(factory=dict)
    """Of the tags asked for, those that are there and hold text or bytes, to their values."""
    problem: str | None = None
    """Why tags could not be read, if some could not."""

    @property
    def kind(self) -> str:
        """What images of one plate should have in common, for people: ``512 x 512 uint16``."""
        colour = "" if self.samples == 1 else f" with {self.samples} values per pixel"
        return f"{self.width} x {self.height} {self.dtype}{colour}"


def read_tiff_header(path: str, tags: Collection[int] = ()) -> TiffHeader:
    """Read the first page's header of the TIFF at ``path``, and the values of ``tags``.

    No read takes more than 8 MiB, whatever the file claims. Raises ``HeaderError`` if it is no readable
    TIFF or ends before its pixels do, ``PluginLoadError`` where tifffile is not installed.
    """
    try:
        import tifffile  # here, because the host does not require it
    except ImportError as error:
        raise PluginLoadError(
            "headers of TIFF files are read with tifffile, which is not installed: pip install tifffile"
        ) from error

    try:
        with BoundedFile(path, _LARGEST_READ) as stream, tifffile.TiffFile(stream, name=path) as tiff:
            page: Any = tiff.pages[0]
            _check_pixels(page, os.fstat(stream.fileno()).st_size)
            values = {code: tag.value for code in tags if (tag := page.tags.get(code)) is not None}
            return TiffHeader(
                width=int(page.imagewidth),
                height=int(page.imagelength),
                dtype=str(page.dtype),
                samples=int(page.samplesperpixel),
                pages=1 if _is_last(tiff) else 2,
                tags={code: value for code, value in values.items() if isinstance(value, str | bytes)},
                problem=_lost_tags(tiff, page),
            )
    except Exception as error:  # a broken TIFF makes the reader stumble anywhere
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise HeaderError(path, " ".join(reason.split())[:_LONGEST_REASON]) from error


def read_headers(
    root: Path, images: Iterable[tuple[Key, str]], read: Callable[[str], Header]
) -> Iterator[tuple[Key, str, Header | HeaderError]]:
    """Read the headers of images given as key and path below ``root``, a few at once, in this order.

    Yields key, path, and what ``read`` returned for the absolute path, or its ``HeaderError``.
    """

    def header(path: str) -> Header | HeaderError:
        try:
            return read(os.path.join(root, path))
        except HeaderError as error:
            return error

    work = iter(images)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="tiff-headers") as pool:
        # In portions: a plate may have a million images, and so many futures would fill the memory.
        while portion := list(islice(work, _AT_ONCE)):
            headers = pool.map(header, (path for _, path in portion))
            for (key, path), found in zip(portion, headers, strict=True):
                yield key, path, found


def _check_pixels(page: Any, size: int) -> None:
    """Raise ``FormatError`` unless the file holds all of the pixels; a copy that was cut off does not."""
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends:
        raise FormatError("it says nothing of where its pixels lie")
    if max(ends) > size:
        raise FormatError(f"its pixels end at byte {max(ends)}, and the file has {size}")


def _lost_tags(tiff: Any, page: Any) -> str | None:
    # The reader leaves out, and only logs, a tag whose value lies beyond the end of the file.
    tiff.filehandle.seek(page.offset)
    (number,) = struct.unpack(tiff.tiff.tagnoformat, tiff.filehandle.read(tiff.tiff.tagnosize))
    lost = number - len(page.tags)
    return f"{lost} of its {number} tags cannot be read" if lost > 0 else None


def _is_last(tiff: Any) -> bool:
    try:
        tiff.pages[1]  # looks for the second page only, however many a hostile file chains
    except IndexError:
        return True
    return False
