"""A small correct format of arrays, a lossy one, and ways to get one thing wrong."""

from __future__ import annotations

import hashlib
import json
import time
from typing import ClassVar

import numpy as np

from openhcs_host import hookimpl
from openhcs_host.contracts.formats import Format
from openhcs_host.errors import FormatError, UnsupportedDataError
from openhcs_host.testing import FormatKit
from openhcs_host.testing.equality import sample_arrays

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}


class ThisKit(FormatKit, abstract=True):
    examples = sample_arrays()
    refused = (np.array([None]), [1], "text")


class Base(Format):
    """A line of JSON, a checksum, the bytes."""

    def __init_subclass__(cls) -> None:
        PLUGINS[f".{cls.__name__}"] = cls

    def check(self, data):
        if not isinstance(data, np.ndarray) or data.dtype.hasobject:
            raise UnsupportedDataError(f"no array: {type(data).__name__}")

    def head(self, data):
        return {"dtype": data.dtype.str, "shape": data.shape}

    def write(self, data, stream, *, image=None, **options):
        if options:
            raise TypeError(f"unknown {options}")
        self.check(data)
        content = np.ascontiguousarray(data).tobytes()
        self.put(stream, self.head(data), content)

    def put(self, stream, head, content):
        line = json.dumps(head).encode()
        stream.write(hashlib.sha256(line + content).hexdigest().encode() + line + b"\n" + content)

    def verify(self, digest, line, content):
        if hashlib.sha256(line + content).hexdigest().encode() != digest:
            raise FormatError("not this format, or damaged")

    def read(self, stream, **options):
        if options:
            raise TypeError(f"unknown {options}")
        line, _, content = stream.read().partition(b"\n")
        digest, line = line[:64], line[64:]
        self.verify(digest, line, content)
        head = json.loads(line)
        return np.frombuffer(content, head["dtype"]).reshape(head["shape"]).copy()


class reference(Base):
    pass


class dtype_lost(Base):
    def read(self, stream, **options):
        found = super().read(stream, **options)
        return found.astype(bool) if found.dtype == np.uint8 else found


class shape_squeezed(Base):
    def head(self, data):
        return {**super().head(data), "shape": data.squeeze().shape}


class one_dimension_at_least(Base):
    def read(self, stream, **options):
        return np.atleast_1d(super().read(stream, **options))


class byte_order_lost(Base):
    def head(self, data):
        return {**super().head(data), "dtype": data.dtype.newbyteorder("=").str}


class gaps_not_noticed(Base):
    def write(self, data, stream, *, image=None, **options):
        if (
            isinstance(data, np.ndarray)
            and data.ndim
            and data.base is not None
            and data.strides[-1] > data.itemsize
        ):
            data = np.lib.stride_tricks.as_strided(data, strides=(*data.strides[:-1], data.itemsize))
        super().write(data, stream, image=image, **options)


class fortran_order_lost(Base):
    def write(self, data, stream, *, image=None, **options):
        if (
            isinstance(data, np.ndarray)
            and data.ndim == 2
            and data.flags.f_contiguous
            and not data.flags.c_contiguous
        ):
            data = data.T.reshape(data.shape)
        super().write(data, stream, image=image, **options)


class nan_replaced(Base):
    def write(self, data, stream, **more):
        if isinstance(data, np.ndarray) and data.dtype.kind == "f":
            data = np.nan_to_num(data)
        super().write(data, stream, **more)


class image_spoils_it(Base):
    def write(self, data, stream, *, image=None, **options):
        super().write(data if image is None or not data.ndim else data[::-1], stream, **options)


class refused_too_late(Base):
    def write(self, data, stream, **more):
        stream.write(b"")
        super().write(data, stream, **more)


class anything_written_as_text(Base):
    def write(self, data, stream, *, image=None, **options):
        super().write(data if isinstance(data, np.ndarray) else np.array(list(repr(data))), stream, **options)


class refused_as_type_error(Base):
    def check(self, data):
        try:
            super().check(data)
        except UnsupportedDataError as error:
            raise TypeError(str(error)) from None


class write_options_ignored(Base):
    def write(self, data, stream, *, image=None, **options):
        super().write(data, stream)


class read_options_ignored(Base):
    def read(self, stream, **options):
        return super().read(stream)


class cut_off_filled_with_zeros(Base):
    def verify(self, digest, line, content):
        if b"{" not in line[:1] or line[-1:] != b"}":
            raise FormatError("no header")

    def read(self, stream, **options):
        if options:
            raise TypeError(f"unknown {options}")
        line, _, content = stream.read().partition(b"\n")
        self.verify(line[:64], line[64:], content)
        head = json.loads(line[64:])
        length = np.dtype(head["dtype"]).itemsize * int(np.prod(head["shape"]))
        return np.frombuffer(content.ljust(length, b"\0")[:length], head["dtype"]).reshape(head["shape"])


class cut_off_is_an_index_error(Base):
    def verify(self, digest, line, content):
        if not line:
            raise IndexError("no header")
        super().verify(digest, line, content)


class foreign_bytes_are_an_empty_array(Base):
    def read(self, stream, **options):
        start = stream.tell()
        if stream.read(3) == b"\xff\xfe\x00":
            return np.zeros(0)
        stream.seek(start)
        return super().read(stream, **options)


class foreign_bytes_are_a_value_error(Base):
    def verify(self, digest, line, content):
        if not digest.isalnum():
            raise ValueError("not this format")
        super().verify(digest, line, content)


class time_in_the_bytes(Base):
    def head(self, data):
        return {**super().head(data), "time": time.perf_counter_ns()}


class stream_closed_after_writing(Base):
    def put(self, stream, head, content):
        super().put(stream, head, content)
        stream.close()


class stream_closed_after_reading(Base):
    def read(self, stream, **options):
        found = super().read(stream, **options)
        stream.close()
        return found


class real_file_needed(Base):
    def read(self, stream, **options):
        stream.fileno()
        return super().read(stream, **options)


class buffer_needed(Base):
    def put(self, stream, head, content):
        stream.getbuffer()
        super().put(stream, head, content)


class object_spoilt(Base):
    def write(self, data, stream, **more):
        super().write(data, stream, **more)
        if data.size and data.flags.writeable:
            data[...] = 0


class one_buffer_for_all(Base):
    buffers: ClassVar[dict] = {}

    def read(self, stream, **options):
        found = super().read(stream, **options)
        buffer = self.buffers.setdefault((found.shape, "u2"), found)
        if buffer.dtype == found.dtype:
            buffer[...] = found
            return buffer
        return found


class loses_pixels_unasked(Base):
    def write(self, data, stream, **more):
        if isinstance(data, np.ndarray) and data.dtype == np.uint8:
            data = data // 2 * 2
        super().write(data, stream, **more)


@hookimpl
def openhcs_create_format(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
