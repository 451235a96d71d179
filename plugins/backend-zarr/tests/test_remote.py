"""Plates at URLs: what is put, in which order, and what readers and other writers see meanwhile."""

import functools
import http.server
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_backend_zarr.validating import validate
from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import Coordinates, image_name
from openhcs_host.errors import (
    InvalidPathError,
    PathExistsError,
    PathNotFoundError,
    PlateConflictError,
    UnsupportedOperationError,
)

VERSIONS = ("0.5", "0.4")


def name(root, well="B02", site=1, channel=1, z=1, t=1):
    return f"{root}/{image_name(Coordinates(well, site, channel, z, t))}"


def filled(zarr, root, plane, sites=(1, 2)):
    """Save a well of two channels and two planes per site; return what was saved by path."""
    names = [name(root, "B02", s, c, z) for s in sites for c in (1, 2) for z in (1, 2)]
    content = {path: plane(number) for number, path in enumerate(names)}
    zarr.save_batch(list(content.values()), names)
    return content


def files_of(zarr) -> RemoteFiles:
    return zarr._remote.files


def assert_holds(zarr, root, content):
    """The plate lists and loads exactly this, breaks no rule, and holds no object that nothing refers to."""
    assert sorted(zarr.list_files(root)) == sorted(content)
    for found, expected in zip(zarr.load_batch(list(content)), content.values(), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [f for f in validate(files_of(zarr).reader(root)) if f.severity == "error"] == []
    arrays = {key.split("/")[3] for key in files_of(zarr).keys(root) if key.count("/") > 3}
    named = {
        Path(path).name for well in content for path in zarr._remote.finder.entry(well).image.field.arrays
    }
    assert arrays - {"labels"} == named


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("store", ["memory", "s3"])
def test_a_plate_is_written_grown_changed_read_and_deleted(host, request, plane, store, version):
    base = "memory://run" if store == "memory" else request.getfixturevalue("bucket")
    zarr, root = host.backend("zarr", ngff_version=version, pyramid=1), f"{base}/plates/{version}"
    content = filled(zarr, root, plane)
    assert_holds(zarr, root, content)
    for number, path in enumerate([name(root, site=3), name(root, t=2), name(root, z=2)]):
        content[path] = plane(50 + number)
        zarr.save(content[path], path, overwrite=path.endswith("z002_t001.tif"))
    with zarr.open_well(root, "C03") as sink:
        sink.save(plane(60), name(root, "C03"))
    content[name(root, "C03")] = plane(60)
    assert_holds(zarr, root, content)
    reading = zarr.read_plate(root)
    assert (reading.wells, reading.sites, len(reading.planes)) == (("B02", "C03"), (1, 2, 3), len(content))
    for one in reading.planes:
        path = f"{root}/{one.path}"
        np.testing.assert_array_equal(zarr.load(str(reading.root / one.path)), content[path])
    labels = np.arange(48, dtype=np.uint32).reshape(6, 8)
    zarr.save(labels, name(root), label="nuclei")
    zarr.save(plane(70), name(root, z=9))
    content[name(root, z=9)] = plane(70)
    np.testing.assert_array_equal(zarr.load(name(root), label="nuclei"), labels)
    for path in (name(root, site=3), name(root, "C03"), name(root, z=9)):
        zarr.delete(path)
        del content[path]
    assert_holds(zarr, root, content)
    zarr.delete(root, recursive=True)
    assert files_of(zarr).keys(root) == []


def test_a_well_is_there_when_its_document_is(host, plane, monkeypatch):
    zarr, root = host.backend("zarr"), "memory://run/plate"
    files, write, seen = files_of(zarr), RemoteFiles.written, []

    def watched(self, path, content, generation):
        done = write(self, path, content, generation)
        seen.append((path, sorted(zarr.list_files(root)) if zarr.is_dir(root) else []))
        return done

    monkeypatch.setattr(RemoteFiles, "written", watched)
    content = filled(zarr, root, plane)
    assert [path[len(root) :] for path, _ in seen] == [
        "/B/02/1/zarr.json",
        "/B/02/2/zarr.json",
        "/B/02/zarr.json",
        "/zarr.json",
    ]
    assert [listed for _, listed in seen] == [[], [], [], sorted(content)]
    assert files.keys(root)


def test_whoever_has_the_old_document_finds_the_old_pixels_until_the_new_one_stands(host, plane, monkeypatch):
    zarr, root = host.backend("zarr"), "memory://run/plate"
    content = filled(zarr, root, plane)
    path, write, seen = name(root), RemoteFiles.written, []

    def watched(self, url, new, generation):
        seen.append(np.array_equal(zarr.load(path), content[path]))
        done = write(self, url, new, generation)
        seen.append(np.array_equal(zarr.load(path), plane(99)))
        return done

    monkeypatch.setattr(RemoteFiles, "written", watched)
    zarr.save(plane(99), path, overwrite=True)
    assert seen[:2] == [True, True], "before the field's document is replaced, and after"


def test_a_writer_that_fails_leaves_the_plate_as_it_was(host, plane, monkeypatch):
    zarr, root = host.backend("zarr"), "memory://run/plate"
    content = filled(zarr, root, plane)
    with monkeypatch.context() as patch:
        patch.setattr(RemoteFiles, "written", _broken)
        with pytest.raises(OSError, match="gone"):
            zarr.save(plane(99), name(root, z=7))
    assert sorted(zarr.list_files(root)) == sorted(content)
    zarr.save(plane(99), name(root, z=7))
    np.testing.assert_array_equal(zarr.load(name(root, z=7)), plane(99))


def _broken(self, path, content, generation):
    raise OSError("the server is gone")


def test_two_writers_of_one_field_do_not_mix_and_the_second_is_told(host, plane, monkeypatch):
    zarr, root = host.backend("zarr"), "memory://run/plate"
    filled(zarr, root, plane)
    write, others = RemoteFiles.written, [plane(98)]

    def interrupted(self, path, content, generation):
        if others and path.endswith("B/02/1/zarr.json"):
            zarr.save(others.pop(), name(root, z=8))
        return write(self, path, content, generation)

    monkeypatch.setattr(RemoteFiles, "written", interrupted)
    with pytest.raises(PlateConflictError, match="another writer"):
        zarr.save(plane(97), name(root, z=7))
    np.testing.assert_array_equal(zarr.load(name(root, z=8)), plane(98))
    assert not zarr.exists(name(root, z=7))


def test_writers_of_different_wells_are_all_listed(host, plane):
    zarr, root = host.backend("zarr"), "memory://run/plate"
    wells = [f"{row}{column:02d}" for row in "ABCD" for column in (1, 2, 3)]
    threads = [
        threading.Thread(target=zarr.save, args=(plane(number), name(root, well)))
        for number, well in enumerate(wells)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert zarr.read_plate(root).wells == tuple(wells)


def test_listing_a_plate_asks_for_no_key_of_its_wells(host, plane, monkeypatch):
    pytest.importorskip("openhcs_backend_disk", reason="it brings the format of text files")
    zarr, root = host.backend("zarr"), "memory://run/plate"
    content = filled(zarr, root, plane)
    zarr.save("fine", f"{root}/notes.txt")
    told, keys = [], RemoteFiles.keys

    def watched(self, path, skipped=()):
        found = keys(self, path, skipped)
        told.extend(found)
        return found

    monkeypatch.setattr(RemoteFiles, "keys", watched)
    assert sorted(zarr.list_files(root)) == sorted([*content, f"{root}/notes.txt"])
    assert sorted(told) == ["notes.txt", "zarr.json"]


def test_between_a_folder_and_a_url_nothing_is_copied_in_silence(host, plane, images):
    zarr = host.backend("zarr")
    zarr.save(plane(1), name(images))
    with pytest.raises(InvalidPathError, match="one side"):
        zarr.copy(name(images), name("memory://run/plate"))


def test_the_configuration_holds_no_credentials(host, bucket):
    zarr = host.backend("zarr")
    zarr.save(np.zeros((2, 2), np.uint8), f"{bucket}/secret/image")
    assert not {"test", "127.0.0.1"} & set(str(host.describe(zarr)).split("'"))


class _Ranges(http.server.SimpleHTTPRequestHandler):
    """Serves parts of files, as every web server but Python's own does."""

    def do_GET(self):
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        first = int(wanted[1]) if wanted[1] else len(content) - int(wanted[2])
        last = min(int(wanted[2]), len(content) - 1) if wanted[1] and wanted[2] else len(content) - 1
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(content[first : last + 1])

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def served(tmp_path):
    """A folder, and the URL at which it is served."""
    handler = functools.partial(_Ranges, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plate_is_read_from_a_web_server_and_not_written(served, plane, version):
    folder, url = served
    root = f"{url}/plate"
    with Host() as host:
        here = f"{folder.as_posix()}/plate"
        content = filled(host.backend("zarr", ngff_version=version), here, plane)
        host.backend("zarr").save(np.ones((6, 8), np.uint8), name(here), label="nuclei")
        zarr, files = host.backend("zarr"), FileManager(host)
        assert len(zarr.read_plate(root).planes) == len(content)
        assert sorted(zarr.list_files(root)) == sorted(path.replace(here, root) for path in content)
        for path, expected in content.items():
            np.testing.assert_array_equal(files.load(path.replace(here, root), "zarr"), expected)
        assert zarr.load(name(root), label="nuclei").all()
        with pytest.raises(PathNotFoundError):
            zarr.load(name(root, "H12"))
        with pytest.raises(UnsupportedOperationError):
            zarr.save(plane(1), name(root, "C03"))
        with pytest.raises(PathExistsError):
            zarr.save(plane(1), name(root))
