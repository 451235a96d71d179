"""What the specification asks of the documents of an image's arrays, and of arrays and image together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_host.plates.wording import shown

__all__ = ["check_array", "check_levels", "data_type", "shape_of"]

_SHARDING: Final = "sharding_indexed"


def check_array(
    document: Mapping[str, Any], zarr_format: int, axes: Sequence[str], where: str
) -> Iterator[Finding]:
    """Yield what is wrong with the document of one array of an image with these axes."""
    if document.get("zarr_format") != zarr_format:
        yield error(f"{where}: zarr_format", f"a store has one Zarr format: {zarr_format} here")
    shape = shape_of(document)
    if shape is None:
        yield error(
            f"{where}: shape", f"an array's shape is a list of extents, not {shown(document.get('shape'))}"
        )
        return
    if len(shape) != len(axes):
        yield error(
            f"{where}: shape",
            f"an array has as many dimensions as its image axes: {len(axes)}, not {len(shape)}",
        )
    if zarr_format == 3 and document.get("dimension_names") != list(axes):
        names = shown(document.get("dimension_names"))
        yield error(
            f"{where}: dimension_names", f"they are the names of the axes, {shown(list(axes))}, not {names}"
        )
    if zarr_format == 2 and document.get("dimension_separator") != "/":
        yield warning(f"{where}: dimension_separator", "chunks should be nested in folders, separated by '/'")
    yield from _check_chunks(document, shape, zarr_format, where)


def check_levels(shapes: Sequence[tuple[int, ...]], kinds: Sequence[str], where: str) -> Iterator[Finding]:
    """Yield what is wrong with the levels of an image together."""
    for number, (large, small) in enumerate(pairwise(shapes), start=1):
        if len(large) == len(small) and any(a < b for a, b in zip(large, small, strict=True)):
            yield error(
                f"{where}.datasets[{number}]", f"no level is larger than the one before: {list(small)}"
            )
    if len(set(kinds)) > 1:
        yield warning(
            f"{where}.datasets", f"levels should have one data type, not {shown(sorted(set(kinds)))}"
        )


def shape_of(document: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Return the shape of an array, ``None`` if the document has none."""
    return _extents(document.get("shape"), least=0)


def data_type(document: Mapping[str, Any]) -> str:
    """Return the kind and size of the pixels, ``uint16``, however the format writes it."""
    found = document.get("data_type", document.get("dtype"))
    if not isinstance(found, str):
        return shown(found)
    kinds = {"u": "uint", "i": "int", "f": "float", "b": "bool"}
    if len(found) == 3 and found[0] in "<>|=" and found[1] in kinds:
        return (
            "bool"
            if found[1] == "b"
            else f"{kinds[found[1]]}{8 * int(found[2])}"
            if found[2].isdigit()
            else found
        )
    return found


def _check_chunks(
    document: Mapping[str, Any], shape: tuple[int, ...], zarr_format: int, where: str
) -> Iterator[Finding]:
    if zarr_format == 2:
        chunks = _extents(document.get("chunks"), least=1)
    else:
        chunks = _extents(_settings(document.get("chunk_grid")).get("chunk_shape"), least=1)
    if chunks is None or len(chunks) != len(shape):
        yield error(f"{where}: chunks", f"a chunk has an extent from 1 along each of {len(shape)} dimensions")
        return
    codecs = document.get("codecs") if zarr_format == 3 else None
    for codec in codecs if isinstance(codecs, list) else []:
        if not isinstance(codec, dict) or codec.get("name") != _SHARDING:
            continue
        inner = _extents(_settings(codec).get("chunk_shape"), least=1)
        if (
            inner is None
            or len(inner) != len(chunks)
            or any(a % b for a, b in zip(chunks, inner, strict=True))
        ):
            yield error(
                f"{where}: codecs", f"a shard of {list(chunks)} holds whole chunks, not {shown(inner)}"
            )


def _settings(found: object) -> dict[str, Any]:
    settings = found.get("configuration") if isinstance(found, dict) else None
    return settings if isinstance(settings, dict) else {}


def _extents(found: object, least: int) -> tuple[int, ...] | None:
    if not isinstance(found, list) or any(type(extent) is not int or extent < least for extent in found):
        return None
    return tuple(found)
