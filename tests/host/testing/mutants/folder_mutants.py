"""A small correct backend of files, no kin of the disk backend, and ways to get one thing wrong."""

from __future__ import annotations

import io
import os
import shutil
import time
from typing import ClassVar

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, FileStat, StorageBackend, refuse_options
from openhcs_host.errors import (
    DirectoryNotEmptyError,
    InvalidPathError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UnsupportedDataError,
)
from openhcs_host.files.atomic import atomic_write, is_temporary, make_directories
from openhcs_host.testing import StorageKit
from openhcs_host.testing.equality import sample_arrays

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(StorageKit, abstract=True):
    examples: ClassVar = {".npy": sample_arrays(), ".txt": ["text µ", ""]}


class Folder(StorageBackend):
    capabilities = Capability.WRITE | Capability.READ | Capability.LIST | Capability.LINK

    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls

    def encode(self, data, path):
        if path.lower().endswith(".npy") and isinstance(data, np.ndarray) and not data.dtype.hasobject:
            stream = io.BytesIO()
            np.save(stream, data)
            return stream.getvalue()
        if path.lower().endswith(".txt") and isinstance(data, str):
            return data.encode()
        raise UnsupportedDataError(f"cannot hold {type(data).__name__} in {path}")

    def decode(self, content, path):
        return np.load(io.BytesIO(content)) if path.lower().endswith(".npy") else content.decode()

    def put(self, content, path, overwrite):
        with atomic_write(path, overwrite=overwrite) as stream:
            stream.write(content)

    def save(self, data, path, *, overwrite=False, image=None, **options):
        refuse_options(self.key, options)
        if os.path.isdir(path) and not os.path.islink(path):
            raise PathIsDirectoryError(path)
        self.put(self.encode(data, path), path, overwrite)

    def load(self, path, **options):
        refuse_options(self.key, options)
        return self.decode(self.content(path), path)

    def content(self, path):
        if os.path.isdir(path):
            raise PathIsDirectoryError(path)
        try:
            with open(path, "rb") as stream:
                return stream.read()
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFoundError(path) from None

    def is_file(self, path):
        return os.path.isfile(path)

    def is_dir(self, path):
        return os.path.isdir(path)

    def is_symlink(self, path):
        return os.path.islink(path)

    def stat(self, path):
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFoundError(path) from None
        if os.path.islink(path):
            return FileStat("symlink")
        kind = "directory" if os.path.isdir(path) else "file"
        return FileStat(kind, status.st_size if kind == "file" else None, status.st_mtime)

    def list_dir(self, directory):
        if os.path.isfile(directory):
            raise PathNotDirectoryError(directory)
        try:
            return [name for name in os.listdir(directory) if not is_temporary(name)]
        except (FileNotFoundError, NotADirectoryError):
            raise PathNotFoundError(directory) from None

    def list_files(self, directory, *, recursive=False):
        found = []
        for name in self.list_dir(directory):
            path = f"{directory}/{name}"
            if os.path.isfile(path):
                found.append(path)
            elif recursive and os.path.isdir(path) and not os.path.islink(path):
                found += self.list_files(path, recursive=True)
        return found

    def ensure_directory(self, path):
        make_directories(path)

    def delete(self, path, *, recursive=False):
        if not os.path.lexists(path):
            raise PathNotFoundError(path)
        if os.path.islink(path) or os.path.isfile(path):
            os.unlink(path)
        elif recursive:
            shutil.rmtree(path)
        elif os.listdir(path):
            raise DirectoryNotEmptyError(path)
        else:
            os.rmdir(path)

    def copy(self, source, destination, *, overwrite=False):
        content = self.content(source)
        if source != destination:
            if os.path.isdir(destination):
                raise PathIsDirectoryError(destination)
            self.put(content, destination, overwrite)

    def move(self, source, destination, *, overwrite=False):
        if not os.path.lexists(source):
            raise PathNotFoundError(source)
        if source == destination:
            return
        directory = os.path.isdir(source) and not os.path.islink(source)
        if directory and destination.startswith(source + "/"):
            raise InvalidPathError(destination)
        if directory and os.path.lexists(destination):
            raise PathExistsError(destination)
        if os.path.isdir(destination):
            raise PathIsDirectoryError(destination)
        if os.path.lexists(destination) and not overwrite:
            raise PathExistsError(destination)
        make_directories(os.path.dirname(destination))
        os.replace(source, destination)

    def create_symlink(self, target, link, *, overwrite=False):
        if not os.path.lexists(target):
            raise PathNotFoundError(target)
        if os.path.lexists(link):
            if not (overwrite and os.path.islink(link)):
                raise PathExistsError(link)
            os.unlink(link)
        make_directories(os.path.dirname(link))
        os.symlink(target, link)


