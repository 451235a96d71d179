"""What every backend must do, and the kits of sinks and of streaming backends."""

from __future__ import annotations

import copy
import functools
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final, cast

import numpy as np
import pytest

from openhcs_host.contracts.images import Coordinates, ImageMetadata
from openhcs_host.contracts.storage import (
    Capability,
    DataSink,
    ReadableBackend,
    StorageBackend,
    StreamingBackend,
)
from openhcs_host.errors import (
    BatchError,
    PathExistsError,
    UnsupportedDataError,
    UnsupportedOperationError,
)
from openhcs_host.files.filemanager import FileManager
from openhcs_host.seam.host import Host
from openhcs_host.seam.index import Index, build_index
from openhcs_host.testing.applying import Needs, needs
from openhcs_host.testing.equality import assert_same, difference, sample_arrays
from openhcs_host.testing.kit import Kit

__all__ = ["BackendKit", "HostedKit", "SinkKit", "StreamingKit"]

IMAGE: Final = ImageMetadata(
    Coordinates("B02", 1, 2, 3, 4),
    pixel_size_um=0.65,
    z_step_um=2.0,
    channel_name="DAPI (461 nm)",
    channel_color="0000FF",
    position_um=(1.5, -2.5),
)


class HostedKit(Kit):
    """A kit whose plugin comes from the host, as it will in use."""

    key: ClassVar[str]
    """Key of the plugin, as its entry point announces it."""
    config: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Configuration with which it is created."""

    @pytest.fixture
    def host(self) -> Iterator[Host]:
        """Give each test a host of its own, and with it a fresh plugin."""
        with Host(_installed(tuple(sys.path))) as host:
            yield host


class BackendKit(HostedKit):
    """What holds for every backend, whatever it can do."""

    @pytest.fixture
    def backend(self, host: Host) -> DataSink:
        """Return a fresh backend; override it where one needs to be prepared, and get it from ``host``."""
        return host.backend(self.key, **self.config)

    @pytest.fixture
    def folder(self, tmp_path: Any) -> str:
        """Return a path below which the tests may do what they want; it need not exist."""
        return str(tmp_path.as_posix())

    def _does_not_apply(self, request: pytest.FixtureRequest) -> str | None:
        wanted = getattr(request.function, "needs", None)
        return wanted.lacking(request.getfixturevalue("backend")) if isinstance(wanted, Needs) else None

    def test_it_is_what_it_declares(self, backend: DataSink) -> None:
        """The capabilities stand on the class and agree with the contract that the class implements."""
        has, cls = type(backend).capabilities, type(backend)
        assert backend.key == self.key
        assert isinstance(has, Capability)
        assert backend.capabilities is has, "capabilities stand on the class, known without an instance"
        assert has & (Capability.WRITE | Capability.READ | Capability.STREAM), "it can do nothing at all"
        if has & (Capability.READ | Capability.LIST | Capability.LINK | Capability.REFERENCES):
            assert issubclass(cls, ReadableBackend), f"{has} is declared and {cls.__name__} cannot be read"
        assert (Capability.STREAM in has) == issubclass(cls, StreamingBackend)
        if Capability.LINK in has:
            assert issubclass(cls, StorageBackend), "LINK is declared and there is no create_symlink"
        if issubclass(cls, StorageBackend):
            assert Capability.WRITE | Capability.READ in has, "a storage that cannot be written or read"

    def test_what_is_not_declared_is_refused(self, backend: DataSink, folder: str) -> None:
        """An operation outside the capabilities is an UnsupportedOperationError, and nothing else."""
        for name, call in _undeclared(backend, f"{folder}/undeclared.npy"):
            try:
                call()
            except UnsupportedOperationError as error:
                assert self.key in str(error), f"the refusal of {name} does not say whose it is: {error}"
            except Exception as error:
                raise AssertionError(f"{name} is not declared and fails with {error!r}") from error
            else:
                pytest.fail(f"{name} is not declared and was not refused")

    def test_closing_twice_does_nothing(self, backend: DataSink) -> None:
        """``close`` may be called again."""
        backend.close()
        backend.close()

    def test_another_process_can_recreate_it(self, host: Host, backend: DataSink) -> None:
        """The host's description is picklable, plain, and creates the same again."""
        try:
            spec = host.describe(backend)
        except KeyError:
            pytest.fail("the fixture `backend` must get the backend from the fixture `host`")
        again = pickle.loads(pickle.dumps(spec))
        assert again == spec
        assert _is_plain(dict(spec.config)), f"the configuration holds more than plain values: {spec.config}"
        with Host(host.index) as other:
            twin = other.create(again)
            assert twin is not backend
            assert (type(twin), twin.key) == (type(backend), backend.key)
            assert other.describe(twin) == spec


