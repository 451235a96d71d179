"""The memory backend as the reference, and ways to get one thing wrong."""

from __future__ import annotations

import copy as copying
import posixpath
import threading
import time

from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, check_batch
from openhcs_host.errors import PathExistsError, PathNotFoundError
from openhcs_host.files.memory_backend import MemoryBackend
from openhcs_host.testing import StorageKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(StorageKit, abstract=True):
    """The kit, as an author of a memory backend uses it."""


class Base(MemoryBackend):
    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls


class reference(Base):
    pass


class overwrite_ignored(Base):
    def save(self, data, path, *, overwrite=False, **more):
        super().save(data, path, overwrite=True, **more)


class overwrite_keeps_the_old(Base):
    def save(self, data, path, *, overwrite=False, **more):
        if not (overwrite and self.is_file(path)):
            super().save(data, path, overwrite=overwrite, **more)


class suffix_lost(Base):
    def save(self, data, path, **more):
        super().save(data, posixpath.splitext(path)[0], **more)

    def load(self, path, **more):
        return super().load(posixpath.splitext(path)[0], **more)

    def is_file(self, path):
        return super().is_file(posixpath.splitext(path)[0])


class names_folded(Base):
    def save(self, data, path, **more):
        super().save(data, path.lower(), **more)

    def load(self, path, **more):
        return super().load(path.lower(), **more)

    def is_file(self, path):
        return super().is_file(path.lower())


class names_stripped_of_spaces(Base):
    def save(self, data, path, **more):
        super().save(data, path.replace(" ", ""), **more)

    def load(self, path, **more):
        return super().load(path.replace(" ", ""), **more)

    def is_file(self, path):
        return super().is_file(path.replace(" ", ""))


class missing_is_none(Base):
    def load(self, path, **more):
        return super().load(path, **more) if self.exists(path) else None


class directory_loads_as_none(Base):
    def load(self, path, **more):
        return None if self.is_dir(path) else super().load(path, **more)


class none_counts_as_missing(Base):
    def load(self, path, **more):
        found = super().load(path, **more)
        if found is None:
            raise PathNotFoundError(path)
        return found


class exists_for_prefixes(Base):
    def exists(self, path):
        return any(name.startswith(path) for name in self._files)


class is_file_without_suffix(Base):
    def is_file(self, path):
        return super().is_file(path) or any(posixpath.splitext(name)[0] == path for name in self._files)


class is_dir_for_prefixes(Base):
    def is_dir(self, path):
        return any(name.startswith(path) and name != path for name in [*self._files, *self._directories])


