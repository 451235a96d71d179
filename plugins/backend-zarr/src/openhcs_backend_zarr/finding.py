"""What stands under a logical path, and what is in a folder: names as they were saved, no rows, columns or chunks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Literal

import attrs

from openhcs_backend_zarr.contents import PlateContents, open_contents
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.groups import DOCUMENT_NAMES, Group
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.names import PlaneName, plane_name, split
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.parsing import parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import well_of, well_path
from openhcs_backend_zarr.recovering import recover
from openhcs_host.contracts.images import place_name
from openhcs_host.errors import PathNotDirectoryError, PathNotFoundError
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
    _foreign: dict[str, tuple[Group, PlateContents, dict[str, dict[str, int]]]] = attrs.field(factory=dict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def entry(self, path: str) -> Entry | None:
        """Return what stands under a path, ``None`` if there is nothing."""
        folder, name = split(path)
        if not name:  # the root of the file system
            return Entry("directory")
        name_of_plane = plane_name(path)
        if name_of_plane is not None:
            found = self.plane(name_of_plane)
            if found is not None:
                return found
        bare = f"{folder}/{name}" if folder != "/" else f"/{name}"
        if name in DOCUMENT_NAMES or is_temporary(name) or self.closed(folder):
            return None
        if not os.path.isdir(bare):
            return Entry("file") if os.path.isfile(bare) else None
        group = self.images.groups.get(bare)
        if group is None or group.kind == "plate":
            return Entry("directory")
        if group.kind == "image":
            return Entry("image", self.images.get(folder, name))
        return None if self._inside_plate(folder, group) else Entry("directory")

    def plane(self, name: PlaneName) -> Entry | None:
        """Return a plane of a plate, ``None`` if it was not saved."""
        self.open(name.folder)
        here = name.coordinates
        stored = self.field(name.folder, here.well, here.site)
        spot = here.channel, here.z_index, here.timepoint
        if stored is None or stored.field.index(*spot) is None:
            return None
        if stored.field.recorded.extension != name.extension:
            return None
        return Entry("plane", stored, spot)

    def field(self, root: str, well: str, site: int) -> StoredImage | None:
        """Return a field of a plate, whoever wrote it."""
        found = self.images.get(root, f"{well_path(well)}/{site}")
        if found is not None and found.ours:
            return found
        group = self.images.groups.get(root)
        if group is None or "openhcs" in group.attributes:
            return None  # in a plate of ours a site is where its number says
        return self._foreign_fields(root, well).get(site)

    def planes_in(self, root: str) -> Iterator[tuple[str, StoredImage]]:
        """Yield every field of the plate in a folder with its well; none if the folder is no plate."""
        self.open(root)
        group = self.images.groups.get(root)
        if group is None or group.kind != "plate":
            return
        for reference in parse_plate(group.attributes, group.document).wells:
            well = well_of(reference.path)
            ours = self._our_fields(root, reference.path) if "openhcs" in group.attributes else None
            if ours is not None and well is not None:
                yield from ((well, stored) for stored in ours)
            else:
                named = well or self._well_named(root, reference.path)
                for _, stored in sorted(self._foreign_fields(root, named).items()):
                    yield named, stored

    def names(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and of directories in a folder; images and planes are files."""
        self.check_directory(folder)
        files = [
            f"{well}{place_name(stored.field.site, *spot)}{stored.field.recorded.extension}"
            for well, stored in self.planes_in(folder)
            for spot in stored.field.spots()
        ]
        directories = []
        with os.scandir(folder) as entries:
            for item in entries:
                if item.name in DOCUMENT_NAMES or is_temporary(item.name):
                    continue
                if not item.is_dir():
                    if item.is_file():
                        files.append(item.name)
                    continue
                group = self.images.groups.get(f"{folder.rstrip('/')}/{item.name}")
                if group is not None and group.kind == "image":
                    files.append(item.name)
                elif group is None or group.kind == "plate" or not self._inside_plate(folder, group):
                    directories.append(item.name)
        return files, directories

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

    def _inside_plate(self, folder: str, group: Group) -> bool:
        above = self.images.groups.get(folder)
        if above is None:
            return False
        return above.kind == "plate" or (group.kind in ("well", "image", "array") and above.kind == "group")

    def _our_fields(self, root: str, path: str) -> list[StoredImage] | None:
        group = self.images.groups.get(f"{root}/{path}")
        if group is None or group.kind != "well":
            return []
        found = []
        for image in parse_well(group.attributes, group.document).images:
            stored = self.images.get(root, f"{path}/{image.path}")
            if stored is None or not stored.ours:
                return None
            found.append(stored)
        return found

    def _foreign_fields(self, root: str, well: str) -> dict[int, StoredImage]:
        group = self.images.groups.get(root)
        if group is None or group.kind != "plate":
            return {}
        contents, numbers = self._contents(root, group)
        if well not in numbers:
            return {}
        fields: dict[int, StoredImage] = {}
        parse = ImageParser()
        for image in contents.images_of(contents.wells[well]):
            path = f"{contents.wells[well].path}/{image.path}"
            document = self.images.groups.get(f"{root}/{path}") or group
            found, _ = contents.fields_of(well, image, numbers[well][image.path], parse)
            for field in found:
                fields[field.site] = StoredImage(root, document, field)
        return fields

    def _contents(self, root: str, group: Group) -> tuple[PlateContents, dict[str, dict[str, int]]]:
        with self._lock:
            known = self._foreign.get(root)
        if known is not None and known[0] is group:
            return known[1], known[2]
        contents = open_contents(self.images.groups.files.reader(root))
        listed, _ = contents.images()
        numbers = {well: {image.path: site for site, image in images} for well, images in listed.items()}
        with self._lock:
            self._foreign[root] = group, contents, numbers
        return contents, numbers

    def _well_named(self, root: str, path: str) -> str:
        group = self.images.groups.get(root)
        contents = open_contents(self.images.groups.files.reader(root)) if group is not None else None
        wells = contents.wells.items() if contents is not None else ()
        return next((well for well, reference in wells if reference.path == path), "")
