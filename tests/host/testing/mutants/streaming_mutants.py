"""A backend that sends to a list, and ways to get one thing wrong."""

from __future__ import annotations

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink, StreamingBackend, check_batch, refuse_options
from openhcs_host.errors import PathExistsError
from openhcs_host.testing import StreamingKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(StreamingKit, abstract=True):
    def received(self, backend):
        return getattr(backend, "sent", None)


class Base(StreamingBackend):
    capabilities = Capability.WRITE | Capability.STREAM

    def __init__(self):
        self.sent = []

    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls

    def save(self, data, path, *, overwrite=False, image=None, **options):
        refuse_options(self.key, options)
        self.sent.append((path, data.copy()))


class reference(Base):
    pass


class reference_without_write(Base):
    capabilities = Capability.STREAM


class path_sent_once(Base):
    def save(self, data, path, *, overwrite=False, **more):
        if not overwrite and any(path == sent for sent, _ in self.sent):
            raise PathExistsError(path)
        super().save(data, path, overwrite=overwrite, **more)


class batch_in_any_order(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        check_batch(data, paths, images)
        for path, item in sorted(zip(paths, data, strict=True), key=lambda pair: pair[0]):
            self.save(item, path, **more)


class batch_of_unequal_lengths_sent(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        for item, path in zip(data, paths, strict=False):
            self.save(item, path, **more)


class pixels_scaled_for_show(Base):
    def save(self, data, path, **more):
        super().save(data, path, **more)
        self.sent[-1] = path, (data // 2).astype(np.uint8)


class last_one_lost(Base):
    def save_batch(self, data, paths, *, overwrite=False, images=None, **more):
        check_batch(data, paths, images)
        super().save_batch(data[:1], paths[:1], **more)


class reading_declared(Base):
    capabilities = Base.capabilities | Capability.READ


class options_ignored(Base):
    def save(self, data, path, *, overwrite=False, image=None, **options):
        super().save(data, path)


class streaming_undeclared(Base):
    capabilities = Capability.WRITE


class no_streaming_backend(DataSink):
    capabilities = Capability.WRITE | Capability.STREAM
    __init__, save = Base.__init__, Base.save


class close_only_once(Base):
    closed = 0

    def close(self):
        self.closed += 1
        if self.closed == 2:
            raise RuntimeError("closed already")


PLUGINS["no_streaming_backend"] = no_streaming_backend


@hookimpl
def openhcs_create_backend(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
