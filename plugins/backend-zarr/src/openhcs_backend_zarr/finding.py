"""What stands under a logical path, and what is in a folder: names as they were saved, no rows, columns or chunks."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import attrs

from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.groups import DOCUMENT_NAMES, Group
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.names import PlaneName, plane_name, split
from openhcs_backend_zarr.plate_fields import PlateFields, plane_suffixes
from openhcs_backend_zarr.recovering import recover
from openhcs_backend_zarr.stores import LocalFiles
from openhcs_host.errors import (
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from openhcs_host.files.atomic import is_temporary

__all__ = ["Entry", "Finder"]


@attrs.frozen(eq=False)
class Entry:
    """What stands under a path."""

    kind: Literal["directory", "file", "image", "plane"]
    image: StoredImage | None = None
    """The image, or the field of the plane."""
    spot: Spot | None = None
    """The plane."""

    @property
    def is_directory(self) -> bool:
        """Whether it is a folder of names."""
        return self.kind == "directory"


@attrs.define(eq=False)
class Finder:
    """Finds what stands under paths; safe to use from several threads."""

    images: Images
    _recovered: set[str] = attrs.field(factory=set)
    _plates: PlateFields = attrs.field(init=False)

    @_plates.default
    def _fields_of_plates(self) -> PlateFields:
        return PlateFields(self.images)

    def entry(self, path: str) -> Entry | None:
        """Return what stands under a path, ``None`` if there is nothing."""
        if not split(path)[1]:
            return Entry("directory")  # the root of the file system
        name = plane_name(path)
        found = None if name is None else self.plane(name)
        return found or self._named(path, lambda: self.closed(split(path)[0]))

    def plane(self, name: PlaneName) -> Entry | None:
        """Return a plane of a plate, ``None`` if it was not saved."""
        self.open(name.folder)
        here = name.coordinates
        return self._plane(name, self.field(name.folder, here.well, here.site))

    @staticmethod
    def _plane(name: PlaneName, stored: StoredImage | None) -> Entry | None:
        here = name.coordinates
        spot = here.channel, here.z_index, here.timepoint
        if stored is None or stored.field.index(*spot) is None:
            return None
        if stored.field.recorded.extension != name.extension:
            return None
        return Entry("plane", stored, spot)

    def field(self, root: str, well: str, site: int) -> StoredImage | None:
        """Return a field of a plate, whoever wrote it."""
        return self._plates.field(root, well, site)

    def planes_in(self, root: str) -> Iterator[tuple[str, StoredImage]]:
        """Yield every field of the plate in a folder with its well; none if the folder is no plate."""
        self.open(root)
        yield from self._plates.fields(root)

    def plane_names(self, root: str) -> Iterator[str]:
        """Yield the names of the planes in a folder."""
        if isinstance(self.images.groups.files, LocalFiles):
            self.open(root)
            yield from self._plates.names(root)
            return
        for well, stored in self.planes_in(root):
            yield from map(well.__add__, plane_suffixes(stored))

    def names(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and of directories in a folder; images and planes are files."""
        self.check_directory(folder)
        files = list(self.plane_names(folder))
        directories = []
        for name, is_folder in self.children(folder):
            if name in DOCUMENT_NAMES or is_temporary(name):
                continue
            if not is_folder:
                files.append(name)
                continue
            group = self.images.groups.get(f"{folder.rstrip('/')}/{name}")
            if group is not None and group.kind == "image":
                files.append(name)
            elif group is None or group.kind == "plate" or not self._inside_plate(folder, group):
                directories.append(name)
        return files, directories

    def children(self, folder: str) -> Sequence[tuple[str, bool]]:
        """Return the names in a folder, and whether each is a folder."""
        return self.images.groups.files.children(folder)

    def check_directory(self, path: str) -> None:
        """Raise unless a path is a directory."""
        found = self.entry(path)
        if found is None:
            raise PathNotFoundError(
                f"there is no directory {path!r} in the store; check its spelling and case"
            )
        if not found.is_directory:
            raise PathNotDirectoryError(f"{path!r} is a file; give the path of a directory")

    def closed(self, folder: str) -> bool:
        """Whether nothing of a user's can be below a folder: it lies in an image, or in the rows of a plate."""
        while True:
            group = self.images.groups.get(folder)
            above, name = split(folder)
            if group is not None:
                if group.kind == "plate":
                    return False
                if group.kind in ("image", "array") or self._inside_plate(above, group):
                    return True
            if not name or name in (".", "..") or above == folder:
                return False
            folder = above

    def check_free(self, paths: Iterable[str], *, overwrite: bool) -> None:
        """Raise unless something can be saved under each path; what exists is refused without ``overwrite``."""
        unusable: dict[str, bool] = {}
        fields: dict[tuple[str, str, int], StoredImage | None] = {}
        for path in paths:
            folder, _ = split(path)
            if folder not in unusable:
                self.open(folder)
                unusable[folder] = self.closed(folder) or self.blocked(folder)
            name, found = plane_name(path), None
            if name is not None:
                key = folder, name.coordinates.well, name.coordinates.site
                if key not in fields:
                    fields[key] = self.field(*key)
                found = self._plane(name, fields[key])
            found = found or self._named(path, functools.partial(unusable.__getitem__, folder))
            if found is None:
                if unusable[folder]:
                    raise PathNotDirectoryError(
                        f"cannot save {path!r}: a part of its folder is a file or an image"
                    )
                if self.images.groups.files.occupied(path.rstrip("/")):
                    raise PathExistsError(
                        f"{path!r} is a row of the plate in {folder!r}; choose another name"
                    )
            elif found.is_directory:
                raise PathIsDirectoryError(
                    f"cannot save {path!r}: it is a directory; give the path of a file"
                )
            elif not overwrite:
                raise PathExistsError(
                    f"{path!r} exists already; pass overwrite=True to replace it. Nothing was saved"
                )

    def blocked(self, folder: str) -> bool:
        """Whether a file, an image or a plane is on the way to a folder."""
        while folder not in ("/", "."):
            if (found := self.entry(folder)) is not None:
                return not found.is_directory
            if self.closed(folder):
                return True
            folder = split(folder)[0]
        return False

    def open(self, root: str) -> None:
        """Look after what killed writers left in a folder, once."""
        if root in self._recovered:
            return
        recover(self.images.groups, root)
        if os.path.isdir(root):
            self._recovered.add(root)

    def _named(self, path: str, closed: Callable[[], bool]) -> Entry | None:
        """Return what has a name of its own on the disk; where ``closed``, nothing has."""
        folder, name = split(path)
        bare = f"{folder}/{name}" if folder != "/" else f"/{name}"
        if name in DOCUMENT_NAMES or is_temporary(name):
            return None
        kind = self.images.groups.files.kind(bare)
        if kind is None or closed():
            return None
        if kind == "file":
            return Entry("file")
        group = self.images.groups.get(bare)
        if group is None or group.kind == "plate":
            return Entry("directory")
        if group.kind == "image":
            return Entry("image", self.images.get(folder, name))
        return None if self._inside_plate(folder, group) else Entry("directory")

    def _inside_plate(self, folder: str, group: Group) -> bool:
        above = self.images.groups.get(folder)
        if above is None:
            return False
        return above.kind == "plate" or (group.kind in ("well", "image", "array") and above.kind == "group")
