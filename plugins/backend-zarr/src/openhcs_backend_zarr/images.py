"""Images as they are stored: what their documents say, and their pixels through tensorstore."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import attrs

from openhcs_backend_zarr.fields import Field, Spot, field_of
from openhcs_backend_zarr.groups import Group, Groups
from openhcs_backend_zarr.ngff.documents import Documents
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_host.errors import FormatError

__all__ = ["Images", "Region", "StoredImage", "cut", "read_all"]

Region = tuple[slice, slice]
"""Rows and columns."""

_MOST_ARRAYS: Final = 1024


@attrs.frozen(eq=False)
class StoredImage:
    """An image in a store, as its document has it."""

    root: str
    """The folder to which the paths of its arrays are relative."""
    group: Group
    """The document that says which plane is where; when it changes, all may have changed."""
    field: Field
    """Which planes there are, and where."""

    @property
    def ours(self) -> bool:
        """Whether we wrote it, so that every plane that is there has been saved as one."""
        return self.field.image is not None and self.field.image.recorded is not None

    @property
    def ndim(self) -> int | None:
        """Dimensions of the array that was saved under one name, ``None`` if it is not one of ours."""
        recorded = self.group.attributes.get("openhcs")
        found = recorded.get("ndim") if isinstance(recorded, dict) else None
        return found if isinstance(found, int) else None


class Images:
    """Stored images and their arrays, kept open while their documents stay the same."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        """The documents."""
        self._lock = threading.Lock()
        self._images: OrderedDict[str, StoredImage] = OrderedDict()
        self._arrays: OrderedDict[tuple[str, str], tuple[Group, Any]] = OrderedDict()
        self._context: Any = None
        self._of_thread = (
            threading.local()
        )  # a parser knows the last document, and mostly the next is like it

    def get(self, root: str, path: str) -> StoredImage | None:
        """Return the image group at ``path`` below ``root`` as it is now, ``None`` if there is none."""
        folder = f"{root}/{path}"
        group = self.groups.get(folder)
        if group is None or group.kind != "image":
            return None
        with self._lock:
            known = self._images.get(folder)
        if known is not None and known.group is group:
            return known
        documents = Documents(self.groups.files.reader(root), group.zarr_format)
        site = int(path.rpartition("/")[2]) if path.rpartition("/")[2].isdecimal() else 1
        found = StoredImage(root, group, field_of(documents, self.parser(), group.attributes, path, site))
        with self._lock:
            self._images[folder] = found
            if len(self._images) > 8 * _MOST_ARRAYS:
                self._images.popitem(last=False)
        return found

    def parser(self) -> ImageParser:
        """Return the parser of this thread."""
        parser: ImageParser = self._of_thread.__dict__.setdefault("parse", ImageParser())
        return parser

    def is_current(self, stored: StoredImage) -> bool:
        """Whether the image is still the one that was looked at, so that what was read of it is of one piece."""
        return self.groups.is_current(stored.group)

    def array(self, stored: StoredImage, level: int = 0) -> Any:
        """Return the tensorstore of a level; a level that there is not is an ``IndexError``."""
        paths = stored.field.arrays
        if not 0 <= level < len(paths):
            raise IndexError(f"{stored.group.document!r} has levels 0 to {len(paths) - 1}, not {level}")
        key = (stored.root, paths[level])
        with self._lock:
            known = self._arrays.get(key)
            if known is not None and known[0] is stored.group:
                self._arrays.move_to_end(key)
                return known[1]
        opened = self._opened(stored, paths[level])
        with self._lock:
            self._arrays[key] = stored.group, opened
            if len(self._arrays) > _MOST_ARRAYS:
                self._arrays.popitem(last=False)
        return opened

    def plane(self, stored: StoredImage, spot: Spot, level: int = 0, region: Region | None = None) -> Any:
        """Return the tensorstore of one plane ``[Y, X]``, or of a region of it."""
        index = stored.field.index(*spot)
        if index is None:
            raise LookupError(f"{stored.group.document!r} has no plane {spot}")
        plane = self.array(stored, level)[index]
        return plane if region is None else cut(plane, region)

    def close(self) -> None:
        """Let go of what is open."""
        with self._lock:
            self._arrays.clear()
            self._images.clear()
            self._context = None

    def _opened(self, stored: StoredImage, path: str) -> Any:
        import tensorstore as ts  # with the first array: nobody who only lists needs it

        spec: dict[str, Any] = {
            "driver": "zarr3" if stored.group.zarr_format == 3 else "zarr",
            "kvstore": self.groups.files.kvstore(f"{stored.root}/{path}"),
            # What we wrote has an object for every plane that is there: a lost one is damage, not black.
            "fill_missing_data_reads": not stored.ours,
        }
        with self._lock:
            if self._context is None:
                self._context = self.groups.files.context()
            context = self._context
        try:
            return ts.open(spec, open=True, read=True, context=context).result()
        except ValueError as error:
            raise FormatError(f"the array {stored.root}/{path} cannot be opened: {error}") from error


def cut(plane: Any, region: Region) -> Any:
    """Return rows and columns of a plane, counted as NumPy counts them, but not backwards."""
    rows, columns = (part.indices(extent) for part, extent in zip(region, plane.shape, strict=True))
    if rows[2] < 1 or columns[2] < 1:
        raise ValueError(f"a region is read forwards, with steps of 1 and more: {region}")
    import tensorstore as ts

    # A part of a tensorstore keeps the indices that it had; users count from 0.
    return plane[_forward(rows), _forward(columns)][ts.d[:].translate_to[0]]


def read_all(arrays: Sequence[Any]) -> list[Any]:
    """Return the pixels of several tensorstores, read at once; what is damaged is a ``FormatError``."""
    reading = [array.read() for array in arrays]
    try:
        return [future.result() for future in reading]
    except ValueError as error:
        raise FormatError(f"pixels cannot be read: {error}") from error


def _forward(bounds: tuple[int, int, int]) -> slice:
    start, stop, step = bounds
    return slice(start, max(start, stop), step)
