"""The backend ``virtual_workspace``: mounted plates, each under its own root."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from openhcs_backend_virtual.mapping import MountedPlate
from openhcs_host import Host, hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.images import ImageMetadata, image_name
from openhcs_host.contracts.storage import Capability, ReadableBackend, VirtualBackend
from openhcs_host.errors import (
    InvalidPathError,
    PathNotDirectoryError,
    PathNotFoundError,
    UnsupportedOperationError,
)

__all__ = ["VirtualWorkspaceBackend", "VirtualWorkspaceConfig"]

OPENHCS_API = 1


@attrs.frozen
class VirtualWorkspaceConfig:
    """What is mounted from the start."""

    plates: Mapping[str, str] = attrs.field(factory=dict)
    """Plate folder to the folder of its ``openhcs_metadata.json``."""


class VirtualWorkspaceBackend(VirtualBackend):
    """Shows mounted plates under virtual names and reads pixels through the backend that holds them."""

    key = "virtual_workspace"
    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST

    def __init__(self, host: Host, disk: ReadableBackend, config: VirtualWorkspaceConfig) -> None:
        self._host = host
        self._disk = disk
        self._plates: dict[str, MountedPlate] = {}
        for root, metadata in config.plates.items():
            self.mount(root, metadata)

    def mount(self, root: str | os.PathLike[str], metadata: str | os.PathLike[str] | None = None) -> None:
        """Show the plate in folder ``root`` as its ``openhcs_metadata.json`` maps it.

        ``metadata`` is the folder that holds that file, by default the plate itself. Mounting again
        replaces the mapping. Raises ``MetadataError``, ``PathNotFoundError`` or, for a mapping that
        leads outside the plate, ``InvalidPathError``; then nothing is mounted.
        """
        place = _absolute(os.path.abspath(root))
        folder = place if metadata is None else _absolute(os.path.abspath(metadata))
        self._plates = {**self._plates, place: MountedPlate.read(place, folder)}

    def configuration(self) -> Mapping[str, Any]:
        """Return the plates mounted now, so that another process shows the same."""
        return {"plates": {root: plate.metadata for root, plate in self._plates.items()}}

    def load(self, path: str, **options: Any) -> Any:
        """Return the image that the virtual path shows; options go to the backend that holds it."""
        plate, name = self._locate(path)
        real = plate.files.get(name)
        if real is None:
            raise PathNotFoundError(self._missing(path, plate))
        if name in plate.elsewhere:
            return self._holder(plate.elsewhere[name]).load(f"{plate.root}/{real}", **options)
        return self._disk.load(plate.real_path(name, real), **options)

    def is_file(self, path: str) -> bool:
        """Whether a mounted plate shows an image under this path."""
        found = self._find(path)
        return found is not None and found[1] in found[0].files

    def is_dir(self, path: str) -> bool:
        """Whether this is a mounted plate or a virtual folder of one."""
        found = self._find(path)
        return found is not None and found[1] in found[0].folders

    def list_files(self, directory: str, *, recursive: bool = False) -> list[str]:
        """Return the virtual paths in a plate or one of its virtual folders."""
        plate, name = self._folder(directory)
        start = f"{name}/" if name else ""
        if recursive:
            files = [file for file in plate.files if file.startswith(start)]
        else:
            files = [start + base for base in plate.folders[name] if start + base in plate.files]
        return [f"{plate.root}/{file}" for file in files]

    def list_dir(self, directory: str) -> list[str]:
        """Return the virtual names in a plate or one of its virtual folders."""
        plate, name = self._folder(directory)
        return list(plate.folders[name])

    def generate_filename(self, image: ImageMetadata, extension: str = ".tif") -> str:
        """Return ``A01_s001_w1_z001_t001.tif`` for an image with coordinates."""
        if image.coordinates is None:
            raise InvalidPathError("an image without coordinates has no virtual name")
        return image_name(image.coordinates, extension)

    def _holder(self, key: str) -> ReadableBackend:
        backend = self._host.backend(key)
        if not isinstance(backend, ReadableBackend):
            raise UnsupportedOperationError(f"the {key} backend, which holds the image, gives nothing back")
        return backend

    def _folder(self, directory: str) -> tuple[MountedPlate, str]:
        plate, name = self._locate(directory)
        if name in plate.files:
            raise PathNotDirectoryError(f"{directory!r} is an image, not a directory")
        if name not in plate.folders:
            raise PathNotFoundError(self._missing(directory, plate))
        return plate, name

    def _locate(self, path: str) -> tuple[MountedPlate, str]:
        found = self._find(path)
        if found is None:
            mounted = ", ".join(map(repr, self._plates)) or "none"
            raise PathNotFoundError(
                f"{path!r} lies in no mounted plate. Mounted: {mounted}. Mount its plate first."
            )
        return found

    def _find(self, path: str) -> tuple[MountedPlate, str] | None:
        # The folder of a virtual path is nearly always the plate itself: one look-up.
        root, _, name = path.rpartition("/")
        plate = self._plates.get(root)
        if plate is not None and name and name not in ("..", "."):
            return plate, name
        path = _absolute(path)
        root, rest = path, ""
        while root:
            plate = self._plates.get(root)
            if plate is not None:
                return plate, rest
            root, _, name = root.rpartition("/")
            rest = f"{name}/{rest}" if rest else name
        return None

    @staticmethod
    def _missing(path: str, plate: MountedPlate) -> str:
        return f"plate {plate.root!r} shows nothing under {path!r}; it maps {len(plate.files)} images"


def _absolute(path: str) -> str:
    if not os.path.isabs(path):
        raise InvalidPathError(
            f"{path!r} is relative, and could mean any of the mounted plates: give the plate's full path"
        )
    return posixpath.normpath(path.replace("\\", "/") if os.sep == "\\" else path)


@hookimpl
def openhcs_create_backend(key: str, config: Mapping[str, Any], host: Host) -> VirtualWorkspaceBackend:
    """Create the virtual workspace on the host's disk backend."""
    settings = configured(VirtualWorkspaceConfig, config, f"backend {key!r}")
    disk = host.backend("disk")
    assert isinstance(disk, ReadableBackend)  # the distribution that we require provides it
    return VirtualWorkspaceBackend(host, disk, settings)