class SinkKit(BackendKit):
    """Certifies a backend that takes data: what ``save`` and ``save_batch`` promise to everybody."""

    examples: ClassVar[Mapping[str, Sequence[Any]]] = MappingProxyType({".npy": sample_arrays()})
    """Extension to objects that it holds unchanged; of the first extension at least two that differ."""

    def _pair(self) -> tuple[str, Any, Any]:
        """Return the first extension and two objects that differ, copies that a plugin cannot spoil for others."""
        suffix, objects = next(iter(self.examples.items()))
        assert len(objects) > 1, f"examples[{suffix!r}] needs two objects"
        assert difference(objects[0], objects[1]) is not None, (
            f"the first two of examples[{suffix!r}] are equal"
        )
        return suffix, copy.deepcopy(objects[0]), copy.deepcopy(objects[1])

    def test_saving_leaves_the_object_alone(self, backend: DataSink, folder: str) -> None:
        """What was given to ``save`` is the same afterwards."""
        for suffix, objects in self.examples.items():
            for number, before in enumerate(objects):
                data = copy.deepcopy(before)
                backend.save(data, f"{folder}/alone/{number}{suffix}")
                assert_same(data, before, f"example {number} of {suffix!r} after saving")

    @needs(undeclared=Capability.STREAM, contract=DataSink)
    def test_a_name_is_given_once(self, backend: DataSink, folder: str) -> None:
        """What is stored refuses a second save under its path, unless told to overwrite."""
        suffix, first, second = self._pair()
        backend.save(first, f"{folder}/once{suffix}")
        with pytest.raises(PathExistsError):
            backend.save(second, f"{folder}/once{suffix}")
        backend.save(second, f"{folder}/once{suffix}", overwrite=True)

    def test_image_metadata_is_accepted(self, backend: DataSink, folder: str) -> None:
        """``image=`` and ``images=`` are taken by every backend, used or not."""
        for suffix, objects in self.examples.items():
            planes = [data for data in objects if isinstance(data, np.ndarray) and data.ndim == 2]
            data = copy.deepcopy((planes or objects)[0])
            backend.save(data, f"{folder}/image/a{suffix}", image=IMAGE)
            backend.save_batch([data], [f"{folder}/image/b{suffix}"], images=[ImageMetadata()])

    def test_an_unknown_option_is_a_type_error(self, backend: DataSink, folder: str) -> None:
        """A misspelt option does not pass."""
        suffix, data, _ = self._pair()
        with pytest.raises(TypeError) as caught:
            backend.save(data, f"{folder}/option{suffix}", no_such_option=1)
        assert not isinstance(caught.value, UnsupportedDataError)
        with pytest.raises(TypeError):
            backend.save_batch([data], [f"{folder}/options{suffix}"], no_such_option=1)

    def test_batches_are_accepted(self, backend: DataSink, folder: str) -> None:
        """A batch of many, of one and of none is taken."""
        suffix, first, second = self._pair()
        backend.save_batch([first, second], [f"{folder}/batch/{n}{suffix}" for n in (2, 1)])
        backend.save_batch((first,), (f"{folder}/batch/3{suffix}",))
        backend.save_batch([], [])

    def test_inconsistent_batches_are_refused(self, backend: DataSink, folder: str) -> None:
        """Lengths that differ and paths that come twice are a BatchError."""
        suffix, first, second = self._pair()
        paths = [f"{folder}/batch/{n}{suffix}" for n in (1, 2)]
        for data, names, images in (
            ([first], paths, None),
            ([first, second], paths[:1], None),
            ([first, second], [paths[0], paths[0]], None),
            ([first, second], paths, [IMAGE]),
        ):
            with pytest.raises(BatchError):
                backend.save_batch(data, names, images=images)