class reference(Folder):
    pass


class reference_without_links(Folder):
    capabilities = Folder.capabilities & ~Capability.LINK
    is_symlink = StorageBackend.is_symlink
    create_symlink = StorageBackend.create_symlink


class dtype_changed(Folder):
    def encode(self, data, path):
        wide = isinstance(data, np.ndarray) and data.dtype == np.uint32
        return super().encode(data.astype(np.int64) if wide else data, path)


class shape_squeezed(Folder):
    def decode(self, content, path):
        found = super().decode(content, path)
        return found.squeeze() if isinstance(found, np.ndarray) and found.ndim > 2 else found


class nan_becomes_zero(Folder):
    def decode(self, content, path):
        found = super().decode(content, path)
        return np.nan_to_num(found) if isinstance(found, np.ndarray) and found.dtype.kind == "f" else found


class text_loses_its_signs(Folder):
    def decode(self, content, path):
        return super().decode(
            content if path.endswith(".npy") else content.decode().encode("ascii", "ignore"), path
        )


class loaded_objects_shared(Folder):
    def __init__(self):
        self.cache = {}

    def load(self, path, **options):
        refuse_options(self.key, options)
        content = self.content(path)
        if content not in self.cache:
            self.cache[content] = self.decode(content, path)
        return self.cache[content]


class saved_object_kept(Folder):
    def __init__(self):
        self.kept = {}

    def save(self, data, path, **more):
        super().save(data, path, **more)
        self.kept[path] = self.content(path), data

    def load(self, path, **options):
        content, data = self.kept.get(path, (None, None))
        return (
            data if content is not None and content == self.content(path) else super().load(path, **options)
        )


class torn_when_saving_fails(Folder):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        refuse_options(self.key, options)
        if overwrite and os.path.isfile(path) and not os.path.islink(path):
            open(path, "wb").close()
            with open(path, "wb") as stream:
                stream.write(self.encode(data, path))
        else:
            super().save(data, path, overwrite=overwrite)


class deleted_before_it_is_replaced(Folder):
    def put(self, content, path, overwrite):
        if overwrite and os.path.isfile(path) and not os.path.islink(path):
            os.unlink(path)
            time.sleep(0.001)
        super().put(content, path, overwrite)


