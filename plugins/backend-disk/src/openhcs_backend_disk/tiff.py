"""The formats ``.tif`` and ``.tiff``: arrays of two and more dimensions, in TIFF files."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, BinaryIO, Final

import numpy as np
import tifffile

from openhcs_backend_disk.checks import plain_array, refuse_options
from openhcs_backend_disk.ome import PIXEL_TYPES, length_um, ome_xml
from openhcs_backend_disk.plain_tiff import read_plain_tiff
from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

__all__ = ["TiffFormat"]

OPENHCS_API = 1

_LOSSLESS: Final = (None, "zlib", "lzw", "zstd", "packbits", "lzma")
_DTYPES: Final = frozenset({*PIXEL_TYPES, "int64", "uint64", "float16"})
_NO_PREDICTOR: Final = frozenset(["bool", "int64", "uint64", "complex64", "complex128"])


class TiffFormat(Format):
    """Arrays of two and more dimensions; shape, dtype and values come back as they were.

    A plane that is given ``image`` becomes an OME-TIFF; other arrays carry their shape as tifffile writes it.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def write(
        self,
        data: Any,
        stream: BinaryIO,
        *,
        image: ImageMetadata | None = None,
        compression: str | None = None,
        predictor: bool = False,
        **options: Any,
    ) -> None:
        """Write an array; the same array and ``image`` always give the same bytes.

        ``compression`` is one of ``zlib``, ``lzw``, ``zstd``, ``packbits``, ``lzma``; all of them keep every
        value. ``predictor`` lets neighbouring pixels predict each other, which mostly compresses better.
        """
        refuse_options(self.key, "writing", options, ("compression", "predictor"))
        array = plain_array(data, self.key)
        self._check(array, compression, predictor)
        tags: dict[str, Any] = {"photometric": "minisblack", **_metadata(image, array, self.key)}
        if compression is not None or array.dtype == np.bool_:
            # Like tifffile's own choice for plain pixels: there is no knowing how well they will compress.
            big = array.nbytes > 2**32 - 2**25
            handle = _handle(stream)
            tifffile.imwrite(handle, array, bigtiff=big, compression=compression, predictor=predictor, **tags)
        else:
            _write_plain(array, stream, tags)

    def read(self, stream: BinaryIO, *, series: int | None = None, **options: Any) -> np.ndarray[Any, Any]:
        """Return the image; of a file with several image series, the one that ``series`` numbers from 0."""
        refuse_options(self.key, "reading", options, ("series",))
        try:
            if series is None and (plain := read_plain_tiff(stream)) is not None:
                return plain
            stream.seek(0)
            # What an OME document says about other files is left alone: a stream has no neighbours, and
            # their planes would come out as zeros.
            with tifffile.TiffFile(_handle(stream), _multifile=False) as file:
                chosen = _choose(file, series)
                _check_complete(file, chosen, stream)
                pixels: np.ndarray[Any, Any] = chosen.asarray()
                return pixels
        except (FormatError, OSError, MemoryError):
            raise
        except Exception as error:  # damaged bytes surface as nearly any error there is
            raise FormatError(
                f"it is not a TIFF file, or a damaged one: {error or type(error).__name__}"
            ) from error

    def _check(self, array: np.ndarray[Any, Any], compression: str | None, predictor: bool) -> None:
        name = array.dtype.name
        if name not in _DTYPES:
            raise UnsupportedDataError(
                f"format {self.key!r} cannot hold {array.dtype} unchanged; convert it to one of "
                f"{', '.join(sorted(_DTYPES))}, or save it as .npy"
            )
        if array.ndim < 2 or array.size == 0:
            raise UnsupportedDataError(
                f"format {self.key!r} holds arrays of at least 2 dimensions and one pixel, not of shape "
                f"{array.shape}; save it as .npy"
            )
        if array.ndim > 4 and array.size == 1:
            raise UnsupportedDataError(  # tifffile writes it, and fails to read it
                f"format {self.key!r} cannot give back one pixel in {array.ndim} dimensions; save it as .npy"
            )
        if compression not in _LOSSLESS:
            offer = ", ".join(str(known) for known in _LOSSLESS)
            raise ConfigurationError(
                f"format {self.key!r} has no compression {compression!r} that keeps every value; it has {offer}"
            )
        if predictor and compression is None:
            raise ConfigurationError(f"format {self.key!r}: a predictor needs a compression; pass both")
        if predictor and name in _NO_PREDICTOR:
            raise UnsupportedDataError(f"format {self.key!r} has no predictor for {name}; leave it out")


