"""A small virtual backend over a folder of arrays, and ways to get one thing wrong."""

from __future__ import annotations

import os
import posixpath

import numpy as np
import pytest

from openhcs_host import hookimpl
from openhcs_host.contracts.images import Coordinates, ImageMetadata, image_name
from openhcs_host.contracts.storage import Capability, VirtualBackend
from openhcs_host.errors import InvalidPathError, PathNotDirectoryError, PathNotFoundError
from openhcs_host.testing import ExpectedView, VirtualKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}
PLACES = [Coordinates(well, 1, 1, z_index=z) for well in ("A01", "B02") for z in (1, 2, 10)]


class ThisKit(VirtualKit, abstract=True):
    @pytest.fixture
    def view(self, backend, tmp_path):
        root = tmp_path / "plate"
        root.mkdir()
        names = [image_name(place) for place in PLACES] + ["projections/A01.tif", "projections/old/A01.tif"]
        for number, name in enumerate(names):
            np.save(root / f"real-{number}.npy", np.full((2, 3), number, np.uint16))
            backend.mapping[f"{root.as_posix()}/{name}"] = f"{root}/real-{number}.npy"
        return ExpectedView(
            root=root.as_posix(),
            files={
                f"{root.as_posix()}/{name}": np.full((2, 3), n, np.uint16) for n, name in enumerate(names)
            },
            images={f"{root.as_posix()}/{image_name(place)}": ImageMetadata(place) for place in PLACES},
            real=root,
            forbidden=(f"{root.as_posix()}/real-0.npy",),
        )


class Base(VirtualBackend):
    capabilities = Capability.READ | Capability.LIST

    def __init__(self, mapping=()):
        self.mapping = dict(mapping)

    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls

    def configuration(self):
        return {"mapping": dict(self.mapping)}

    def load(self, path, **options):
        if path not in self.mapping:
            raise PathNotFoundError(path)
        return np.load(self.mapping[path])

    def is_file(self, path):
        return path in self.mapping

    def is_dir(self, path):
        return any(name.startswith(f"{path}/") for name in self.mapping)

    def checked(self, directory):
        if self.is_file(directory):
            raise PathNotDirectoryError(directory)
        if not self.is_dir(directory):
            raise PathNotFoundError(directory)

    def list_files(self, directory, *, recursive=False):
        self.checked(directory)
        below = [name for name in self.mapping if name.startswith(f"{directory}/")]
        return below if recursive else [name for name in below if posixpath.dirname(name) == directory]

    def list_dir(self, directory):
        self.checked(directory)
        start = len(directory) + 1
        below = [name for name in self.mapping if name.startswith(f"{directory}/")]
        return list(dict.fromkeys(name[start:].split("/")[0] for name in below))

    def generate_filename(self, image, extension=".tif"):
        if image.coordinates is None:
            raise InvalidPathError("no coordinates")
        return image_name(image.coordinates, extension)


class reference(Base):
    pass


class writes(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        np.save(f"{path}.npy", data)
        self.mapping[path] = f"{path}.npy"


class saving_silently_ignored(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        return


class writing_declared(Base):
    capabilities = Base.capabilities | Capability.WRITE


class listing_without_folders_inside(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory)


class listing_drops_the_last(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory, recursive=recursive)[:-1]


class listing_shows_real_names(Base):
    def list_files(self, directory, *, recursive=False):
        return [self.mapping[name] for name in super().list_files(directory, recursive=recursive)]


class listing_of_nothing_is_empty(Base):
    def checked(self, directory):
        return


class another_plane_loaded(Base):
    def load(self, path, **options):
        found = super().load(path)
        return found + 1 if "z010" in path else found


class batch_loaded_in_order_of_names(Base):
    def load_batch(self, paths, **options):
        return super().load_batch(sorted(paths), **options)


class names_not_padded(Base):
    def generate_filename(self, image, extension=".tif"):
        return super().generate_filename(image, extension).replace("_z0", "_z")


class names_without_coordinates(Base):
    def generate_filename(self, image, extension=".tif"):
        return super().generate_filename(image, extension) if image.coordinates else f"unknown{extension}"


class exists_for_prefixes(Base):
    def exists(self, path):
        return any(name.startswith(path) for name in self.mapping)


class real_files_shown(Base):
    def load(self, path, **options):
        if os.path.isfile(path):
            return path
        return super().load(path)


class dots_followed(Base):
    def load(self, path, **options):
        path = os.path.normpath(path)
        if path.endswith(".txt") and os.path.isfile(path):
            return path
        return super().load(path)


class similar_roots_answer(Base):
    def load(self, path, **options):
        return super().load(path.replace("/plate-2/", "/plate/"))


class reading_touches_the_plate(Base):
    def load(self, path, **options):
        found = super().load(path)
        with open(os.path.join(os.path.dirname(self.mapping[path]), ".cache"), "a") as stream:
            stream.write("x")
        return found


class view_not_described(Base):
    def configuration(self):
        return {}


@hookimpl
def openhcs_create_backend(key, config):
    plugin = PLUGINS[key](**config)
    plugin.key = key
    return plugin