class written_in_two_pieces(Folder):
    def put(self, content, path, overwrite):
        if overwrite and os.path.isfile(path) and not os.path.islink(path):
            with open(path, "wb", buffering=0) as stream:
                stream.write(content[: len(content) // 2])
                time.sleep(0.001)
                stream.write(content[len(content) // 2 :])
        else:
            super().put(content, path, overwrite)


class leftovers_of_failures_listed(Folder):
    def save(self, data, path, **more):
        try:
            super().save(data, path, **more)
        except UnsupportedDataError:
            open(f"{path}.part", "wb").close()
            raise


class failing_save_makes_an_empty_file(Folder):
    def save(self, data, path, **more):
        try:
            super().save(data, path, **more)
        except UnsupportedDataError:
            if not os.path.exists(path):
                self.put(b"", path, False)
            raise


class unsupported_data_swallowed(Folder):
    def save(self, data, path, **more):
        try:
            super().save(data, path, **more)
        except UnsupportedDataError:
            return


class unsupported_data_is_a_plain_type_error(Folder):
    def encode(self, data, path):
        try:
            return super().encode(data, path)
        except UnsupportedDataError as error:
            raise TypeError(str(error)) from None


class temporary_files_listed(Folder):
    def put(self, content, path, overwrite):
        super().put(content, path, overwrite)
        open(os.path.join(os.path.dirname(path), ".lock"), "wb").close()


class hidden_files_not_listed(Folder):
    def list_dir(self, directory):
        return [name for name in super().list_dir(directory) if not name.startswith(".")]


class names_made_ascii(Folder):
    def plain(self, path):
        return path.encode("ascii", "replace").decode().replace("?", "_")

    def save(self, data, path, **more):
        super().save(data, self.plain(path), **more)

    def load(self, path, **more):
        return super().load(self.plain(path), **more)

    def is_file(self, path):
        return super().is_file(self.plain(path))


class copies_are_links(Folder):
    def copy(self, source, destination, *, overwrite=False):
        super().copy(source, destination, overwrite=overwrite)
        if source != destination:
            os.unlink(destination)
            os.symlink(source, destination)


class copy_breaks_off(Folder):
    def copy(self, source, destination, *, overwrite=False):
        super().copy(source, destination, overwrite=overwrite)
        if source != destination:
            with open(destination, "r+b") as stream:
                stream.truncate(len(self.content(source)) - 1)


class failing_copy_deletes_the_destination(Folder):
    def copy(self, source, destination, *, overwrite=False):
        if overwrite and source != destination and os.path.isfile(destination):
            os.unlink(destination)
        super().copy(source, destination, overwrite=overwrite)


class move_goes_into_a_directory(Folder):
    def move(self, source, destination, *, overwrite=False):
        if os.path.isfile(source) and os.path.isdir(destination):
            destination = f"{destination}/{os.path.basename(source)}"
        super().move(source, destination, overwrite=overwrite)


class parents_not_made_when_moving(Folder):
    def move(self, source, destination, *, overwrite=False):
        if os.path.lexists(source) and not os.path.exists(os.path.dirname(destination)):
            raise PathNotFoundError(os.path.dirname(destination))
        super().move(source, destination, overwrite=overwrite)


class delete_follows_links(Folder):
    def delete(self, path, *, recursive=False):
        super().delete(os.path.realpath(path) if os.path.islink(path) else path, recursive=recursive)


class move_follows_links(Folder):
    def move(self, source, destination, *, overwrite=False):
        if os.path.islink(source) and os.path.isfile(source):
            source = os.path.realpath(source)
        super().move(source, destination, overwrite=overwrite)


class save_follows_links(Folder):
    def put(self, content, path, overwrite):
        super().put(content, os.path.realpath(path) if overwrite else path, overwrite)


class links_replace_files(Folder):
    def create_symlink(self, target, link, *, overwrite=False):
        if overwrite and os.path.isfile(link):
            os.unlink(link)
        super().create_symlink(target, link, overwrite=overwrite)


class links_replace_links_unasked(Folder):
    def create_symlink(self, target, link, *, overwrite=False):
        super().create_symlink(target, link, overwrite=overwrite or os.path.islink(link))


class links_to_nothing_made(Folder):
    def create_symlink(self, target, link, *, overwrite=False):
        if os.path.lexists(link):
            super().create_symlink(target, link, overwrite=overwrite)
        else:
            os.symlink(target, link)


class stat_follows_links(Folder):
    def stat(self, path):
        return super().stat(os.path.realpath(path))


class links_not_recognised(Folder):
    def is_symlink(self, path):
        return False


class links_not_listed(Folder):
    def list_files(self, directory, *, recursive=False):
        return [
            path for path in super().list_files(directory, recursive=recursive) if not os.path.islink(path)
        ]


class links_undeclared(Folder):
    capabilities = Folder.capabilities & ~Capability.LINK


@hookimpl
def openhcs_create_backend(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