def _handle(stream: BinaryIO) -> tifffile.FileHandle:
    # Unless it is told a name, tifffile takes that of the stream, which may be a number.
    return tifffile.FileHandle(stream, name="stream")


def _metadata(image: ImageMetadata | None, array: np.ndarray[Any, Any], key: str) -> dict[str, Any]:
    if image is None:
        return {}
    tags: dict[str, Any] = {}
    size = length_um("pixel_size_um", image.pixel_size_um)
    if size is not None:
        density = _per_centimetre(size)
        tags |= {"resolution": (density, density), "resolutionunit": "CENTIMETER"}
    if array.ndim == 2 and array.dtype.name in PIXEL_TYPES:
        document = ome_xml(image, array.shape, array.dtype.name, key)
        tags |= {"description": document.encode("utf-8"), "metadata": None}
    return tags


def _per_centimetre(size_um: float) -> tuple[int, int]:
    """Return how many pixels go into a centimetre, as a fraction of two numbers of 32 bits."""
    exact = 10_000 / size_um
    fraction = Fraction(exact).limit_denominator(max(1, int(2**31 / max(exact, 1.0))))
    if not 0 < fraction.numerator < 2**32:
        raise UnsupportedDataError(
            f"pixel_size_um of the image is {size_um!r}, which TIFF cannot express; is it really in µm?"
        )
    return fraction.numerator, fraction.denominator


def _write_plain(array: np.ndarray[Any, Any], stream: BinaryIO, tags: dict[str, Any]) -> None:
    # tifffile would hand the pixels to ndarray.tofile, which does not notice when the last few kilobytes no
    # longer fit on the medium. It lays out the file, and the pixels are written here.
    native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    place = tifffile.imwrite(
        _handle(stream), shape=native.shape, dtype=native.dtype, returnoffset=True, **tags
    )
    assert place is not None  # the pixels are contiguous
    stream.seek(place[0])
    stream.write(native.reshape(-1).view(np.uint8).data)


def _choose(file: tifffile.TiffFile, number: int | None) -> tifffile.TiffPageSeries:
    series = file.series
    if not series:
        raise FormatError("it is a TIFF file without an image, or cut off before the first one")
    if number is None and len(series) > 1:
        listed = "; ".join(f"series={i}: {s.dtype} {s.shape}" for i, s in enumerate(series))
        raise FormatError(f"it has {len(series)} image series; say which one to load: {listed}")
    if number is not None and number not in range(len(series)):
        raise FormatError(f"it has no image series {number!r}; they are numbered from 0 to {len(series) - 1}")
    return series[number or 0]


def _check_complete(file: tifffile.TiffFile, series: tifffile.TiffPageSeries, stream: BinaryIO) -> None:
    """Raise ``FormatError`` where tifffile would log that something is missing, and go on without it."""
    cut = "it is cut off or damaged: {}; write or copy it again"
    end = stream.seek(0, 2)
    stream.seek(file.pages.next_page_offset or 0)
    if any(offset := stream.read(file.tiff.offsetsize)) or len(offset) < file.tiff.offsetsize:
        raise FormatError(cut.format("the list of its pages breaks off"))
    if (start := series.dataoffset) is not None:
        if start + series.nbytes > end:
            raise FormatError(cut.format("it ends before its last pixel"))
        return
    for number, page in enumerate(series):
        if page is None:
            raise FormatError(f"plane {number} of its image is missing, or in another file")
        offsets, counts = page.dataoffsets, page.databytecounts
        if not math.prod(page.chunked) == len(offsets) == len(counts) or 0 in counts:
            raise FormatError(cut.format(f"plane {number} lacks pixels"))
        if any(offset + count > end for offset, count in zip(offsets, counts, strict=True)):
            raise FormatError(cut.format(f"it ends before the last pixel of plane {number}"))


@hookimpl
def openhcs_create_format(key: str) -> TiffFormat:
    """Create the TIFF format for one of its extensions."""
    return TiffFormat(key)
