"""The kit of file formats."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pytest

from openhcs_host.contracts.formats import Format
from openhcs_host.errors import FormatError, UnsupportedDataError
from openhcs_host.seam.host import Host
from openhcs_host.testing.backends import IMAGE, HostedKit
from openhcs_host.testing.equality import Unholdable, assert_same, difference, spoil

__all__ = ["FormatKit"]


class FormatKit(HostedKit):
    """Certifies a file format.

    ::

        class TestNpy(FormatKit):
            key = ".npy"
            examples = sample_arrays()
    """

    examples: ClassVar[Sequence[Any]] = ()
    """Objects that ``write`` takes and ``read`` gives back equal."""
    conversions: ClassVar[Sequence[tuple[Any, Any]]] = ()
    """Pairs (written, read) of objects that come back in another form, as the format's contract says."""
    refused: ClassVar[Sequence[Any]] = ()
    """Objects that it cannot hold unchanged. One that cannot even be pickled is tried in any case."""
    lossy: ClassVar[bool] = False
    """Whether it loses pixels by its nature, and so writes only with ``lossy=True``."""
    tolerance: ClassVar[float] = 0.0
    """For a lossy format: by how much a pixel may change on average."""

    @pytest.fixture
    def format(self, host: Host) -> Format:
        """Return the format as the host hands it out."""
        return host.format(self.key, **self.config)

    def _options(self) -> Mapping[str, Any]:
        return {"lossy": True} if self.lossy else MappingProxyType({})

    def _written(self, form: Format, data: Any, **options: Any) -> bytes:
        stream = io.BytesIO()
        form.write(data, stream, **{**self._options(), **options})
        return stream.getvalue()

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Return what is written and what must come back, each a copy that a plugin cannot spoil for others."""
        pairs = [*((data, data) for data in self.examples), *self.conversions]
        assert pairs, f"{type(self).__name__} needs examples"
        return [(copy.deepcopy(data), copy.deepcopy(expected)) for data, expected in pairs]

    def _assert_read(self, found: Any, expected: Any, where: str) -> None:
        how = self._difference(found, expected)
        assert how is None, f"{where}: {how}"

    def _difference(self, found: Any, expected: Any) -> str | None:
        if not (self.lossy and isinstance(expected, np.ndarray)):
            return difference(found, expected)
        if not isinstance(found, np.ndarray) or (found.shape, found.dtype) != (
            expected.shape,
            expected.dtype,
        ):
            return f"{found!r} is no array of shape {expected.shape} and dtype {expected.dtype}"
        mean = float(np.abs(found.astype(float) - expected.astype(float)).mean())
        return None if mean <= self.tolerance else f"pixels changed by {mean} on average"

    def test_its_key_is_an_extension(self, host: Host, format: Format) -> None:
        """The key is in lower case with its dot, and lookups through the host ignore case."""
        assert format.key == self.key == self.key.lower()
        assert self.key.startswith(".")
        assert host.format(self.key.upper(), **self.config).key == self.key

    def test_every_example_comes_back_as_it_was(self, format: Format) -> None:
        """Values, dtype, shape and types survive, with and without ``image``."""
        for number, (data, expected) in enumerate(self._pairs()):
            for image in (None, IMAGE):
                stream = io.BytesIO(self._written(format, data, image=image))
                where = f"example {number}" + (" with image" if image else "")
                self._assert_read(format.read(stream), expected, where)

    def test_arrays_in_any_layout_come_back_or_are_refused(self, format: Format) -> None:
        """Other byte order, Fortran order, views with gaps, read-only: equal values, or not written at all."""
        for data, _ in self._pairs():
            if not isinstance(data, np.ndarray) or data.dtype.hasobject:
                continue
            for name, variant in _variants(data).items():
                stream = _Recorder()
                try:
                    format.write(variant, stream, **self._options())
                except UnsupportedDataError:
                    assert stream.touched == 0, f"{name}: refused after writing began"
                    continue
                stream.seek(0)
                self._assert_read(format.read(stream), data, f"{name}, {data.dtype} {data.shape}")

    def test_writing_leaves_the_object_alone(self, format: Format) -> None:
        """What was given to ``write`` is the same afterwards."""
        for number, (data, _) in enumerate(self._pairs()):
            before = copy.deepcopy(data)
            self._written(format, data)
            assert_same(data, before, f"example {number} after writing")

    def test_what_cannot_be_held_is_refused_before_the_first_byte(self, format: Format) -> None:
        """It is an UnsupportedDataError, and the stream was not touched."""
        for odd in (Unholdable(), [Unholdable()], {"a": Unholdable()}, *self.refused):
            stream = _Recorder()
            with pytest.raises(UnsupportedDataError):
                format.write(odd, stream, **self._options())
            assert stream.touched == 0, f"{type(odd).__name__} was refused after writing began"

    def test_a_lossy_format_writes_only_when_told(self, format: Format) -> None:
        """Without ``lossy=True`` a format that loses pixels refuses before the first byte."""
        if not self.lossy:
            pytest.skip("does not apply: it loses nothing")
        stream = _Recorder()
        without: tuple[dict[str, Any], ...] = ({}, {"lossy": False})
        for options in without:
            with pytest.raises(UnsupportedDataError):
                format.write(self._pairs()[0][0], stream, **options)
        assert stream.touched == 0

    def test_an_unknown_option_is_a_type_error(self, format: Format) -> None:
        """A misspelt option passes neither writing nor reading."""
        data = self._pairs()[0][0]
        stream = _Recorder()
        with pytest.raises(TypeError) as caught:
            format.write(data, stream, **self._options(), no_such_option=1)
        assert not isinstance(caught.value, UnsupportedDataError)
        assert stream.touched == 0, "it was written all the same"
        with pytest.raises(TypeError):
            format.read(io.BytesIO(self._written(format, data)), no_such_option=1)

    def test_cut_off_bytes_are_never_wrong_data(self, format: Format) -> None:
        """Wherever a file breaks off, it is a FormatError, or nothing was lost."""
        for number, (data, expected) in enumerate(self._pairs()):
            whole = self._written(format, data)
            for end in _ends(len(whole)):
                where = f"example {number}, cut after {end} of {len(whole)} bytes"
                try:
                    found = format.read(io.BytesIO(whole[:end]))
                except FormatError:
                    continue
                except Exception as error:
                    raise AssertionError(f"{where}: {error!r} instead of a FormatError") from error
                self._assert_read(found, expected, where)

    def test_foreign_bytes_are_a_format_error(self, format: Format) -> None:
        """Bytes of something else are said to be so, not taken for data."""
        noise = random.Random(1)
        for number in range(20):
            foreign = b"\xff\xfe\x00" + noise.randbytes(4**number if number < 6 else 700)
            try:
                found = format.read(io.BytesIO(foreign))
            except FormatError as error:
                assert str(error)
            except Exception as error:
                raise AssertionError(f"foreign bytes give {error!r} instead of a FormatError") from error
            else:
                pytest.fail(f"{len(foreign)} foreign bytes were read as {type(found).__name__}")

    def test_the_same_object_gives_the_same_bytes(self, format: Format, host: Host) -> None:
        """No date, no random number, no address gets into the file."""
        with Host(host.index) as other:
            twin = other.format(self.key, **self.config)
            for number, (data, _) in enumerate(self._pairs()):
                first = self._written(format, data, image=IMAGE)
                again = self._written(twin, copy.deepcopy(data), image=IMAGE)
                assert first == again, f"example {number} gives other bytes the second time"

    def test_the_stream_may_be_a_real_file_and_stays_open(self, format: Format, tmp_path: Any) -> None:
        """A file and a buffer get the same bytes; neither is closed by the format."""
        for number, (data, expected) in enumerate(self._pairs()):
            path = tmp_path / f"{number}{self.key}"
            buffer = io.BytesIO()
            format.write(data, buffer, **self._options())
            with open(path, "x+b") as stream:
                format.write(data, stream, **self._options())
                assert not stream.closed, "the format closed the file that it wrote"
            assert not buffer.closed, "the format closed the stream that it wrote"
            assert path.read_bytes() == buffer.getvalue(), "a file got other bytes than a buffer"
            buffer.seek(0)
            format.read(buffer)
            assert not buffer.closed, "the format closed the stream that it read"
            with open(path, "rb") as stream:
                self._assert_read(format.read(stream), expected, f"example {number} from a file")
                assert not stream.closed, "the format closed the file that it read"

    def test_every_object_read_is_a_new_one(self, format: Format) -> None:
        """One format serves many files: what was read stays when others are read, or changed."""
        pairs = self._pairs()
        written = [self._written(format, data) for data, _ in pairs]
        found = [format.read(io.BytesIO(content)) for content in written]
        again = [format.read(io.BytesIO(content)) for content in written]
        for number, (value, (_, expected)) in enumerate(zip(found, pairs, strict=True)):
            self._assert_read(value, expected, f"example {number}, after the others were read")
        for value in again:
            spoil(value)
        for number, (value, (_, expected)) in enumerate(zip(found, pairs, strict=True)):
            self._assert_read(value, expected, f"example {number}, after another reading of it was changed")


class _Recorder(io.BytesIO):
    """A stream that knows whether anything was done to its content."""

    touched = 0

    def write(self, buffer: Any, /) -> int:
        self.touched += 1
        return super().write(buffer)

    def truncate(self, size: int | None = None, /) -> int:
        self.touched += 1
        return super().truncate(size)


def _variants(array: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the same values in other layouts."""
    fixed = array.copy()
    fixed.flags.writeable = False
    variants = {
        "other byte order": array.astype(array.dtype.newbyteorder()),
        "read-only": fixed,
    }
    if array.ndim:
        variants["Fortran order"] = np.asfortranarray(array)
        wide = np.repeat(array, 2, axis=array.ndim - 1)
        variants["with gaps"] = wide[..., ::2]
        variants["backwards"] = array[::-1].copy()[::-1]
    return variants


def _ends(length: int) -> list[int]:
    """Return where to cut: everywhere in what is short; else at both ends and at many places between."""
    if length <= 400:
        return list(range(length))
    between = range(100, length - 100, max(1, (length - 200) // 100))
    return [*range(100), *between, *range(length - 100, length)]
