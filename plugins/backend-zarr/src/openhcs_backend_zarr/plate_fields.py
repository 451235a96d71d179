"""The fields of plates in folders, by well and site: ours, and those of whoever else wrote them.

``plates`` reads a plate once and reports what is strange. This module finds single fields, keeps what it has read
while the documents stay the same, and numbers sites in the same way.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import attrs

from openhcs_backend_zarr.contents import PlateContents, open_contents
from openhcs_backend_zarr.groups import Group
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.ngff.model import ImageRef, Recorded
from openhcs_backend_zarr.ngff.physical import well_path
from openhcs_backend_zarr.well_summaries import summarised
from openhcs_host.contracts.images import place_name
from openhcs_host.errors import InvalidPathError, PlateError

__all__ = ["PlateFields", "plane_suffixes"]

_MOST: Final = 8192

_Numbers = dict[str, dict[str, int]]
"""Well to the names of its images, and these to their sites."""


@attrs.define(eq=False)
class PlateFields:
    """Finds fields; safe to use from several threads."""

    images: Images
    _contents: dict[str, tuple[Group, PlateContents]] = attrs.field(factory=dict)
    _numbers: dict[str, tuple[PlateContents, dict[str, Group | None], _Numbers]] = attrs.field(factory=dict)
    _fields: OrderedDict[str, tuple[Group, int, list[StoredImage]]] = attrs.field(factory=OrderedDict)
    _suffixes: dict[tuple[int, Recorded], list[str]] = attrs.field(factory=dict)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def field(self, root: str, well: str, site: int) -> StoredImage | None:
        """Return a field of the plate in a folder, ``None`` if there is none."""
        group = self.images.groups.get(root)
        if group is None or "openhcs" in group.attributes:
            # In a plate of ours a site lies where its number says. A well is in place before the plate lists it.
            found = self.images.get(root, f"{well_path(well)}/{site}")
            if found is not None and found.ours:
                return found
        if group is None or group.kind != "plate":
            return None
        return self._of_well(root, group, well).get(site)

    def fields(self, root: str) -> Iterator[tuple[str, StoredImage]]:
        """Yield every field of the plate in a folder with its well; none if the folder is no plate."""
        group = self.images.groups.get(root)
        if group is None or group.kind != "plate":
            return
        for well in self._opened(root, group).wells:
            for _, stored in sorted(self._of_well(root, group, well).items()):
                yield well, stored

    def names(self, root: str) -> Iterator[str]:
        """Yield the names of all planes of the plate in a folder; none if it is no plate.

        Images that cannot be read, which the reading of the plate reports, have no names.
        """
        group = self.images.groups.get(root)
        if group is None or group.kind != "plate":
            return
        contents = self._opened(root, group)
        for well, reference in contents.wells.items():
            known = self._summary(root, reference.path) if contents.ours else None
            if known is not None:
                for site, recorded in known.items():
                    yield from map(well.__add__, self._suffixes_of(site, recorded))
                continue
            for _, stored in sorted(self._of_well(root, group, well).items()):
                yield from map(well.__add__, plane_suffixes(stored))

    def _summary(self, root: str, path: str) -> dict[int, Recorded] | None:
        """Return what the document of a well of ours says of its fields; ``None`` unless it is true of all.

        Another program may have changed a field and left the document of its well alone, so the fields'
        documents must still have the lengths that were noted.
        """
        group = self.images.groups.get(f"{root}/{path}")
        if group is None or group.kind != "well":
            return None
        name = os.path.basename(group.document)
        found: dict[int, Recorded] = {}
        for site, (length, recorded) in summarised(group.attributes, group.document).items():
            if _length(f"{root}/{path}/{site}/{name}") != length:
                return None
            found[site] = recorded
        return found or None

    def _suffixes_of(self, site: int, recorded: Recorded) -> list[str]:
        found = self._suffixes.get((site, recorded))
        if found is None:
            places = (
                (site, channel, z_index, timepoint)
                for channel in sorted(recorded.channels)
                for z_index in sorted(recorded.z_indexes)
                for timepoint in sorted(recorded.timepoints)
            )
            found = [place_name(*place) + recorded.extension for place in places]
            if len(self._suffixes) >= _MOST:
                self._suffixes.clear()
            self._suffixes[site, recorded] = found
        return found

    def _of_well(self, root: str, group: Group, well: str) -> dict[int, StoredImage]:
        """Return the fields of a well by site, through their documents."""
        contents = self._opened(root, group)
        reference = contents.wells.get(well)
        if reference is None:
            return {}
        fields: dict[int, StoredImage] = {}
        for name, site in self._numbers_in(root, contents, well).items():
            for stored in self._at(root, contents, well, name, site):
                fields[stored.field.site] = stored
        return fields

    def _at(self, root: str, contents: PlateContents, well: str, name: str, site: int) -> list[StoredImage]:
        """Return the fields at the path of an image: one, or those of the predecessor's array."""
        folder = f"{root}/{contents.wells[well].path}/{name}"
        try:
            group = self.images.groups.get(folder)
            if group is None:
                return []
            if contents.ours:
                ours = self.images.get(root, f"{contents.wells[well].path}/{name}")
                if ours is not None and ours.ours and ours.field.site == site:
                    return [ours]
            with self._lock:
                known = self._fields.get(folder)
            if known is not None and known[0] is group and known[1] == site:
                return known[2]
            found, _ = contents.fields_of(well, ImageRef(name), site, self.images.parser())
        except (PlateError, InvalidPathError):
            return []  # the reading of the plate says why
        stored = [StoredImage(root, group, field) for field in found]
        with self._lock:
            self._fields[folder] = group, site, stored
            if len(self._fields) > _MOST:
                self._fields.popitem(last=False)
        return stored

    def _numbers_in(self, root: str, contents: PlateContents, well: str) -> dict[str, int]:
        """Return the sites of a well by the names of their images.

        They depend on the names in all wells, which are read again when the plate or this well has changed.
        """
        group = self.images.groups.get(f"{root}/{contents.wells[well].path}")
        with self._lock:
            known = self._numbers.get(root)
        if known is None or known[0] is not contents or known[1].get(well, group) is not group:
            listed, _ = contents.images()
            numbers = {well: {image.path: site for site, image in images} for well, images in listed.items()}
            known = contents, {well: group}, numbers
        else:
            known = contents, {**known[1], well: group}, known[2]
        with self._lock:
            self._numbers[root] = known
        return known[2].get(well, {})

    def _opened(self, root: str, group: Group) -> PlateContents:
        with self._lock:
            known = self._contents.get(root)
        if known is not None and known[0] is group:
            return known[1]
        contents = open_contents(self.images.groups.files.reader(root))
        with self._lock:
            self._contents[root] = group, contents
        return contents


def plane_suffixes(stored: StoredImage) -> Iterator[str]:
    """Yield what the names of a field's planes have after the well."""
    site, extension = stored.field.site, stored.field.recorded.extension
    return (place_name(site, *spot) + extension for spot in stored.field.spots())


def _length(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