class options_ignored_when_saving(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        super().save(data, path, overwrite=overwrite, image=image)


class options_ignored_when_loading(Base):
    def load(self, path, *, copy=False, **options):
        return super().load(path, copy=copy)


class image_refused(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        if image is not None:
            raise TypeError("no images please")
        super().save(data, path, overwrite=overwrite, **options)


class batch_loaded_sorted(Base):
    def load_batch(self, paths, **options):
        return super().load_batch(sorted(paths), **options)


class batch_loads_each_path_once(Base):
    def load_batch(self, paths, **options):
        return super().load_batch(list(dict.fromkeys(paths)), **options)


class batch_drops_its_last(Base):
    def save_batch(self, data, paths, **more):
        check_batch(data, paths, None)
        super().save_batch(data[:-1], paths[:-1], **more)


class batch_lengths_not_checked(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        for item, path in zip(data, paths, strict=False):
            self.save(item, path, overwrite=overwrite, **more)


class batch_last_of_a_double_wins(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        if len(data) == len(paths) != len(set(paths)):
            data, paths = zip(*dict(zip(paths, data, strict=True)).items(), strict=True)
            data, paths = paths, data
        super().save_batch(data, paths, overwrite=overwrite, images=images, **more)


class batch_stored_in_part(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        check_batch(data, paths, images)
        for item, path in zip(data, paths, strict=True):
            self.save(item, path, overwrite=overwrite, **more)


class batch_always_overwrites(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        super().save_batch(data, paths, overwrite=True, images=images, **more)


class delete_leaves_children(Base):
    def delete(self, path, *, recursive=False):
        if recursive and self.is_dir(path):
            del self._directories[path]
        else:
            super().delete(path, recursive=recursive)


class delete_ignores_the_flag(Base):
    def delete(self, path, *, recursive=False):
        super().delete(path, recursive=True)


class delete_of_nothing_is_fine(Base):
    def delete(self, path, *, recursive=False):
        if self.exists(path):
            super().delete(path, recursive=recursive)


class delete_takes_neighbours(Base):
    def delete(self, path, *, recursive=False):
        super().delete(path, recursive=recursive)
        for name in [name for name in self._files if name.startswith(posixpath.splitext(path)[0])]:
            super().delete(name)


class emptied_directories_vanish(Base):
    def delete(self, path, *, recursive=False):
        super().delete(path, recursive=recursive)
        parent = posixpath.dirname(path)
        if self._directories.get(parent) == {}:
            super().delete(parent)


class move_leaves_its_source(Base):
    def move(self, source, destination, *, overwrite=False):
        found = None if self.is_dir(source) else self.load(source)
        super().move(source, destination, overwrite=overwrite)
        if self.is_file(destination):
            self.save(found, source, overwrite=True)


class move_onto_itself_loses(Base):
    def move(self, source, destination, *, overwrite=False):
        if source == destination and self.is_file(source):
            self.delete(source)
        else:
            super().move(source, destination, overwrite=overwrite)


class move_onto_itself_refused(Base):
    def move(self, source, destination, *, overwrite=False):
        if source == destination and self.exists(source) and not overwrite:
            raise PathExistsError(destination)
        super().move(source, destination, overwrite=overwrite)


class move_overwrites(Base):
    def move(self, source, destination, *, overwrite=False):
        super().move(source, destination, overwrite=True)


class move_clears_the_destination_first(Base):
    def move(self, source, destination, *, overwrite=False):
        if overwrite and source != destination and self.is_file(destination):
            self.delete(destination)
        super().move(source, destination, overwrite=overwrite)


class move_takes_neighbours(Base):
    def move(self, source, destination, *, overwrite=False):
        neighbours = [name for name in self._files if name.startswith(source)] if self.is_dir(source) else []
        super().move(source, destination, overwrite=overwrite)
        for name in neighbours:
            if name in self._files:
                super().move(name, destination + name[len(source) :])


class move_forgets_empty_directories(Base):
    def move(self, source, destination, *, overwrite=False):
        super().move(source, destination, overwrite=overwrite)
        if self.is_dir(destination):
            empty = [name for name, names in self._directories.items() if not names]
            for name in empty:
                if name.startswith(destination + "/"):
                    self.delete(name)


class move_merges_directories(Base):
    def move(self, source, destination, *, overwrite=False):
        if overwrite and self.is_dir(source) and self.is_dir(destination):
            for name in self.list_files(source, recursive=True):
                super().move(name, destination + name[len(source) :], overwrite=True)
        else:
            super().move(source, destination, overwrite=overwrite)


class copy_is_a_move(Base):
    def copy(self, source, destination, *, overwrite=False):
        self.move(source, destination, overwrite=overwrite)


class copy_overwrites(Base):
    def copy(self, source, destination, *, overwrite=False):
        super().copy(source, destination, overwrite=True)


class copy_onto_itself_refused(Base):
    def copy(self, source, destination, *, overwrite=False):
        if source == destination and self.is_file(source) and not overwrite:
            raise PathExistsError(destination)
        super().copy(source, destination, overwrite=overwrite)


class listing_never_recursive(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory)


class listing_always_recursive(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory, recursive=True)


class listing_of_nothing_is_empty(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory, recursive=recursive) if self.exists(directory) else []


class listing_of_a_file_is_the_file(Base):
    def list_files(self, directory, *, recursive=False):
        if self.is_file(directory):
            return [directory]
        return super().list_files(directory, recursive=recursive)


class listing_gives_bare_names(Base):
    def list_files(self, directory, *, recursive=False):
        return [path[len(directory) + 1 :] for path in super().list_files(directory, recursive=recursive)]


class listing_gives_names_for_a_directory(Base):
    def list_dir(self, directory):
        return [f"{directory}/{name}" for name in super().list_dir(directory)]


class listing_without_directories(Base):
    def list_dir(self, directory):
        return [name for name in super().list_dir(directory) if self.is_file(f"{directory}/{name}")]


class listing_breaks_off(Base):
    def list_files(self, directory, *, recursive=False):
        return super().list_files(directory, recursive=recursive)[:256]


class listing_by_prefix(Base):
    def list_files(self, directory, *, recursive=False):
        found = super().list_files(directory, recursive=recursive)
        return [name for name in self._files if name.startswith(directory)] if recursive else found


class listing_names_directories_too(Base):
    def list_files(self, directory, *, recursive=False):
        found = super().list_files(directory, recursive=recursive)
        return found if recursive else [f"{directory}/{name}" for name in self.list_dir(directory)]


class parents_not_made(Base):
    def save(self, data, path, **more):
        parent = posixpath.dirname(path)
        if posixpath.basename(posixpath.dirname(parent)) in ("p", "q", "new") and not self.exists(parent):
            raise PathNotFoundError(parent)
        super().save(data, path, **more)


class files_are_parents_too(Base):
    def save(self, data, path, **more):
        parent = self._files.pop(posixpath.dirname(path), self)
        super().save(data, path, **more)
        if parent is not self:
            self._files[posixpath.dirname(path)] = parent


class directories_are_replaced(Base):
    def save(self, data, path, *, overwrite=False, **more):
        if overwrite and self.is_dir(path):
            self.delete(path, recursive=True)
        super().save(data, path, overwrite=overwrite, **more)


class directory_made_only_once(Base):
    def ensure_directory(self, path):
        if self.is_dir(path):
            raise PathExistsError(path)
        super().ensure_directory(path)


class directory_cleared_when_made_again(Base):
    def ensure_directory(self, path):
        if self.is_dir(path):
            self.delete(path, recursive=True)
        super().ensure_directory(path)


class directory_made_over_a_file(Base):
    def ensure_directory(self, path):
        if self.is_file(path):
            self.delete(path)
        super().ensure_directory(path)


class close_only_once(Base):
    closed = False

    def close(self):
        if self.closed:
            self.closed = False  # or the host could not close it either
            raise RuntimeError("closed already")
        self.closed = True


class objects_copied(Base):
    def load(self, path, **more):
        return copying.deepcopy(super().load(path, **more))


class own_copy_not_given(Base):
    def load(self, path, *, copy=False, **more):
        return super().load(path, **more)


class listing_undeclared(Base):
    capabilities = Base.capabilities & ~Capability.LIST


class links_declared_and_missing(Base):
    capabilities = Base.capabilities | Capability.LINK


class streaming_declared(Base):
    capabilities = Base.capabilities | Capability.STREAM


class capabilities_of_the_instance(Base):
    capabilities = property(lambda self: MemoryBackend.capabilities)


class builtin_errors(Base):
    def save(self, data, path, *, overwrite=False, **more):
        if not overwrite and self.is_file(path):
            raise FileExistsError(path)
        super().save(data, path, overwrite=overwrite, **more)


class configuration_not_plain(Base):
    def configuration(self):
        return {"lock": threading.Lock}


class not_recreated(Base):
    def configuration(self):
        return {"shelves": 4}


class saved_object_spoilt(Base):
    def save(self, data, path, **more):
        super().save(copying.deepcopy(data), path, **more)
        if getattr(data, "size", 0):
            data[...] = 0


class check_then_write(Base):
    def save(self, data, path, *, overwrite=False, **more):
        if not overwrite and self.is_file(path):
            raise PathExistsError(path)
        time.sleep(0.001)
        super().save(data, path, overwrite=True, **more)


class link_everywhere(Base):
    def is_symlink(self, path):
        return True


class stat_of_anything(Base):
    def stat(self, path):
        return super().stat(path) if self.exists(path) else None


@hookimpl
def openhcs_create_backend(key, config):
    if config:
        raise ValueError(f"no options: {config}")
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
