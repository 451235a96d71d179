"""A sink that gives nothing back, and ways to get one thing wrong."""

from __future__ import annotations

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink, refuse_options
from openhcs_host.errors import PathExistsError
from openhcs_host.testing import SinkKit, StorageKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


# The storage kit takes a mere sink as well: what does not apply is skipped.
class ThisKit(StorageKit, abstract=True):
    pass


assert issubclass(StorageKit, SinkKit)


class Base(DataSink):
    capabilities = Capability.WRITE

    def __init__(self):
        self.stored = {}

    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls

    def save(self, data, path, *, overwrite=False, image=None, **options):
        refuse_options(self.key, options)
        if path in self.stored and not overwrite:
            raise PathExistsError(path)
        self.stored[path] = data


class reference(Base):
    pass


class reading_declared(Base):
    capabilities = Capability.WRITE | Capability.READ


class nothing_declared(Base):
    capabilities = Capability(0)


class options_ignored(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        super().save(data, path, overwrite=overwrite)


class overwrites(Base):
    def save(self, data, path, *, overwrite=False, **more):
        super().save(data, path, overwrite=True, **more)


class lengths_not_checked(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        for item, path in zip(data, paths, strict=False):
            self.save(item, path, overwrite=overwrite, **more)


class empty_batch_refused(Base):
    def save_batch(self, data, paths, **more):
        data[0]
        super().save_batch(data, paths, **more)


class objects_spoilt(Base):
    def save(self, data, path, **more):
        super().save(data, path, **more)
        if isinstance(data, np.ndarray):
            data[...] = 0


class images_not_taken(Base):
    def save(self, data, path, *, overwrite=False, **options):
        refuse_options(self.key, options)
        super().save(data, path, overwrite=overwrite)


class not_recreated(Base):
    def configuration(self):
        return {"address": object}


@hookimpl
def openhcs_create_backend(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