class StreamingKit(SinkKit):
    """Certifies a backend that sends to a live receiver and gives nothing back."""

    def received(self, backend: DataSink) -> Sequence[tuple[str, Any]] | None:
        """Return the (path, object) pairs that arrived, or ``None`` where that cannot be known."""
        return None

    def test_it_only_streams(self, backend: DataSink) -> None:
        """It declares STREAM, and nothing that would give data back."""
        assert isinstance(backend, StreamingBackend)
        assert Capability.STREAM in type(backend).capabilities
        back = Capability.READ | Capability.LIST | Capability.LINK | Capability.REFERENCES
        assert not type(backend).capabilities & back

    def test_nothing_is_kept_so_a_path_can_be_sent_again(self, backend: DataSink, folder: str) -> None:
        """A name that was sent before is not taken."""
        suffix, first, second = self._pair()
        for data in (first, second, first):
            backend.save(data, f"{folder}/again{suffix}")
        backend.save_batch([second], [f"{folder}/again{suffix}"], overwrite=True)

    def test_what_arrives_is_what_was_sent(self, backend: DataSink, folder: str) -> None:
        """All objects arrive, once, in order, unchanged."""
        if self.received(backend) is None:
            pytest.skip("does not apply: `received` is not given")
        suffix, first, second = self._pair()
        paths = [f"{folder}/sent/{n}{suffix}" for n in (10, 9, 1)]
        before = len(self.received(backend) or ())
        backend.save(first, paths[0])
        backend.save_batch([second, first], paths[1:])
        with pytest.raises(BatchError):
            backend.save_batch([second, first], paths[:1])
        arrived = list(self.received(backend) or ())[before:]
        assert [path for path, _ in arrived] == paths
        for (path, found), data in zip(arrived, (first, second, first), strict=True):
            assert_same(found, data, path)


@functools.lru_cache(maxsize=8)
def _installed(path: tuple[str, ...]) -> Index:
    return build_index()  # once per import path, not once per test


class _OneBackend:
    """Stands in for a host that has one backend, however it was configured."""

    def __init__(self, backend: DataSink) -> None:
        self._backend = backend

    def backend(self, key: str) -> DataSink:
        return self._backend


def _undeclared(backend: DataSink, path: str) -> list[tuple[str, Callable[[], object]]]:
    """Return name and call of every operation that ``backend`` does not declare."""
    files, key, has = FileManager(cast(Host, _OneBackend(backend))), backend.key, type(backend).capabilities
    data = np.zeros((2, 2), np.uint16)
    calls: list[tuple[str, Callable[[], object]]] = []
    if not has & (Capability.WRITE | Capability.STREAM):
        calls += [
            ("save", lambda: files.save(data, path, key)),
            ("save_batch", lambda: files.save_batch([data], [path], key)),
        ]
    if Capability.READ not in has:
        calls += [
            ("load", lambda: files.load(path, key)),
            ("load_batch", lambda: files.load_batch([path], key)),
        ]
    if not isinstance(backend, ReadableBackend):
        calls += [
            ("exists", lambda: files.exists(path, key)),
            ("is_file", lambda: files.is_file(path, key)),
            ("is_dir", lambda: files.is_dir(path, key)),
        ]
    if Capability.LIST not in has:
        calls += [
            ("list_files", lambda: files.list_files(path, key)),
            ("list_dir", lambda: files.list_dir(path, key)),
        ]
    if not isinstance(backend, StorageBackend):
        calls += [
            ("ensure_directory", lambda: files.ensure_directory(path, key)),
            ("delete", lambda: files.delete(path, key)),
            ("copy", lambda: files.copy(path, f"{path}.copy", key)),
            ("move", lambda: files.move(path, f"{path}.moved", key)),
        ]
    if Capability.LINK not in has:
        calls.append(("create_symlink", lambda: files.create_symlink(path, f"{path}.link", key)))
    return calls


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, (str, int)) and _is_plain(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)
