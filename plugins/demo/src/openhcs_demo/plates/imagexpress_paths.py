"""Folders and file names of a synthetic ImageXpress plate."""

from __future__ import annotations

import random
import uuid

from openhcs_demo.plates.described import Plate
from openhcs_demo.plates.imagexpress_traps import ImageXpressTraps
from openhcs_host.contracts.images import Coordinates

__all__ = ["ImageXpressPaths"]

_ID = "1334"


class ImageXpressPaths:
    """Gives every image its path, and remembers the folders that come about."""

    def __init__(self, plate: Plate, traps: ImageXpressTraps, rng: random.Random) -> None:
        self._plate, self._traps, self._rng = plate, traps, rng
        self.prefix = plate.name if traps.prefix is None else traps.prefix
        """Text before the well."""
        self._database: list[str] = []
        if traps.layout == "database":
            date = [f"{plate.started:%Y-%m-%d}"] if traps.date_level else []
            self._database = [plate.name, *date, _ID]
        self._base = [*traps.parents, *self._database]
        self._folders = {"/".join(self._base)}

    @property
    def in_folders(self) -> bool:
        """Whether planes lie in ``ZStep`` folders."""
        return self._traps.z == "folders" and self._plate.planes > 1

    @property
    def folders(self) -> list[str]:
        """Folders of images and those above them, from the top."""
        return sorted(self._folders, key=lambda folder: (folder.count("/") if folder else -1, folder))

    @property
    def folder_names(self) -> tuple[str, ...]:
        """Names of the folders that a plate could be called by."""
        return tuple(self._base)

    def folder(self, timepoint: int, z: int | None) -> str:
        """Return the folder of an image; ``z`` is the number of its ``ZStep``."""
        traps, parts = self._traps, list(self._base)
        if traps.layout == "export" or (traps.layout == "database" and self._plate.timepoints > 1):
            parts.append(f"{traps.timepoint_folder}_{timepoint}")
            self._folders.add("/".join(parts))
        if z is not None:
            parts.append(f"ZStep_{z}")
            self._folders.add("/".join(parts))
        return "/".join(parts)

    def image(self, folder: str, place: Coordinates) -> str:
        """Return a path for the image of that place."""
        return self._path(folder, place, self._guid())

    def thumbnail(self, folder: str, place: Coordinates) -> str:
        """Return a path for the thumbnail of that image."""
        guid = self._guid()
        spelling = self._traps.thumbnails or "_thumb"
        underscored = spelling if guid and not guid.startswith("_") else "_thumb"
        return self._path(folder, place, underscored + guid)

    def new_guid(self) -> uuid.UUID:
        """Return the next GUID."""
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)

    def _path(self, folder: str, place: Coordinates, end: str) -> str:
        traps = self._traps
        parts = [f"{self.prefix}_{place.well}" if self.prefix else place.well]
        if traps.site_token:
            parts.append(f"_s{place.site}")
        z_in_name = self._plate.planes > 1 and not self.in_folders
        if z_in_name and traps.z == "before":
            parts.append(f"_z{place.z_index:03d}")
        if traps.wave_token:
            parts.append(f"_w{place.channel}")
        if z_in_name and traps.z == "after":
            parts.append(f"_z{place.z_index}")
        name = "".join(parts) + end + traps.extension
        return f"{folder}/{name}" if folder else name

    def _guid(self) -> str:
        if self._traps.guid is None:
            return ""
        text = str(self.new_guid())
        return {"upper": text.upper(), "lower": text, "bracketed": f"_[{text.upper()}]"}[self._traps.guid]
