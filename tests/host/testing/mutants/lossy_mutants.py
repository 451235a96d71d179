"""A format that loses pixels by its nature, and ways to get that wrong."""

from __future__ import annotations

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.errors import FormatError, UnsupportedDataError
from openhcs_host.testing import FormatKit

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(FormatKit, abstract=True):
    lossy = True
    tolerance = 1.0
    examples = (
        np.arange(96, dtype=np.uint8).reshape(8, 12),
        np.arange(30, dtype=np.uint8).reshape(5, 6)[:, ::-1],
    )
    refused = (np.zeros((2, 2)), np.zeros(3, np.uint8))


class Base(Format):
    """Sixteen grey levels would be too few; every second one is near enough."""

    step = 2

    def __init_subclass__(cls) -> None:
        PLUGINS[f".{cls.__name__}"] = cls

    def write(self, data, stream, *, image=None, lossy=False, **options):
        if options:
            raise TypeError(f"unknown {options}")
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2:
            raise UnsupportedDataError("planes of uint8 only")
        if not lossy:
            raise UnsupportedDataError("this format loses pixels; pass lossy=True")
        pixels = (data // self.step).tobytes()
        stream.write(b"LOSS%c%c%c" % (*data.shape, sum(pixels) % 256) + pixels)

    def read(self, stream, **options):
        if options:
            raise TypeError(f"unknown {options}")
        content = stream.read()
        if content[:4] != b"LOSS" or len(content) < 7 or len(content) != 7 + content[4] * content[5]:
            raise FormatError("not this format, or cut off")
        return np.frombuffer(content[7:], np.uint8).reshape(content[4], content[5]) * np.uint8(self.step)


class reference(Base):
    pass


class lossy_by_default(Base):
    def write(self, data, stream, *, lossy=True, **more):
        super().write(data, stream, lossy=lossy, **more)


class lossy_whatever_is_said(Base):
    def write(self, data, stream, *, lossy=False, **more):
        super().write(data, stream, lossy=True, **more)


class loses_too_much(Base):
    step = 16


class loses_rows(Base):
    def write(self, data, stream, **more):
        super().write(data[::2] if isinstance(data, np.ndarray) else data, stream, **more)


class header_before_refusal(Base):
    def write(self, data, stream, *, lossy=False, **more):
        if not lossy:
            stream.write(b"LOSS")
        super().write(data, stream, lossy=lossy, **more)


@hookimpl
def openhcs_create_format(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
